"""Facts, rules, and what follows from them."""
