"""Who says what may be spent: the ledgers of budgets."""
