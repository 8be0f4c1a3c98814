"""The command ``governance``: a server that keeps budgets for processes on several machines."""
