"""Families of records: each written once over the media, and named for where it keeps what it is given."""
