"""The books of a call: what it cost, its receipt, its events."""
