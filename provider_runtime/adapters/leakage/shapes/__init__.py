"""What credentials look like: by their beginning, by their build, by the name beside them."""
