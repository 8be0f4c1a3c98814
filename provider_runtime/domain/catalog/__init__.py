"""What can answer: models, providers, prices, and the choice between them."""
