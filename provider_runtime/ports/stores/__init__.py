"""What is kept, and asked for again: a port for each family of records."""
