"""Strategies for the rest of the domain, and one for any type of it."""
