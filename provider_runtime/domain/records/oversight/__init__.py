"""What is kept so that others can look over it: how far a chain had come, and how a call went."""
