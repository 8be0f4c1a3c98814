"""What providers of governance and of security promise."""
