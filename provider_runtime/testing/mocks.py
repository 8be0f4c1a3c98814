"""A mock for each port that stores something: real behaviour in memory, calls remembered, failures on request."""

from provider_runtime.adapters.backends.receipts import InMemoryReceiptProvider
from provider_runtime.adapters.backends.state_in_memory import MemoryStateProvider
from provider_runtime.adapters.credentials.memory import MemorySecretStore
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.outcomes import MemoryOutcomes
from provider_runtime.testing.fakes import FakeContextCompiler
from provider_runtime.testing.recording import Recorded


class MockReceiptProvider(Recorded, InMemoryReceiptProvider):
    """Receipts in memory, as ``InMemoryReceiptProvider`` keeps them."""


class MockSecretStore(Recorded, MemorySecretStore):
    """Keys in memory, as ``MemorySecretStore`` keeps them."""


class MockOutcomeStore(Recorded, MemoryOutcomes):
    """Outcomes in memory, as ``MemoryOutcomes`` keeps them."""


class MockStateProvider(Recorded, MemoryStateProvider):
    """States in memory, as ``MemoryStateProvider`` keeps them."""


class MockContextCompiler(Recorded, FakeContextCompiler):
    """Contexts as ``FakeContextCompiler`` makes them."""


class MockBudgetLedger(Recorded, MemoryBudgetLedger):
    """Budgets in memory, as ``MemoryBudgetLedger`` keeps them."""
