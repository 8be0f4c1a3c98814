"""Governance over the network: what a server and its clients say to each other, and both ends of it."""
