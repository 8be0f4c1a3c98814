"""``models``: what can answer, and what it costs."""
