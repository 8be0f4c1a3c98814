"""Media on the file system: durable, safe under several processes, for the owner's eyes only."""
