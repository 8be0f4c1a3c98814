"""How calls went: put together from their events, kept, and found again."""
