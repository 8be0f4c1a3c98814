"""Where credentials come from, and the stores that keep them."""
