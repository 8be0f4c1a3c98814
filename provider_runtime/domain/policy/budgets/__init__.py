"""Budgets: what may be spent, what is held for calls under way, and the entries that tell of it."""
