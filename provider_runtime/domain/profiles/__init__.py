"""Who may answer: roles, the models that play them, and the work profile that says so."""
