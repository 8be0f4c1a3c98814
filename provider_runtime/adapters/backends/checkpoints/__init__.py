"""Checkpoints of a chain of receipts: made, sealed, kept, and held against the chain."""
