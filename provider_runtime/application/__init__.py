"""What happens: the steps of a call, in the order of the specification."""
