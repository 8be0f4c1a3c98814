"""Chat Completions: the wire that OpenAI made and most servers speak, each in its own dialect."""
