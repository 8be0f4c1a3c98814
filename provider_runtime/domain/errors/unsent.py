"""Failures before anything was sent: a bad set-up, nobody to ask, a refusal."""

from collections.abc import Iterable
from typing import ClassVar, Final

from attrs import define, field

from provider_runtime.domain.errors.codes import ErrorCode, SwapFault
from provider_runtime.domain.errors.root import ProviderRuntimeError
from provider_runtime.domain.identity import ProfileId, ProviderId, Role
from provider_runtime.domain.policy.grants.capability import GrantFault
from provider_runtime.domain.policy.leakage.findings import Finding
from provider_runtime.domain.secrets import safe_text


def _sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))


def _sorted_ids(ids: Iterable[ProviderId]) -> tuple[ProviderId, ...]:
    return tuple(sorted(set(ids)))


# ── ConfigError: what was set up cannot work ────────────────────────────────────────────────


@define(kw_only=True, eq=False)
class ConfigError(ProviderRuntimeError):
    """What was configured cannot work. Nothing was sent."""


@define(kw_only=True, eq=False)
class InvalidSettings(ConfigError):
    """A setting has a value that cannot be right; ``field`` is its path."""

    code: ErrorCode = ErrorCode.INVALID_SETTINGS
    field: str | None = None
    hsk_code: ClassVar[str | None] = "HSK-400-INVALID-CONFIG"


@define(kw_only=True, eq=False)
class InvalidProviderConfig(ConfigError):
    """A provider record that no adapter can be built from."""

    code: ErrorCode = ErrorCode.INVALID_PROVIDER_CONFIG
    provider: ProviderId | None = None
    field: str | None = None
    hsk_code: ClassVar[str | None] = "HSK-400-INVALID-CONFIG"


@define(kw_only=True, eq=False)
class InvalidTimeout(ConfigError):
    """A time limit that is not a positive number of seconds."""

    code: ErrorCode = ErrorCode.INVALID_TIMEOUT
    field: str | None = None


@define(kw_only=True, eq=False)
class InvalidRetryPolicy(ConfigError):
    """A retry policy whose numbers contradict each other."""

    code: ErrorCode = ErrorCode.INVALID_RETRY_POLICY
    field: str | None = None


@define(kw_only=True, eq=False)
class InvalidPricingConfig(ConfigError):
    """A price table that cannot be read."""

    code: ErrorCode = ErrorCode.INVALID_PRICING
    field: str | None = None


@define(kw_only=True, eq=False)
class MissingProviderRuntimeError(ConfigError):
    """A call lacks something that nothing may stand in for; there is no fallback to the ambient.

    ``provider_key`` names who found out, ``stage`` when, ``missing_fields`` what to supply and
    ``remediation`` how, step by step. Source: semantics D.2.
    """

    code: ErrorCode = ErrorCode.MISSING_RUNTIME
    provider_key: str = "provider-runtime"
    missing_fields: tuple[str, ...] = ()
    stage: str = "options"
    remediation: tuple[str, ...] = ()
    requirement: str | None = "REQ-SP4-001"

    def __attrs_post_init__(self) -> None:
        if not self.remediation:
            self.remediation = _SUPPLY_A_RUNTIME
        if not self.remedy:
            self.remedy = safe_text(" ".join(self.remediation))


_SUPPLY_A_RUNTIME: Final = (
    "Open a runtime with its own settings, or activate one that is registered.",
    "Then make the call through it.",
)


@define(kw_only=True, eq=False)
class ProviderRuntimeNormalizationError(ConfigError):
    """What one call wants cannot be brought together with its runtime; ``field`` is where."""

    code: ErrorCode = ErrorCode.CALL_NOT_NORMALIZED
    provider_key: str = "provider-runtime"
    field: str
    stage: str = "options"
    requirement: str | None = "REQ-SP4-002"


@define(kw_only=True, eq=False)
class ProviderRuntimeScopeError(ConfigError):
    """A scope of a registry was left out of turn, or in another task than the one that entered it."""

    code: ErrorCode = ErrorCode.SCOPE_MISMATCH
    stage: str = "scope exit"
    requirement: str | None = "REQ-SP4-004"


