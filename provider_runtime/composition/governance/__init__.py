"""Governance of a runtime: what its settings say of it, and the parts that come of that."""
