"""A batch in files: its input, its answers, and beside them the steps of its runs."""
