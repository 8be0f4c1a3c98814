"""How the parts of a runtime fit together: the stages of a call, over the parts that can be replaced."""

from provider_runtime.application.accounting.settlement import Settlement
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.assignments import Assignments
from provider_runtime.application.budgets.bounds import WorstCases
from provider_runtime.application.budgets.spending import Spending
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.clearance import Clearance
from provider_runtime.application.discovery import Discovery
from provider_runtime.application.explaining import Explaining
from provider_runtime.application.gates import Gate
from provider_runtime.application.gates.budget import BudgetGate
from provider_runtime.application.gates.not_configured import NotConfigured
from provider_runtime.application.health import HealthChecks
from provider_runtime.application.preparation import Preparation
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.application.redaction import redaction_for
from provider_runtime.application.resilience.leave import Resilience
from provider_runtime.application.resilience.origins import Origins
from provider_runtime.application.resilience.pacing import Pacings
from provider_runtime.application.routing import Routing
from provider_runtime.application.runtime import Lifetime
from provider_runtime.application.sending.attempts import Sending
from provider_runtime.application.sending.once import Once
from provider_runtime.application.sending.recall import Recall
from provider_runtime.application.sending.to_its_end import Patience
from provider_runtime.application.swaps.swapper import Swaps
from provider_runtime.application.terms import CallTerms
from provider_runtime.composition import choices
from provider_runtime.composition.consents.parts import consent_parts
from provider_runtime.composition.governance.parts import budgets, governing
from provider_runtime.composition.runtime import ProviderRuntime
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.composition.wires import build_providers
from provider_runtime.domain.catalog.pricing import PricingTable
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.context import ContextCompiler
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.ports.governance.consent import ConsentLedger
from provider_runtime.ports.governance.provider import GovernanceProvider
from provider_runtime.ports.governance.security import SecurityProvider
from provider_runtime.ports.http import HttpTransport
from provider_runtime.ports.leakage import LeakScanner
from provider_runtime.ports.schemas import SchemaValidator
from provider_runtime.ports.signing import Signer, Verifier
from provider_runtime.ports.stores.evaluation import ArtifactProvider
from provider_runtime.ports.stores.journals import ReceiptProvider
from provider_runtime.ports.stores.outcomes import OutcomeStore
from provider_runtime.ports.stores.sessions import SnapshotProvider
from provider_runtime.ports.stores.state import StateProvider
from provider_runtime.ports.system import Clock, IdSource, Randomness
from provider_runtime.ports.telemetry import EventSink
from provider_runtime.ports.tokens import CredentialFinder, TokenProvider


