"""Which implementation the settings ask for: one small function for each choice."""

from collections.abc import Mapping
from ssl import SSLContext
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from attrs import evolve

from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.backends.receipts import (
    FilesystemReceiptProvider,
    InMemoryReceiptProvider,
    SqliteReceiptProvider,
)
from provider_runtime.adapters.catalog import builtin_catalog, builtin_prices
from provider_runtime.adapters.credentials.sources import CredentialSources
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.adapters.leakage.scanner import PatternLeakScanner
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.gates import Gate
from provider_runtime.application.gates.leakage import LeakageGate
from provider_runtime.application.gates.tier import TierGate
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.composition.governance.parts import budgets
from provider_runtime.composition.settings import (
    FileLedger,
    FileReceipts,
    KeyringSecrets,
    MemoryLedger,
    MemoryReceipts,
    RemoteLedger,
    RuntimeSettings,
    SecretFile,
    SqliteLedger,
    SqliteReceipts,
)
from provider_runtime.composition.shared import SharedParts
from provider_runtime.composition.stores.places import MemoryStores, StorePlace, StoreSettings
from provider_runtime.domain.calls.answers import RecallMode
from provider_runtime.domain.catalog.pricing import PricingTable
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.policy.governance import GovernanceMode
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.ports.http import HttpTransport
from provider_runtime.ports.leakage import LeakScanner
from provider_runtime.ports.secrets import SecretStore
from provider_runtime.ports.stores.answers import AnswerStore
from provider_runtime.ports.stores.evaluation import ArtifactProvider
from provider_runtime.ports.stores.journals import ReceiptProvider
from provider_runtime.ports.system import Clock
from provider_runtime.ports.tokens import CredentialFinder, TokenProvider

if TYPE_CHECKING:
    from provider_runtime.composition.stores.families import Stores

_PART_OF_PATIENCE: Final = 0.8  # a gate that asks a server says itself that it is away, before it is given up
_MOST_CONNECTIONS: Final = 32
_USUAL_LEAKAGE: Final = LeakagePolicy()
_STRICT_LEAKAGE: Final = LeakagePolicy.strict()


def transport(settings: RuntimeSettings, shared: SharedParts) -> HttpTransport:
    """HTTP over aiohttp, within the limits of the settings; none at all for a replay."""
    if settings.replay is not None:
        from provider_runtime.adapters.http.no_transport import NoTransport  # noqa: PLC0415 - few runtimes replay

        return NoTransport()
    return AiohttpTransport(
        connect_timeout_s=settings.connect_timeout_s,
        max_response_bytes=settings.max_response_bytes,
        ssl_context=shared.ssl_context,
    )


def secret_store(settings: RuntimeSettings) -> SecretStore | None:
    """The store of named keys that the settings want, if any."""
    return secret_store_at(settings.secrets)


def secret_store_at(place: SecretFile | KeyringSecrets | None) -> SecretStore | None:
    """The store of named keys at ``place``, if that is one."""
    match place:
        case SecretFile(path=path):
            from provider_runtime.adapters.credentials.filesystem import (  # noqa: PLC0415 - few runtimes have one
                FilesystemSecretStore,
            )

            return FilesystemSecretStore(path=path)
        case KeyringSecrets(service=service):
            from provider_runtime.adapters.credentials.keyring_store import (  # noqa: PLC0415 - few runtimes have one
                KeyringSecretStore,
            )

            return KeyringSecretStore(service=service)
    return None


def credential_finder(
    settings: RuntimeSettings,
    environment: Mapping[str, Secret],
    store: SecretStore | None,
    tokens: TokenProvider | None,
) -> CredentialFinder:
    """Credentials as the settings give them or point to them, and last from ``tokens``. Raises ``InvalidSettings``."""
    if settings.token_provider_only and tokens is None:
        raise InvalidSettings(
            field="token_provider_only",
            message="the token provider alone shall be asked, and there is none",
            remedy="Hand one over: open_runtime(settings, tokens=…).",
        )
    return CredentialSources(
        given=settings.credentials,
        environment=environment,
        secret_store=store,
        tokens=tokens,
        token_provider_only=settings.token_provider_only,
    )


def receipts(settings: RuntimeSettings, clock: Clock) -> ReceiptProvider:
    """Receipts where the settings want them, with checkpoints if they want those."""
    kept = plain_receipts(settings)
    if settings.checkpoints is None:
        return kept
    # Few runtimes keep checkpoints; the others need not import what makes them.
    from provider_runtime.adapters.backends.checkpoints.receipts import checkpointed  # noqa: PLC0415 - see above

    return checkpointed(kept, settings.checkpoints, clock)


def plain_receipts(settings: RuntimeSettings) -> ReceiptProvider:
    """Receipts where the settings want them, without checkpoints."""
    match settings.receipts:
        case FileReceipts(path=path):
            return FilesystemReceiptProvider(path=path)
        case SqliteReceipts(path=path):
            return SqliteReceiptProvider(path=path)
        case MemoryReceipts(keep=keep):
            return InMemoryReceiptProvider(journal=MemoryJournal(keep=keep))


