"""Media in one SQLite file: durable, fast under load, safe under several processes."""
