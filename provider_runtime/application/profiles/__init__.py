"""Work profiles: which one holds, and what becomes of a choice when it is edited."""
