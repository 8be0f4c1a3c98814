"""Contracts of the media: documents by key, and journals that only grow."""
