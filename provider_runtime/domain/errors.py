"""Everything raised on purpose: five families, one stable code for each failure.

Branch on the class or on ``code``; show ``str(error)``. Facts are typed fields. Whatever the
class, ``sent`` says whether the request may have reached the provider, ``billed`` whether it may
have cost money, and ``retryable`` whether the same call may succeed if made again.
Source: specification, "Policy and governance"; semantics A.3, C.3, D.2.
"""

from enum import StrEnum
from typing import Any, ClassVar, Self

from attrs import define, field, fields

from provider_runtime.domain.conversation.response import Attempt
from provider_runtime.domain.identity import CallId, ProviderId
from provider_runtime.domain.secrets import safe_text


class ErrorCode(StrEnum):
    """One stable code per failure. Codes never change their meaning; wording may."""

    # configuration
    INVALID_SETTINGS = "invalid_settings"
    INVALID_PROVIDER_CONFIG = "invalid_provider_config"
    INVALID_TIMEOUT = "invalid_timeout"
    INVALID_RETRY_POLICY = "invalid_retry_policy"
    INVALID_PRICING = "invalid_pricing"
    MISSING_RUNTIME = "missing_runtime"
    CREDENTIAL_MISSING = "credential_missing"
    # routing
    PROVIDER_NOT_REGISTERED = "provider_not_registered"
    MODEL_NOT_FOUND = "model_not_found"
    MODEL_AMBIGUOUS = "model_ambiguous"
    PROVIDER_HINT_MISMATCH = "provider_hint_mismatch"
    # refusals
    REQUEST_INVALID = "request_invalid"
    INTENT_UNSUPPORTED = "intent_unsupported"
    LOSSY_CONVERSION = "lossy_conversion"
    CAPABILITY_MISMATCH = "capability_mismatch"
    TIER_DENIED = "tier_denied"
    GOVERNANCE_LOCKED = "governance_locked"
    ENDPOINT_INVALID = "endpoint_invalid"
    ENDPOINT_BLOCKED = "endpoint_blocked"
    GATE_REFUSED = "gate_refused"
    GATE_FAILED = "gate_failed"
    # provider
    CREDENTIALS_REJECTED = "credentials_rejected"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    INVALID_REQUEST = "invalid_request"
    CONTEXT_TOO_LONG = "context_too_long"
    REQUEST_TOO_LARGE = "request_too_large"
    QUOTA_EXHAUSTED = "quota_exhausted"
    RATE_LIMITED = "rate_limited"
    CONFLICT = "conflict"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    PROVIDER_STATUS = "provider_status"
    REDIRECT_BLOCKED = "redirect_blocked"
    BAD_RESPONSE = "bad_response"
    RESPONSE_NOT_JSON = "response_not_json"
    RESPONSE_TOO_LARGE = "response_too_large"
    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    CONNECTION_LOST = "connection_lost"
    TIMED_OUT = "timed_out"
    HTTP_PROTOCOL = "http_protocol"
    # back ends
    STORE_UNAVAILABLE = "store_unavailable"
    RECORD_CORRUPT = "record_corrupt"
    NAME_INVALID = "name_invalid"
    RUNTIME_CLOSED = "runtime_closed"


class Delivery(StrEnum):
    """How far a failed attempt got. Retry, hold and bill all follow from it."""

    NOT_SENT = "not_sent"  # no byte reached the provider
    REJECTED = "rejected"  # the provider answered that it did not do it
    AMBIGUOUS = "ambiguous"  # bytes were sent, no whole answer came: may have been billed
    ANSWERED_BAD = "answered_bad"  # a whole answer came and is not what was asked: billed


