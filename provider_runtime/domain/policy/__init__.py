"""What is allowed: pure rules, each answering one question."""
