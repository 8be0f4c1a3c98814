"""Contracts of what operators keep: work profiles."""
