"""Consent on its way: what a call needs, who is asked, what was decided, and that it still holds when it is sent."""
