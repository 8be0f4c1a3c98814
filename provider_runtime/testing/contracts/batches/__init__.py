"""What sources, forms and stores of batches promise."""