def ledger(
    settings: RuntimeSettings,
    clock: Clock,
    environment: Mapping[str, Secret] = MappingProxyType({}),
    store: SecretStore | None = None,
    shared: SharedParts | None = None,
) -> BudgetLedger | None:
    """A ledger where the settings want it, none without budgets; a replay spends nothing, so its own is in memory."""
    if not budgets(settings.budgets, settings.governance):
        return None
    from provider_runtime.adapters.governance.ledger import (  # noqa: PLC0415 - only those with budgets need it
        FilesystemBudgetLedger,
        MemoryBudgetLedger,
        SqliteBudgetLedger,
    )

    if settings.replay is not None:
        return MemoryBudgetLedger(clock=clock)
    match settings.ledger:
        case FileLedger(path=path):
            return FilesystemBudgetLedger(path=path, clock=clock)
        case SqliteLedger(path=path):
            return SqliteBudgetLedger(path=path, clock=clock)
        case MemoryLedger():
            return MemoryBudgetLedger(clock=clock)
        case RemoteLedger():
            tls = None if shared is None else shared.ssl_context
            return remote_ledger(
                settings.ledger, environment, store, tls=tls, timeout_s=_PART_OF_PATIENCE * settings.gate_timeout_s
            )


def remote_ledger(
    at: RemoteLedger,
    environment: Mapping[str, Secret],
    store: SecretStore | None,
    *,
    tls: SSLContext | None = None,
    timeout_s: float = 4.0,
) -> BudgetLedger:
    """The ledger of a server, asked over connections of its own: a runtime's are closed before its last settlement."""
    from provider_runtime.adapters.credentials.references import ReferredSecret  # noqa: PLC0415 - as the next one
    from provider_runtime.adapters.governance.remote.ledger import RemoteBudgetLedger  # noqa: PLC0415 - few have one

    token = ReferredSecret(
        reference=at.credential,
        origin=at.address.origin,
        setting="ledger.credential",
        environment=environment,
        secret_store=store,
    )
    return RemoteBudgetLedger(
        address=at.address,
        token=token.get,
        open_transport=lambda: AiohttpTransport(
            connect_timeout_s=min(2.0, timeout_s), max_connections=_MOST_CONNECTIONS, ssl_context=tls
        ),
        timeout_s=timeout_s,
        try_s=timeout_s / 2,
    )


def catalog(
    settings: RuntimeSettings, shared: SharedParts, adapters: tuple[RegisteredProvider, ...] = ()
) -> ActiveCatalog:
    """Routes by the catalog of the settings, else the shared one, else the shipped one."""
    given = shared.catalog if settings.catalog is None else settings.catalog
    configs = (*settings.providers, *(provider.config for provider in adapters))
    return ActiveCatalog(builtin_catalog() if given is None else given, configs)


def prices(settings: RuntimeSettings, shared: SharedParts) -> PricingTable:
    """The prices of the settings, else the shared ones, else the shipped ones."""
    given = shared.prices if settings.prices is None else settings.prices
    return builtin_prices() if given is None else given


def leak_scanner(settings: RuntimeSettings, environment: Mapping[str, Secret]) -> LeakScanner:
    """The scanner that ships, told every secret that the runtime holds."""
    policy = leakage_policy(settings)
    own = () if settings.receipt_key is None else (settings.receipt_key,)
    return PatternLeakScanner(
        secrets=(*settings.credentials.values(), *environment.values(), *settings.guarded_secrets, *own),
        markers=policy.markers,
        rules_at=settings.leak_rules,
        most_findings=policy.most_findings,
    )


def leakage_gate(settings: RuntimeSettings, scanner: LeakScanner) -> Gate:
    """The guard against leaks, by the policies of the settings."""
    return LeakageGate(scanner=scanner, policy=leakage_policy(settings), governance=settings.policy)


def leakage_policy(settings: RuntimeSettings) -> LeakagePolicy:
    """What the settings say, else what their mode of governance means."""
    if settings.leakage is not None:
        return settings.leakage
    return _STRICT_LEAKAGE if settings.policy.mode is GovernanceMode.STRICT else _USUAL_LEAKAGE


def tier_gate(settings: RuntimeSettings) -> Gate:
    """Judges by the policy and the work profile of the settings."""
    return TierGate(policy=settings.policy, governance=settings.profile.governance if settings.profile else None)


def recall_mode(settings: RuntimeSettings) -> RecallMode:
    """When answers come from what is kept."""
    if settings.replay is not None:
        return RecallMode.REPLAY
    return RecallMode.ON_REQUEST if settings.record is None else RecallMode.RECORD


def stores(settings: RuntimeSettings, clock: Clock, **given: object) -> "Stores | None":
    """The families where the settings want them; those of ``given`` that are there take their places.

    A recording has a place of its own, and no bounds: what it lost it could not replay.
    """
    recording = settings.record or settings.replay
    if settings.stores is None and recording is None:
        return None
    # Most runtimes have no stores, and do without the libraries behind them.
    from provider_runtime.composition.stores.families import Stores  # noqa: PLC0415 - see above

    if settings.replay is not None and given.get("artifacts") is None:
        _refuse_missing_recording(settings.replay)
    places = settings.stores or StoreSettings()
    if recording is not None:
        places = evolve(places, artifacts=recording, artifact_capacity=None, artifact_bytes=None)
    return Stores(
        settings=places,
        clock=clock,
        given={name: part for name, part in given.items() if part is not None},
        extra_experts=settings.experts.values(),
    )


def answers(artifacts: ArtifactProvider | None, stores: "Stores | None") -> AnswerStore | None:
    """Answers among the artifacts that were handed in, else among those of the stores."""
    kept_in = artifacts if stores is None else stores.artifacts
    if kept_in is None:
        return None
    from provider_runtime.adapters.answers import ArtifactAnswers  # noqa: PLC0415 - as above

    return ArtifactAnswers(artifacts=kept_in)


def _refuse_missing_recording(place: StorePlace) -> None:
    path = None if isinstance(place, MemoryStores) else place.path
    if path is None or not path.exists():
        raise InvalidSettings(
            field="replay",
            message="a recording in memory is gone" if path is None else f"there is no recording at {path.name}",
            remedy="Name the folder or the file that a run was recorded in, or hand over `artifacts`.",
        )
