"""Contracts of the ports of governance."""
