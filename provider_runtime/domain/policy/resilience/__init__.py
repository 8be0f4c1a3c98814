"""Sparing a provider that is in trouble, and staying within what it allows: a retry budget, a circuit, limits."""
