"""``swap``: another model for a job whose state is kept."""
