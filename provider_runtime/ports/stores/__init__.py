"""What is kept from one runtime to the next, a file for each family."""
