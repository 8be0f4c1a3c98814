"""How the outside is done: wires, HTTP, stores, credentials."""
