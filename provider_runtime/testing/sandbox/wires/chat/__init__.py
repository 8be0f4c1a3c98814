"""Chat Completions: as OpenAI, OpenRouter and compatible servers speak it."""
