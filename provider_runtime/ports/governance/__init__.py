"""What governance asks of the outside."""
