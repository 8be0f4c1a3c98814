"""One folder for each protocol the sandbox speaks."""
