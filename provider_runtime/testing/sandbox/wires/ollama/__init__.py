"""Ollama, from the server's side."""
