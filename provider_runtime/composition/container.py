"""RuntimeContainer: the parts of one runtime, each of which can be replaced."""

from dependency_injector import containers, providers

from provider_runtime.adapters.schemas import InstalledValidator
from provider_runtime.adapters.system import RandomIds, SystemClock, SystemRandomness
from provider_runtime.application.gates import Gate
from provider_runtime.application.gates.capability import CapabilityGate
from provider_runtime.application.gates.endpoint import EndpointGate
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.composition import choices
from provider_runtime.composition.assembly import assemble
from provider_runtime.composition.consents import parts as consent
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.composition.shared import SharedParts
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.context import ContextCompiler
from provider_runtime.ports.governance.provider import GovernanceProvider
from provider_runtime.ports.governance.security import SecurityProvider
from provider_runtime.ports.signing import Signer, Verifier
from provider_runtime.ports.stores.evaluation import ArtifactProvider
from provider_runtime.ports.stores.outcomes import OutcomeStore
from provider_runtime.ports.stores.sessions import SnapshotProvider
from provider_runtime.ports.stores.state import StateProvider
from provider_runtime.ports.telemetry import EventSink
from provider_runtime.ports.tokens import TokenProvider


class RuntimeContainer(containers.DeclarativeContainer):
    """The object graph of one runtime. No module holds an instance of it.

    Read it downwards: what the machine supplies, what was configured, the gates, the runtime. Any
    line can be replaced for one runtime: ``open_runtime(settings, clock=…)``. A ``Singleton`` is made
    afresh for each runtime; an ``Object`` is a value that cannot change, so all may have the same.

    ``open_runtime`` makes the parts from these lines (see ``graph``); an instance of the container is
    for whoever nests it in one of theirs, and pays some 25 µs a line for its copy. So a line is a part
    that somebody may want to replace; what only joins parts together stands in ``assemble``.
    """

    settings = providers.Dependency(instance_of=RuntimeSettings)
    environment: providers.Dependency[dict[str, Secret]] = providers.Dependency(instance_of=dict)
    shared = providers.Object(SharedParts())

    # what the machine supplies
    clock = providers.Object(SystemClock())
    ids = providers.Object(RandomIds())
    randomness = providers.Object(SystemRandomness())
    schemas = providers.Singleton(InstalledValidator)
    transport = providers.Singleton(choices.transport, settings, shared)
    tokens: providers.Object[TokenProvider | None] = providers.Object(None)
    secret_store = providers.Singleton(choices.secret_store, settings)
    credential_finder = providers.Singleton(choices.credential_finder, settings, environment, secret_store, tokens)
    receipts = providers.Singleton(choices.receipts, settings, clock)
    ledger = providers.Singleton(choices.ledger, settings, clock, environment, secret_store, shared)
    governance: providers.Object[GovernanceProvider | None] = providers.Object(None)
    security: providers.Object[SecurityProvider | None] = providers.Object(None)
    consents = providers.Singleton(consent.consents, settings, clock)
    consent_signer: providers.Object[Signer | None] = providers.Object(None)
    consent_verifier: providers.Object[Verifier | None] = providers.Object(None)
    event_sink: providers.Object[EventSink | None] = providers.Object(None)
    outcomes: providers.Object[OutcomeStore | None] = providers.Object(None)
    states: providers.Object[StateProvider | None] = providers.Object(None)
    artifacts: providers.Object[ArtifactProvider | None] = providers.Object(None)
    snapshots: providers.Object[SnapshotProvider | None] = providers.Object(None)
    context_compiler: providers.Object[ContextCompiler | None] = providers.Object(None)

    # what was configured
    adapters: providers.Object[tuple[RegisteredProvider, ...]] = providers.Object(())
    catalog = providers.Singleton(choices.catalog, settings, shared, adapters)
    prices = providers.Singleton(choices.prices, settings, shared)

    # the gates; `None`: nobody judges, and policy says whether that will do
    capability_gate = providers.Singleton(CapabilityGate, catalog=catalog)
    tier_gate = providers.Singleton(choices.tier_gate, settings)
    endpoint_gate = providers.Singleton(EndpointGate)
    grants_gate: providers.Object[Gate | None] = providers.Object(None)
    consent_gate: providers.Object[Gate | None] = providers.Object(None)
    leak_scanner = providers.Singleton(choices.leak_scanner, settings, environment)
    leakage_gate = providers.Singleton(choices.leakage_gate, settings, leak_scanner)
    budget_gate: providers.Object[Gate | None] = providers.Object(None)

    runtime = providers.Singleton(
        assemble,
        settings=settings,
        clock=clock,
        ids=ids,
        randomness=randomness,
        transport=transport,
        credential_finder=credential_finder,
        schemas=schemas,
        receipts=receipts,
        ledger=ledger,
        governance=governance,
        security=security,
        consents=consents,
        consent_signer=consent_signer,
        consent_verifier=consent_verifier,
        tokens=tokens,
        event_sink=event_sink,
        outcomes=outcomes,
        states=states,
        artifacts=artifacts,
        snapshots=snapshots,
        context_compiler=context_compiler,
        catalog=catalog,
        prices=prices,
        adapters=adapters,
        capability_gate=capability_gate,
        tier_gate=tier_gate,
        endpoint_gate=endpoint_gate,
        grants_gate=grants_gate,
        consent_gate=consent_gate,
        leak_scanner=leak_scanner,
        leakage_gate=leakage_gate,
        budget_gate=budget_gate,
    )
