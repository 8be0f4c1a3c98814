"""Batches in files: lines split off large input, answers kept across any end of the process, two forms of JSON."""