@define(kw_only=True, eq=False)
class CredentialMissing(ConfigError):
    """No source knows a credential for this provider. ``env_candidates``: names that would be read."""

    code: ErrorCode = ErrorCode.CREDENTIAL_MISSING
    provider: ProviderId
    env_candidates: tuple[str, ...] = field(default=(), converter=_sorted_names)
    requirement: str | None = "REQ-SP4-003"


@define(kw_only=True, eq=False)
class AssignmentInvalid(ConfigError):
    """No model can be named for ``role``: nobody assigns one, or to a provider that this runtime does not know."""

    code: ErrorCode = ErrorCode.ASSIGNMENT_INVALID
    role: Role
    profile_id: ProfileId | None = None
    hsk_code: ClassVar[str | None] = "HSK-400-INVALID-CONFIG"


@define(kw_only=True, eq=False)
class BatchConflict(ConfigError):
    """A batch cannot begin, or go on, as asked: ``field`` says what stands in the way."""

    code: ErrorCode = ErrorCode.BATCH_CONFLICT
    field: str


# ── RoutingError: nobody can answer ─────────────────────────────────────────────────────────


@define(kw_only=True, eq=False)
class RoutingError(ProviderRuntimeError):
    """No single provider can be named for the model. Nothing was sent."""


@define(kw_only=True, eq=False)
class ProviderNotRegistered(RoutingError):
    """The provider that should answer is unknown to this runtime."""

    code: ErrorCode = ErrorCode.PROVIDER_NOT_REGISTERED
    provider: ProviderId


@define(kw_only=True, eq=False)
class ModelNotFound(RoutingError):
    """No catalog entry for the model, and no default provider to try."""

    code: ErrorCode = ErrorCode.MODEL_NOT_FOUND
    model: str


@define(kw_only=True, eq=False)
class AmbiguousModelRoute(RoutingError):
    """Several providers list the model; ``candidates`` names them in order."""

    code: ErrorCode = ErrorCode.MODEL_AMBIGUOUS
    model: str
    candidates: tuple[ProviderId, ...] = field(default=(), converter=_sorted_ids)


@define(kw_only=True, eq=False)
class ProviderHintMismatch(RoutingError):
    """The catalog lists the model for one provider, and the hint names another."""

    code: ErrorCode = ErrorCode.PROVIDER_HINT_MISMATCH
    model: str
    provider_hint: ProviderId
    resolved: ProviderId


# ── CallRefused: judged, and not sent ───────────────────────────────────────────────────────


@define(kw_only=True, eq=False)
class CallRefused(ProviderRuntimeError):
    """A gate, or the preparation before the gates, refused the call. Nothing was sent."""

    code: ErrorCode = ErrorCode.GATE_REFUSED
    gate: str
    provider: ProviderId | None = None
    model: str | None = None


@define(kw_only=True, eq=False)
class RequestInvalid(CallRefused):
    """The request contradicts itself; ``field`` is where."""

    code: ErrorCode = ErrorCode.REQUEST_INVALID
    gate: str = "preparation"
    field: str


@define(kw_only=True, eq=False)
class IntentUnsupported(CallRefused):
    """The provider's wire cannot express ``field``, and leaving it out would change the meaning."""

    code: ErrorCode = ErrorCode.INTENT_UNSUPPORTED
    gate: str = "preparation"
    field: str


@define(kw_only=True, eq=False)
class CapabilityMismatch(CallRefused):
    """The adapter or the model lacks ``capability``, such as ``tools`` or ``structured_output``."""

    code: ErrorCode = ErrorCode.CAPABILITY_MISMATCH
    gate: str = "capability"
    capability: str


@define(kw_only=True, eq=False)
class ModelNotAllowed(CallRefused):
    """The work profile does not let this model play ``role``."""

    code: ErrorCode = ErrorCode.MODEL_NOT_ALLOWED
    gate: str = "assignment"
    role: Role
    profile_id: ProfileId | None = None


