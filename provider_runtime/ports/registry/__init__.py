"""Ports of what operators decided: which providers there are, and who plays which role."""
