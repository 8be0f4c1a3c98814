"""RuntimeContainer: the whole graph of one runtime."""

from dependency_injector import containers, providers

from provider_runtime.adapters.schemas import best_validator
from provider_runtime.adapters.system import RandomIds, SystemClock, SystemRandomness
from provider_runtime.adapters.tokens import ConfiguredTokens
from provider_runtime.application.accounting.settlement import Settlement
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.clearance import Clearance
from provider_runtime.application.discovery import Discovery
from provider_runtime.application.explaining import Explaining
from provider_runtime.application.gates.capability import CapabilityGate
from provider_runtime.application.gates.endpoint import EndpointGate
from provider_runtime.application.gates.not_configured import NotConfigured
from provider_runtime.application.gates.tier import TierGate
from provider_runtime.application.preparation import Preparation
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.application.routing import Routing
from provider_runtime.application.runtime import Lifetime
from provider_runtime.application.sending import Sending
from provider_runtime.composition import choices
from provider_runtime.composition.runtime import ProviderRuntime
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.composition.wires import build_providers
from provider_runtime.ports.telemetry import EventSink


class RuntimeContainer(containers.DeclarativeContainer):
    """The object graph of one runtime. No module holds an instance of it.

    Read it downwards: what the machine supplies, what was configured, the stages of a call, the
    runtime. Any line can be replaced for one runtime: ``open_runtime(settings, clock=…)``.
    """

    settings = providers.Dependency(instance_of=RuntimeSettings)
    environment: providers.Dependency[dict[str, str]] = providers.Dependency(instance_of=dict)

    # what the machine supplies
    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(RandomIds)
    randomness = providers.Singleton(SystemRandomness)
    transport = providers.Singleton(choices.transport, settings)
    tokens = providers.Singleton(
        ConfiguredTokens,
        records=providers.Callable(choices.by_id, settings.provided.providers),
        given=settings.provided.credentials,
        environment=environment,
    )
    schemas = providers.Singleton(best_validator)
    receipts = providers.Singleton(choices.receipts, settings.provided.receipts)
    event_sink: providers.Object[EventSink | None] = providers.Object(None)

    # what was configured
    runtime_id = providers.Singleton(choices.runtime_id, settings.provided.runtime_id, ids)
    receipt_key = providers.Singleton(choices.receipt_key, settings.provided.receipt_key, randomness)
    policy = settings.provided.policy
    static_catalog = providers.Singleton(choices.catalog, settings.provided.catalog)
    prices = providers.Singleton(choices.prices, settings.provided.prices)
    catalog = providers.Singleton(ActiveCatalog, static_catalog)
    adapters: providers.Object[tuple[RegisteredProvider, ...]] = providers.Object(())
    known_providers = providers.Singleton(
        build_providers, settings.provided.providers, static_catalog, transport, tokens, adapters
    )

    # the stages of a call
    telemetry = providers.Singleton(Telemetry, sink=event_sink)
    routing = providers.Singleton(
        Routing, providers=known_providers, catalog=catalog, default_provider=settings.provided.default_provider
    )
    preparation = providers.Singleton(Preparation, policy=policy, schemas=schemas)
    capability_gate = providers.Singleton(CapabilityGate, catalog=catalog)
    tier_gate = providers.Singleton(TierGate, policy=policy)
    endpoint_gate = providers.Singleton(EndpointGate)
    grants_gate = providers.Singleton(NotConfigured, gate="grants", policy=policy, needs="governance profile")
    consent_gate = providers.Singleton(NotConfigured, gate="consent", policy=policy, needs="consent ledger")
    leakage_gate = providers.Singleton(NotConfigured, gate="leakage", policy=policy, needs="leakage guard")
    budget_gate = providers.Singleton(NotConfigured, gate="budget", policy=policy, needs="budget")
    clearance = providers.Singleton(
        Clearance,
        capability=capability_gate,
        tier=tier_gate,
        endpoint=endpoint_gate,
        grants=grants_gate,
        consent=consent_gate,
        leakage=leakage_gate,
        budget=budget_gate,
    )
    sending = providers.Singleton(
        Sending,
        retry=settings.provided.retry,
        clock=clock,
        randomness=randomness,
        telemetry=telemetry,
        schemas=schemas,
        deadline_s=settings.provided.deadline_s,
    )
    settlement = providers.Singleton(
        Settlement,
        receipts=receipts,
        telemetry=telemetry,
        clock=clock,
        receipt_key=receipt_key,
        policy_version=policy.version,
        prices=prices,
    )
    explaining = providers.Singleton(Explaining, clearance=clearance, catalog=catalog, prices=prices)
    discovery = providers.Singleton(Discovery, providers=known_providers, catalog=catalog, policy=policy)

    lifetime = providers.Singleton(Lifetime, runtime_id=runtime_id)
    runtime = providers.Singleton(
        ProviderRuntime,
        runtime_id=runtime_id,
        ids=ids,
        clock=clock,
        lifetime=lifetime,
        catalog=catalog,
        routing=routing,
        preparation=preparation,
        clearance=clearance,
        sending=sending,
        settlement=settlement,
        explaining=explaining,
        discovery=discovery,
    )