@define(kw_only=True, eq=False)
class SwapRefused(CallRefused):
    """A model is not swapped for another; ``fault`` says why. The old one stays."""

    code: ErrorCode = ErrorCode.SWAP_REFUSED
    gate: str = "swap"
    fault: SwapFault


@define(kw_only=True, eq=False)
class TierRefused(CallRefused):
    """Policy keeps this call from leaving the machine."""

    code: ErrorCode = ErrorCode.TIER_DENIED
    gate: str = "tier"
    hsk_code: ClassVar[str | None] = "HSK-403-CLOUD-ESCALATION-DENIED"


@define(kw_only=True, eq=False)
class GovernanceLocked(TierRefused):
    """Governance is locked: no cloud call, whatever anybody consented to."""

    code: ErrorCode = ErrorCode.GOVERNANCE_LOCKED
    hsk_code: ClassVar[str | None] = "HSK-403-GOVERNANCE-LOCKED"


@define(kw_only=True, eq=False)
class EndpointInvalid(CallRefused):
    """The base URL is not an address that can be contacted at all."""

    code: ErrorCode = ErrorCode.ENDPOINT_INVALID
    gate: str = "endpoint"
    hsk_code: ClassVar[str | None] = "HSK-400-INVALID-BASE-URL"


@define(kw_only=True, eq=False)
class EndpointBlocked(CallRefused):
    """The base URL leads where this tier may not go."""

    code: ErrorCode = ErrorCode.ENDPOINT_BLOCKED
    gate: str = "endpoint"
    hsk_code: ClassVar[str | None] = "HSK-403-SSRF-BLOCKED"


@define(kw_only=True, eq=False)
class CredentialBoundElsewhere(CallRefused):
    """The credential may be sent to ``bound_to`` alone, and ``origin`` would get it. No secret was read or sent."""

    code: ErrorCode = ErrorCode.CREDENTIAL_BOUND_ELSEWHERE
    gate: str = "endpoint"
    bound_to: str = ""
    origin: str = ""


@define(kw_only=True, eq=False)
class LeakageRefused(CallRefused):
    """What would be sent holds a secret, or what has to stay here.

    ``reason``: ``secret_found``, ``unreadable``, ``opaque_part``, or why content is kept
    (``unclassified``, ``not_exportable``, ``high_sensitivity``, ``unknown_member``). ``ref`` names that
    content. ``findings`` tell kind and place of what was found, and nothing of it.
    Source: semantics C.6, ``CloudLeakageBlocked(reason, ref)``.
    """

    code: ErrorCode = ErrorCode.LEAKAGE_FOUND
    gate: str = "leakage"
    reason: str = "secret_found"
    ref: str = ""
    findings: tuple[Finding, ...] = ()


@define(kw_only=True, eq=False)
class AccessDenied(CallRefused):
    """The call takes a ``capability`` that is not granted; ``fault`` says why, ``profile`` under which governance.

    Source: semantics B.7, ``CapabilityViolation``; B.11.
    """

    code: ErrorCode = ErrorCode.ACCESS_DENIED
    gate: str = "grants"
    capability: str
    fault: GrantFault
    profile: str | None = None


@define(kw_only=True, eq=False)
class BudgetExceeded(CallRefused):
    """``budget`` of ``owner`` has less left than the call may come to.

    Whole numbers of ``unit`` (``nano_usd``, ``tokens``, ``calls``, ``milliseconds``): the ``limit``, what
    is ``available``, and what the call may ``need`` at worst. ``held`` is set aside for calls under way, and
    some of it may come back. Source: semantics B.7.
    """

    code: ErrorCode = ErrorCode.BUDGET_EXCEEDED
    gate: str = "budget"
    budget: str
    owner: str
    unit: str
    limit: int
    available: int
    need: int
    held: int = 0


@define(kw_only=True, eq=False)
class CostUnknown(CallRefused):
    """Nobody can say what the call may come to at worst, and ``budget`` needs to know."""

    code: ErrorCode = ErrorCode.COST_UNKNOWN
    gate: str = "budget"
    budget: str
