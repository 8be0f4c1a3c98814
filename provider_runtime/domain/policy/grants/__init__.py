"""Grants: which capabilities somebody has, under which conditions, and what was decided about them."""
