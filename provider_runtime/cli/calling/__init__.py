"""What `run` is given besides a prompt: files, and the schema of the answer."""
