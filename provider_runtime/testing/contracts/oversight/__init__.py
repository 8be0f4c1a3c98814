"""Contracts of what is kept for others to look over."""
