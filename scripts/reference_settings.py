"""The page about settings: every field with its type, its default and what it does."""

import ast
import inspect
import textwrap
from typing import Any, Final

from attrs import NOTHING, Factory, fields
from markdown_tables import code, docstring, table

from provider_runtime.composition.consents.settings import (
    ConsentSettings,
    FileConsents,
    MemoryConsents,
    SqliteConsents,
    TrustedIssuer,
)
from provider_runtime.composition.governance.settings import FileAudit, Governance, MemoryAudit, SqliteAudit
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
from provider_runtime.composition.stores.places import FileStores, MemoryStores, SqliteStores, StoreSettings
from provider_runtime.domain.calls.memo import Memo
from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.catalog.credentials import (
    EnvCredential,
    KeyFileCredential,
    KeyringCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.catalog.models import DiscoveryOptions
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.policy.budgets.limits import Budget
from provider_runtime.domain.policy.budgets.resources import Quantities
from provider_runtime.domain.policy.consent.deciding import ConsentTerms
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.policy.grants.capability import Capability, Constraints
from provider_runtime.domain.policy.grants.profiles import GovernanceProfile
from provider_runtime.domain.policy.leakage.classification import ContentClassification
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy
from provider_runtime.domain.policy.retrying import RetryPolicy
from provider_runtime.domain.profiles.experts import ExpertRole
from provider_runtime.domain.profiles.profile import ProfileGovernance, WorkProfile
from provider_runtime.domain.profiles.roles import ModelAssignment
from provider_runtime.domain.profiles.swapping import ModelSwapRequest, SwapPolicy
from provider_runtime.domain.records.oversight.checkpoints import Checkpoints

CLASSES: Final = (
    RuntimeSettings,
    ProviderConfig,
    EnvCredential,
    KeyFileCredential,
    NamedKeyCredential,
    KeyringCredential,
    SecretFile,
    KeyringSecrets,
    GovernancePolicy,
    LeakagePolicy,
    ContentClassification,
    RetryPolicy,
    WorkProfile,
    ModelAssignment,
    ProfileGovernance,
    ExpertRole,
    SwapPolicy,
    MemoryReceipts,
    FileReceipts,
    SqliteReceipts,
    Checkpoints,
    Budget,
    MemoryLedger,
    FileLedger,
    SqliteLedger,
    StoreSettings,
    MemoryStores,
    FileStores,
    SqliteStores,
    Governance,
    GovernanceProfile,
    Capability,
    Constraints,
    Quantities,
    MemoryAudit,
    FileAudit,
    SqliteAudit,
    ConsentSettings,
    MemoryConsents,
    FileConsents,
    SqliteConsents,
    TrustedIssuer,
    ConsentTerms,
    CallOptions,
    Memo,
    DiscoveryOptions,
    ModelSwapRequest,
)


def settings_page() -> str:
    """Every class that settings are made of."""
    presets = table(
        ("field", "standard", "strict", "locked"),
        (
            (
                code(field.name),
                *(_shown(getattr(GovernancePolicy.preset(n), field.name)) for n in ("standard", "strict", "locked")),
            )
            for field in fields(GovernancePolicy)
        ),
    )
    return f"""# Settings

A runtime is told everything in one frozen `RuntimeSettings`. Nothing is read from the process but the environment
variables that a provider record names, once, when the runtime opens. `CallOptions` are what one call wants differently.

{"".join(_section(kind) for kind in CLASSES)}
## The presets of `GovernancePolicy`

{presets}
`strict` wants consent: a runtime without `consents` makes no cloud call under it. See
[ask for consent](../how-to/ask-for-consent.md).
"""


def _section(kind: type[Any]) -> str:
    annotations = annotations_of(kind)
    rows = [(code(field.name), code(annotations[field.name]), _default(field.default)) for field in fields(kind)]
    return f"\n## {kind.__name__}\n\n{docstring(kind)}\n\n{table(('field', 'type', 'default'), rows)}"


def annotations_of(kind: type[Any]) -> dict[str, str]:
    """The types as they are written in the source, which reads better than what Python makes of them."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    return {
        ast.unparse(node.target): ast.unparse(node.annotation)
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
    }


def _default(default: Any) -> str:
    if default is NOTHING:
        return "required"
    if isinstance(default, Factory):  # type: ignore[arg-type]  # attrs types it as a function
        return code(f"{default.factory.__name__}()") if default.factory is not dict else "none"
    return _shown(default)


def _shown(value: Any) -> str:
    if value is None or value in ((), {}):
        return "none"
    if isinstance(value, bool):
        return code(str(value))
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return code(str(value))
