"""The Messages API: what it insists on, and how it answers."""
