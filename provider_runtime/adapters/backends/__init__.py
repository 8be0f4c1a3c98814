"""Stores: byte media, and the families of records written once over them."""
