"""``profiles``: which model plays which role, kept in editions, and which profile holds."""
