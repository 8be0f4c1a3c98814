"""What belongs to one call beside its request: options, parameters, headers, labels."""
