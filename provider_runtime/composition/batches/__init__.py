"""Batches in files, run by a runtime."""
