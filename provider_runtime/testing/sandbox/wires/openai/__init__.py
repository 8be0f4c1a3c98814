"""The Responses API, and what OpenAI does alike in all its APIs."""
