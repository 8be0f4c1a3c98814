"""From a cleared call to its answer: attempts, alternatives, and calls that are made once."""