def assemble(  # noqa: PLR0913 - one argument for each part of the container
    *,
    settings: RuntimeSettings,
    clock: Clock,
    ids: IdSource,
    randomness: Randomness,
    transport: HttpTransport,
    credential_finder: CredentialFinder,
    schemas: SchemaValidator,
    receipts: ReceiptProvider,
    ledger: BudgetLedger | None,
    governance: GovernanceProvider | None,
    security: SecurityProvider | None,
    consents: ConsentLedger | None,
    consent_signer: Signer | None,
    consent_verifier: Verifier | None,
    tokens: TokenProvider | None,
    event_sink: EventSink | None,
    outcomes: OutcomeStore | None,
    states: StateProvider | None,
    artifacts: ArtifactProvider | None,
    snapshots: SnapshotProvider | None,
    context_compiler: ContextCompiler | None,
    catalog: ActiveCatalog,
    prices: PricingTable,
    adapters: tuple[RegisteredProvider, ...],
    capability_gate: Gate,
    tier_gate: Gate,
    endpoint_gate: Gate,
    grants_gate: Gate | None,
    consent_gate: Gate | None,
    leak_scanner: LeakScanner,
    leakage_gate: Gate | None,
    budget_gate: Gate | None,
) -> ProviderRuntime:
    """One runtime over these parts, in the order of a call. Raises ``InvalidProviderConfig``."""
    policy = settings.policy
    runtime_id = settings.runtime_id or ids.next_runtime_id()
    telemetry = Telemetry(sink=event_sink)
    known = build_providers(settings.providers, catalog.static, transport, credential_finder, adapters)
    worst_cases = WorstCases(catalog=catalog, prices=prices)
    spending = _spending(settings, runtime_id, ledger, clock, worst_cases, telemetry)
    governed = governing(
        settings.governance,
        owner=settings.name or runtime_id,
        ledger=ledger,
        clock=clock,
        governance=governance,
        security=security,
        event_sink=event_sink,
    )
    consent = consent_parts(
        settings,
        runtime_id=runtime_id,
        ledger=consents,
        signer=consent_signer,
        verifier=consent_verifier,
        clock=clock,
        randomness=randomness,
        telemetry=telemetry,
        worst_cases=worst_cases,
        has_tokens=tokens is not None,
    )
    clearance = Clearance(
        capability=capability_gate,
        tier=tier_gate,
        endpoint=endpoint_gate,
        grants=grants_gate or governed.gate or _nobody("grants", policy, needs="governance profile"),
        consent=consent_gate or consent.gate(policy) or _nobody("consent", policy, needs="consent ledger"),
        leakage=leakage_gate or _nobody("leakage", policy, needs="leakage guard"),
        budget=budget_gate or _budget_gate(spending) or _nobody("budget", policy, needs="budget"),
        patience_s=settings.gate_timeout_s,
        security=governed.security,
    )
    resilience = Resilience(
        origins=Origins(clock=clock, randomness=randomness, circuit_on=settings.circuit),
        pacings=Pacings(limits=settings.limits, clock=clock),
        fair_by=settings.fair_by,
    )
    stores = choices.stores(settings, clock, receipts=receipts, states=states, artifacts=artifacts)
    sending = Sending(
        clock=clock,
        resilience=resilience,
        telemetry=telemetry,
        schemas=schemas,
        spending=spending,
        consents=consent.guard,
    )
    assignments = Assignments(profile=settings.profile, experts=settings.experts, parameters=settings.parameters)
    routing = Routing(providers=known, catalog=catalog, default_provider=settings.default_provider)
    return ProviderRuntime(
        runtime_id=runtime_id,
        ids=ids,
        clock=clock,
        credential_finder=credential_finder,
        governance=governed.governance,
        security=governed.security,
        lifetime=Lifetime(runtime_id=runtime_id),
        terms=CallTerms.of_runtime(
            deadline_s=settings.deadline_s,
            retry=settings.retry,
            fallback=settings.fallback,
            parameters=settings.parameters,
            labels=settings.labels,
        ),
        catalog=catalog,
        once=Once(store=outcomes),
        assignments=assignments,
        routing=routing,
        preparation=Preparation(
            policy=policy,
            schemas=schemas,
            redaction=redaction_for(choices.leakage_policy(settings), leak_scanner),
        ),
        clearance=clearance,
        recall=Recall(
            sending=sending,
            policy_version=policy.version,
            store=choices.answers(artifacts, stores),
            mode=choices.recall_mode(settings),
        ),
        sending=sending,
        settlement=Settlement(
            receipts=receipts,
            telemetry=telemetry,
            clock=clock,
            # Without a key of its own, a runtime makes one that is forgotten with it.
            receipt_key=settings.receipt_key or Secret(randomness.token(32).hex()),
            policy_version=policy.version,
            worst_cases=worst_cases,
        ),
        explaining=Explaining(clearance=clearance, subjects=consent.subjects),
        discovery=Discovery(
            providers=known,
            catalog=catalog,
            policy=policy,
            governance=settings.profile.governance if settings.profile else None,
        ),
        health=HealthChecks(
            providers=known,
            policy=policy,
            clock=clock,
            credential_finder=credential_finder,
            governance=settings.profile.governance if settings.profile else None,
        ),
        swaps=Swaps(
            runtime_id=runtime_id,
            clock=clock,
            telemetry=telemetry,
            assignments=assignments,
            routing=routing,
            policy=settings.swaps,
            states=stores.states if stores is not None else states,
            snapshots=stores.snapshots if stores is not None and snapshots is None else snapshots,
            compiler=context_compiler,
        ),
        own_stores=stores,
        desk=consent.desk,
    )


def _spending(
    settings: RuntimeSettings,
    runtime_id: RuntimeId,
    ledger: BudgetLedger | None,
    clock: Clock,
    worst_cases: WorstCases,
    telemetry: Telemetry,
) -> Spending | None:
    limits = budgets(settings.budgets, settings.governance)
    if ledger is None or not limits:
        return None
    return Spending(
        ledger=ledger,
        budgets=limits,
        runtime=settings.name or runtime_id,
        clock=clock,
        worst_cases=worst_cases,
        profile=settings.profile,
        telemetry=telemetry,
        patience=Patience(limit_s=settings.gate_timeout_s),
    )


def _budget_gate(spending: Spending | None) -> Gate | None:
    return None if spending is None else BudgetGate(spending=spending)


def _nobody(gate: str, policy: GovernancePolicy, *, needs: str) -> Gate:
    return NotConfigured(gate=gate, policy=policy, needs=needs)
