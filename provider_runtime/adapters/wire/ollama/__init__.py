"""Ollama's own chat protocol: what its OpenAI-compatible side cannot say, such as the context window."""
