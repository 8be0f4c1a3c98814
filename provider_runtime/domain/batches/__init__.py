"""Batches: lines asked one by one, what became of each, and what they came to together."""
