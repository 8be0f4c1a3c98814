"""Swaps: another model for work that is under way."""
