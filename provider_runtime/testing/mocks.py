"""A mock for each port that stores something: real behaviour in memory, calls remembered, failures on request."""

from provider_runtime.adapters.backends.checkpoints.sinks import MemoryCheckpoints
from provider_runtime.adapters.backends.families.artifacts import MemoryArtifactProvider
from provider_runtime.adapters.backends.families.live import (
    DefaultEffectHandlerRegistry,
    DefaultExpertProvider,
    MemoryStreamProvider,
)
from provider_runtime.adapters.backends.families.logic import MemoryLogicProvider
from provider_runtime.adapters.backends.families.provenance import MemoryProvenanceProvider
from provider_runtime.adapters.backends.families.sessions import MemorySessionProvider
from provider_runtime.adapters.backends.families.snapshots import MemorySnapshotProvider
from provider_runtime.adapters.backends.families.states import MemoryStateProvider
from provider_runtime.adapters.backends.families.traces import MemoryTraceProvider
from provider_runtime.adapters.backends.profiles import MemoryWorkProfileStore
from provider_runtime.adapters.backends.provider_configs import MemoryProviderConfigStore
from provider_runtime.adapters.backends.receipts import InMemoryReceiptProvider
from provider_runtime.adapters.batches.memory import MemoryBatchStore
from provider_runtime.adapters.call_traces.store import MemoryCallTraces
from provider_runtime.adapters.credentials.memory import MemorySecretStore
from provider_runtime.adapters.governance.consents import MemoryConsentLedger
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.governance.local import LocalGovernanceProvider
from provider_runtime.adapters.governance.security import LocalSecurityProvider
from provider_runtime.adapters.outcomes import MemoryOutcomes
from provider_runtime.adapters.telemetry.emitter import DefaultEventEmitter
from provider_runtime.testing.fakes import FakeContextCompiler
from provider_runtime.testing.recording import Recorded


class MockReceiptProvider(Recorded, InMemoryReceiptProvider):
    """Receipts in memory, as ``InMemoryReceiptProvider`` keeps them."""


class MockCallTraceProvider(Recorded, MemoryCallTraces):
    """The lives of calls in memory, as ``MemoryCallTraces`` keeps them."""


class MockCheckpointSink(Recorded, MemoryCheckpoints):
    """Checkpoints in memory, as ``MemoryCheckpoints`` keeps them."""


class MockSecretStore(Recorded, MemorySecretStore):
    """Keys in memory, as ``MemorySecretStore`` keeps them."""


class MockProviderConfigStore(Recorded, MemoryProviderConfigStore):
    """Provider records in memory, as ``MemoryProviderConfigStore`` keeps them."""


class MockWorkProfileStore(Recorded, MemoryWorkProfileStore):
    """Work profiles in memory, as ``MemoryWorkProfileStore`` keeps them."""


class MockOutcomeStore(Recorded, MemoryOutcomes):
    """Outcomes in memory, as ``MemoryOutcomes`` keeps them."""


class MockBatchStore(Recorded, MemoryBatchStore):
    """Answers of a batch in memory, as ``MemoryBatchStore`` keeps them."""


class MockStateProvider(Recorded, MemoryStateProvider):
    """States in memory, as ``MemoryStateProvider`` keeps them."""


class MockSessionProvider(Recorded, MemorySessionProvider):
    """Sessions in memory, as ``MemorySessionProvider`` keeps them."""


class MockSnapshotProvider(Recorded, MemorySnapshotProvider):
    """Snapshots in memory, as ``MemorySnapshotProvider`` keeps them."""


class MockTraceProvider(Recorded, MemoryTraceProvider):
    """Steps in memory, as ``MemoryTraceProvider`` keeps them."""


class MockArtifactProvider(Recorded, MemoryArtifactProvider):
    """Artifacts in memory, as ``MemoryArtifactProvider`` keeps them."""


class MockStreamProvider(Recorded, MemoryStreamProvider):
    """Streams in memory, as ``MemoryStreamProvider`` keeps them."""


class MockEffectHandlerRegistry(Recorded, DefaultEffectHandlerRegistry):
    """Handlers in memory, as ``DefaultEffectHandlerRegistry`` keeps them."""


class MockLogicProvider(Recorded, MemoryLogicProvider):
    """Facts and rules in memory, as ``MemoryLogicProvider`` keeps them."""


class MockExpertProvider(Recorded, DefaultExpertProvider):
    """Roles in memory, as ``DefaultExpertProvider`` keeps them."""


class MockProvenanceProvider(Recorded, MemoryProvenanceProvider):
    """Evidence in memory, as ``MemoryProvenanceProvider`` keeps it."""


class MockContextCompiler(Recorded, FakeContextCompiler):
    """Contexts as ``FakeContextCompiler`` makes them."""


class MockBudgetLedger(Recorded, MemoryBudgetLedger):
    """Budgets in memory, as ``MemoryBudgetLedger`` keeps them."""


class MockSecurityProvider(Recorded, LocalSecurityProvider):
    """Decisions and their audit in memory, as ``LocalSecurityProvider`` makes and keeps them."""


class MockGovernanceProvider(Recorded, LocalGovernanceProvider):
    """Governance in memory, as ``LocalGovernanceProvider`` does it.

    ``reset`` is the port's own: it lets the budget begin anew. What other mocks forget by ``reset`` this
    one does by ``forget``.
    """

    forget = Recorded.reset
    reset = LocalGovernanceProvider.reset  # type: ignore[assignment]  # the port's, which waits


class MockEventEmitter(Recorded, DefaultEventEmitter):
    """Subscriptions as ``DefaultEventEmitter`` keeps them."""


class MockConsentLedger(Recorded, MemoryConsentLedger):
    """Consents in memory, as ``MemoryConsentLedger`` keeps them."""
