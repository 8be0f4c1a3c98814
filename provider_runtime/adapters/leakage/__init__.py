"""Finding secrets in what is about to be sent: by value, by shape, and through what hides them."""
