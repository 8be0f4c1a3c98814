"""Google's side of the conversation."""
