"""What the ports of governance promise: budgets, capabilities, security, consent."""
