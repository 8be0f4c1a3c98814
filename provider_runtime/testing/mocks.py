"""A mock for each port that stores something: real behaviour in memory, calls remembered, failures on request."""

from provider_runtime.adapters.backends.receipts import InMemoryReceiptProvider
from provider_runtime.testing.recording import Recorded


class MockReceiptProvider(Recorded, InMemoryReceiptProvider):
    """Receipts in memory, as ``InMemoryReceiptProvider`` keeps them."""
