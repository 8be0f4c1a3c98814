"""What is kept, and asked for again, from one runtime to the next: a port for each family of records."""
