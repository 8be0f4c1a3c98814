"""The Anthropic Messages protocol, for Anthropic itself and for servers that speak it."""
