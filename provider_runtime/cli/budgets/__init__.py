"""The command ``budget``: what may be spent, what was, and putting it right."""
