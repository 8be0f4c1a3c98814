"""Consent put together: what the settings say of it, and the parts that follow from that."""
