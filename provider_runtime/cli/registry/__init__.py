"""What operators register: providers, and the secrets of those."""
