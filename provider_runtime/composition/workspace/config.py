"""WorkspaceConfig: what a configuration file may say, typed. Holds no secret, only where to find one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.composition.workspace.places import (
    BudgetLimit,
    GovernanceRules,
    Kept,
    KeptCheckpoints,
    KeptConsents,
    KeptLedger,
    KeptSecrets,
)
from provider_runtime.domain.calls.parameters import ModelParameters
from provider_runtime.domain.catalog.credentials import EnvCredential, KeyFileCredential
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.checks import FILLED
from provider_runtime.domain.identity import ProfileName, ProviderId, Role, RuntimeId
from provider_runtime.domain.policy.fallback import FallbackPolicy
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy
from provider_runtime.domain.policy.resilience.rate_limits import RateLimits
from provider_runtime.domain.policy.retrying import RetryPolicy
from provider_runtime.domain.profiles.experts import ExpertRole
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.domain.profiles.swapping import SwapPolicy

FILE_NAME: Final = "provider-runtime.toml"
DATA_NAME: Final = ".provider-runtime"
RECORDS_NAME: Final = "records.sqlite"
"""In the data folder: what was registered, kept and declared."""
_USUAL: Final = RuntimeSettings()


@frozen(kw_only=True)
class WorkspaceConfig:
    """Everything of ``RuntimeSettings`` that can be written down, under the same names.

    What each key means: ``keys.py``, from which the reference is made. Paths begin at the folder of
    the file, except those of what is kept, which begin at ``data``.
    """

    data: str = field(default=DATA_NAME, validator=FILLED)
    name: RuntimeId | None = None
    labels: Mapping[str, str] = field(factory=dict)
    default_provider: ProviderId | None = None
    profile: str | None = None
    fair_by: str = _USUAL.fair_by
    circuit: bool = _USUAL.circuit
    deadline_s: float = _USUAL.deadline_s
    connect_timeout_s: float = _USUAL.connect_timeout_s
    max_response_bytes: int = _USUAL.max_response_bytes
    gate_timeout_s: float = _USUAL.gate_timeout_s
    token_provider_only: bool = _USUAL.token_provider_only
    catalog: str | None = None
    prices: str | None = None
    leak_rules: str | None = None
    events: str | None = None
    record: str | None = None
    replay: str | None = None
    default_experts: bool = False
    policy: GovernancePolicy = _USUAL.policy
    leakage: LeakagePolicy = field(factory=LeakagePolicy)
    retry: RetryPolicy = _USUAL.retry
    fallback: FallbackPolicy | None = None
    parameters: ModelParameters = _USUAL.parameters
    swaps: SwapPolicy = field(factory=SwapPolicy)
    receipts: Kept = field(factory=Kept)
    checkpoints: KeptCheckpoints | None = None
    ledger: KeptLedger = field(factory=KeptLedger)
    governance: GovernanceRules | None = None
    consents: KeptConsents | None = None
    stores: Kept | None = None
    secrets: KeptSecrets = field(factory=KeptSecrets)
    receipt_key: EnvCredential | KeyFileCredential | None = None
    guarded_secrets: tuple[EnvCredential | KeyFileCredential, ...] = ()
    providers: Mapping[ProviderId, ProviderConfig] = field(factory=dict)
    limits: Mapping[ProviderId, RateLimits] = field(factory=dict)
    budgets: tuple[BudgetLimit, ...] = ()
    experts: Mapping[Role, ExpertRole] = field(factory=dict)
    profiles: Mapping[ProfileName, WorkProfile] = field(factory=dict)


NAMED_BY_KEY: Final[Mapping[str, str]] = MappingProxyType(
    {"providers": "provider_id", "experts": "role", "profiles": "name"}
)
"""The tables of tables whose keys are a field of what stands under them."""
