"""Which implementation the settings ask for: one small function for each choice."""

from collections.abc import Mapping

from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.backends.receipts import (
    FilesystemReceiptProvider,
    InMemoryReceiptProvider,
    SqliteReceiptProvider,
)
from provider_runtime.adapters.catalog import builtin_catalog, builtin_prices
from provider_runtime.adapters.credentials.filesystem import FilesystemSecretStore
from provider_runtime.adapters.credentials.keyring_store import KeyringSecretStore
from provider_runtime.adapters.credentials.sources import CredentialSources
from provider_runtime.adapters.governance.ledger import (
    FilesystemBudgetLedger,
    MemoryBudgetLedger,
    SqliteBudgetLedger,
)
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.adapters.leakage.scanner import PatternLeakScanner
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.gates import Gate
from provider_runtime.application.gates.leakage import LeakageGate
from provider_runtime.application.gates.tier import TierGate
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.composition.settings import (
    FileLedger,
    FileReceipts,
    KeyringSecrets,
    MemoryLedger,
    MemoryReceipts,
    RuntimeSettings,
    SecretFile,
    SqliteLedger,
    SqliteReceipts,
)
from provider_runtime.composition.shared import SharedParts
from provider_runtime.domain.catalog.pricing import PricingTable
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.policy.governance import GovernanceMode
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.ports.http import HttpTransport
from provider_runtime.ports.leakage import LeakScanner
from provider_runtime.ports.secrets import SecretStore
from provider_runtime.ports.stores.journals import ReceiptProvider
from provider_runtime.ports.system import Clock
from provider_runtime.ports.tokens import CredentialFinder, TokenProvider


def transport(settings: RuntimeSettings, shared: SharedParts) -> HttpTransport:
    """HTTP over aiohttp, within the limits of the settings."""
    return AiohttpTransport(
        connect_timeout_s=settings.connect_timeout_s,
        max_response_bytes=settings.max_response_bytes,
        ssl_context=shared.ssl_context,
    )


def secret_store(settings: RuntimeSettings) -> SecretStore | None:
    """The store of named keys that the settings want, if any."""
    match settings.secrets:
        case SecretFile(path=path):
            return FilesystemSecretStore(path=path)
        case KeyringSecrets(service=service):
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


def ledger(settings: RuntimeSettings, clock: Clock) -> BudgetLedger | None:
    """A ledger where the settings want it; none for a runtime without budgets."""
    if not settings.budgets:
        return None
    match settings.ledger:
        case FileLedger(path=path):
            return FilesystemBudgetLedger(path=path, clock=clock)
        case SqliteLedger(path=path):
            return SqliteBudgetLedger(path=path, clock=clock)
        case MemoryLedger():
            return MemoryBudgetLedger(clock=clock)


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
    return LeakagePolicy.strict() if settings.policy.mode is GovernanceMode.STRICT else LeakagePolicy()


def tier_gate(settings: RuntimeSettings) -> Gate:
    """Judges by the policy and the work profile of the settings."""
    return TierGate(policy=settings.policy, governance=settings.profile.governance if settings.profile else None)
