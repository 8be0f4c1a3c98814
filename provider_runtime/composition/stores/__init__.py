"""Where families of records are kept, and the families there."""
