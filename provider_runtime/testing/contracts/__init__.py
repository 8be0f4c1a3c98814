"""One pytest class for each port: an implementation that passes it may be handed to a runtime.

Subclass a contract, give it the fixtures it names, and call the class ``Test…``. The tests are
async; run them with pytest-asyncio in its mode ``auto``.
"""
