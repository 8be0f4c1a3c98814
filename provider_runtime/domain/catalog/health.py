"""Is a provider ready? What its list of models, or the failure to get it, says about that."""

from enum import StrEnum
from typing import Final

from attrs import field, frozen
from attrs.validators import ge, optional

from provider_runtime.domain.catalog.credentials import NamedKeyCredential
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind, Tier
from provider_runtime.domain.errors import (
    CallRefused,
    CredentialBoundElsewhere,
    CredentialMissing,
    CredentialsRejected,
    ErrorCode,
    ProviderRuntimeError,
    TransportError,
)
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import tuple_of


class HealthStatus(StrEnum):
    """Whether calls to a provider can be expected to work."""

    READY = "ready"
    DEGRADED = "degraded"  # it answers, and not as it should: busy, failing, or without the model that is wanted
    UNREACHABLE = "unreachable"  # no answer came, or it may not be contacted
    UNAUTHORISED = "unauthorised"  # it wants a credential that is not there, or refuses the one that is


_WITHOUT_LEAVE: Final = frozenset({ErrorCode.CREDENTIALS_REJECTED, ErrorCode.PERMISSION_DENIED})
_SILENT: Final = frozenset({ErrorCode.TIMED_OUT})
# Anybody may see what models it has, so an answer says nothing about the key.
_OPEN_LISTS: Final = frozenset({ProviderKind.OPENROUTER})


@frozen(kw_only=True)
class ProviderHealth:
    """What a check of one provider found.

    ``latency_ms`` is how long it took to get the list of models, or to fail at it; ``None`` where
    nothing was sent. ``models`` are those that were seen, sorted. ``credential_proven``: the
    provider was shown a credential and answered; a list that is open to all, and a server that asks
    for no key, prove none. ``code`` is that of the failure, ``reason`` says what is wrong and
    ``remedy`` what to do about it; neither holds a secret.
    """

    provider_id: ProviderId
    status: HealthStatus
    tier: Tier
    latency_ms: float | None = field(default=None, validator=optional(ge(0)))
    models: tuple[str, ...] = field(default=(), converter=tuple_of)
    credential_proven: bool = False
    code: ErrorCode | None = None
    reason: str = ""
    remedy: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether a call may well work: it is ready, or no more than degraded."""
        return self.status in {HealthStatus.READY, HealthStatus.DEGRADED}


def has_open_list(config: ProviderConfig) -> bool:
    """Whether this provider lists its models to anybody, with and without a key."""
    return config.kind in _OPEN_LISTS or (
        config.tier is Tier.LOCAL and config.kind in {ProviderKind.OLLAMA, ProviderKind.OPENAI_COMPATIBLE}
    )


def health_of_list(
    config: ProviderConfig, models: tuple[str, ...], *, has_credential: bool, latency_ms: float | None
) -> ProviderHealth:
    """The health of a provider that listed ``models``; ``has_credential``: a call would find one."""
    status, reason, remedy = HealthStatus.READY, "", ""
    if not models:
        status, reason = HealthStatus.DEGRADED, "it lists no models"
        remedy = _load_one(config)
    elif config.default_model is not None and not _is_listed(config.default_model, models):
        status, reason = HealthStatus.DEGRADED, "the default model of the record is not among those it lists"
        remedy = "Choose another default model, or make the provider offer this one."
    if config.kind in _OPEN_LISTS:
        if has_credential:
            reason = reason or "anybody may see its list of models, so the key is not proven"
        else:
            status, reason = HealthStatus.UNAUTHORISED, "its list of models is open to all, but calls need a key"
            remedy = "Give the record a credential that can be found."
    return ProviderHealth(
        provider_id=config.provider_id,
        status=status,
        tier=config.tier,
        latency_ms=latency_ms,
        models=tuple(sorted(set(models))),
        credential_proven=has_credential and not has_open_list(config),
        reason=reason,
        remedy=remedy,
    )


def health_of_failure(
    config: ProviderConfig, error: ProviderRuntimeError, *, latency_ms: float | None
) -> ProviderHealth:
    """The health of a provider of which no list of models could be got."""
    return ProviderHealth(
        provider_id=config.provider_id,
        status=_status_of(error),
        tier=config.tier,
        latency_ms=latency_ms,
        code=error.code,
        reason=error.message or error.code.value.replace("_", " "),
        remedy=error.remedy or _remedy(config, error),
    )


def _status_of(error: ProviderRuntimeError) -> HealthStatus:
    if isinstance(error, CredentialsRejected | CredentialMissing | CredentialBoundElsewhere):
        return HealthStatus.UNAUTHORISED
    if error.code in _WITHOUT_LEAVE:
        return HealthStatus.UNAUTHORISED
    if isinstance(error, TransportError | CallRefused) or error.code in _SILENT:
        return HealthStatus.UNREACHABLE
    return HealthStatus.DEGRADED


def _remedy(config: ProviderConfig, error: ProviderRuntimeError) -> str:
    match _status_of(error):
        case HealthStatus.UNAUTHORISED if isinstance(config.credential, NamedKeyCredential):
            return "Put a valid key into the secret store."
        case HealthStatus.UNAUTHORISED:
            return "Give it a valid key with leave to list models."
        case HealthStatus.UNREACHABLE if config.tier is Tier.LOCAL:
            return "Start the server, or correct the base URL."
        case HealthStatus.UNREACHABLE:
            return "Check the base URL and the network."
    if error.code in {ErrorCode.NOT_FOUND, ErrorCode.BAD_RESPONSE, ErrorCode.RESPONSE_NOT_JSON}:
        return "Check the base URL and the kind: something else may be listening there."
    return "Try again later."


def _load_one(config: ProviderConfig) -> str:
    if config.kind is ProviderKind.OLLAMA:
        return "Load one: ollama pull llama3.2"
    return "Load one into the server." if config.tier is Tier.LOCAL else "Ask for a key that has leave to use models."


def _is_listed(model: str, models: tuple[str, ...]) -> bool:
    """Vendors take names that they do not list: ``llama3.2`` for ``llama3.2:latest``, undated for dated ones."""
    return any(listed == model or listed.startswith((f"{model}:", f"{model}-")) for listed in models)
