"""Who is who: settings, the object graph of one runtime, its lifetime."""