class Billed(StrEnum):
    """Whether a failed call cost money."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


_BILLED = {
    Delivery.NOT_SENT: Billed.NO,
    Delivery.REJECTED: Billed.NO,
    Delivery.AMBIGUOUS: Billed.MAYBE,
    Delivery.ANSWERED_BAD: Billed.YES,
}


@define(kw_only=True, eq=False)
class ProviderRuntimeError(Exception):
    """Base of everything raised on purpose. Branch on ``code``; show ``str(error)``.

    ``remedy`` is the way out, in one sentence. ``call_id`` finds the receipt of the call.
    """

    message: str = field(default="", converter=safe_text)
    remedy: str = field(default="", converter=safe_text)
    code: ErrorCode = field(default=ErrorCode.INVALID_SETTINGS, converter=ErrorCode)
    call_id: CallId | None = None
    attempts: tuple[Attempt, ...] = ()

    hsk_code: ClassVar[str | None] = None
    requirement: ClassVar[str | None] = None
    delivery: Delivery = field(default=Delivery.NOT_SENT, converter=Delivery)
    retryable: bool = False

    @property
    def sent(self) -> bool:
        """Whether the request may have reached the provider."""
        return self.delivery is not Delivery.NOT_SENT

    @property
    def billed(self) -> Billed:
        """Whether the provider may charge for it."""
        return _BILLED[self.delivery]

    def facts(self) -> dict[str, str]:
        """The typed facts as short texts, in the order they are shown."""
        shown = ("provider", "model", "request_id", "status_code", "field", "gate")
        values = {name: getattr(self, name, None) for name in shown}
        return {name: str(value) for name, value in values.items() if value is not None}

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.facts().items())
        head = f"{self.code}[{facts}]" if facts else f"{self.code}"
        text = f"{head}: {self.message}" if self.message else head
        return f"{text} {self.remedy}" if self.remedy else text

    def __reduce__(self) -> tuple[Any, ...]:
        state = {attribute.name: getattr(self, attribute.name) for attribute in fields(type(self))}
        return (_rebuild, (type(self), state))

    def __copy__(self) -> Self:
        rebuilt: Self = _rebuild(type(self), self.__reduce__()[1][1])
        return rebuilt


def _rebuild(kind: type[Any], state: dict[str, object]) -> Any:
    return kind(**state)


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
    """A call lacks something that nothing may stand in for; there is no fallback to the ambient."""

    code: ErrorCode = ErrorCode.MISSING_RUNTIME
    provider_key: str = "provider-runtime"
    missing_fields: tuple[str, ...] = ()
    stage: str = "options"
    requirement: ClassVar[str | None] = "REQ-SP4-001"


def _candidates(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))


@define(kw_only=True, eq=False)
class CredentialMissing(ConfigError):
    """No source knows a credential for this provider. ``env_candidates``: names that would be read."""

    code: ErrorCode = ErrorCode.CREDENTIAL_MISSING
    provider: ProviderId
    env_candidates: tuple[str, ...] = field(default=(), converter=_candidates)


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
    candidates: tuple[ProviderId, ...] = ()


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


# ── ProviderError: asked, and not answered well ─────────────────────────────────────────────


@define(kw_only=True, eq=False)
class ProviderError(ProviderRuntimeError):
    """The provider, or the way to it, failed. ``delivery`` says how far the request got."""

    provider: ProviderId
    model: str | None = None
    request_id: str | None = None
    retry_after_s: float | None = None


@define(kw_only=True, eq=False)
class TransportError(ProviderError):
    """No whole answer came: connecting, TLS, the connection, the deadline or HTTP itself failed."""

    code: ErrorCode = ErrorCode.CONNECTION_LOST
    delivery: Delivery = Delivery.AMBIGUOUS


@define(kw_only=True, eq=False)
class ProviderStatusError(ProviderError):
    """The provider answered, and its answer was an error.

    ``provider_code`` and ``provider_type`` are the provider's own short names for it, where it
    gave any that look like names. ``should_retry`` is the provider's explicit wish, if stated.
    """

    code: ErrorCode = ErrorCode.PROVIDER_STATUS
    delivery: Delivery = Delivery.REJECTED
    status_code: int
    provider_code: str | None = None
    provider_type: str | None = None
    should_retry: bool | None = None


@define(kw_only=True, eq=False)
class CredentialsRejected(ProviderStatusError):
    """The provider says that the credential is wrong."""

    code: ErrorCode = ErrorCode.CREDENTIALS_REJECTED


@define(kw_only=True, eq=False)
class ProtocolError(ProviderError):
    """A whole answer came that is not what the protocol promises; ``field`` is where."""

    code: ErrorCode = ErrorCode.BAD_RESPONSE
    delivery: Delivery = Delivery.ANSWERED_BAD
    field: str | None = None
    status_code: int | None = None


@define(kw_only=True, eq=False)
class SerializationError(ProviderError):
    """A whole answer came that is not JSON at all."""

    code: ErrorCode = ErrorCode.RESPONSE_NOT_JSON
    delivery: Delivery = Delivery.ANSWERED_BAD
    status_code: int | None = None


# ── BackendError: a store or the runtime itself failed ──────────────────────────────────────


@define(kw_only=True, eq=False)
class BackendError(ProviderRuntimeError):
    """A store, or the runtime itself, failed. ``kind`` and ``key`` name what was wanted."""

    code: ErrorCode = ErrorCode.STORE_UNAVAILABLE
    kind: str = ""
    key: str = ""


@define(kw_only=True, eq=False)
class RecordCorrupt(BackendError):
    """Stored data does not read back as what was written; ``key`` is the place."""

    code: ErrorCode = ErrorCode.RECORD_CORRUPT


@define(kw_only=True, eq=False)
class RuntimeClosed(BackendError):
    """The runtime was closed; open a fresh one."""

    code: ErrorCode = ErrorCode.RUNTIME_CLOSED
    kind: str = "runtime"
