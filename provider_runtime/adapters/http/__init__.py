"""HTTP over aiohttp: one exchange at a time, guarded on the socket, failures as values."""
