"""The budgets of a call: what it may come to, what is held for each attempt, and what that is settled with."""
