"""Where a credential comes from, and whom it may be given to. Source: semantics D.4; decision 0016."""

from enum import StrEnum
from typing import Final, TypeAlias

from attrs import field, frozen

from provider_runtime.domain.catalog.credentials import (
    CredentialRef,
    EnvCredential,
    KeyFileCredential,
    KeyringCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import CredentialBoundElsewhere, CredentialMissing
from provider_runtime.domain.origins import Origin, origin_of
from provider_runtime.domain.secrets import Secret
from provider_runtime.domain.values import sealed


class SourceKind(StrEnum):
    """The kinds of sources, in the order in which they are asked."""

    CALL = "call"  # CallOptions.credential
    RUNTIME = "runtime"  # RuntimeSettings.credentials
    NAMED_KEY = "named_key"  # the four that a provider record can refer to
    KEY_FILE = "key_file"
    KEYRING = "keyring"
    ENVIRONMENT = "env"
    TOKEN_PROVIDER = "token_provider"  # noqa: S105 - the name of a source, not a secret


@frozen
class CredentialSource:
    """One place that may know a credential. Printed as ``call``, ``key_file`` or ``env:OPENAI_API_KEY``."""

    kind: SourceKind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.name}" if self.kind is SourceKind.ENVIRONMENT else self.kind.value


_CALL: Final = (CredentialSource(SourceKind.CALL),)
_RUNTIME: Final = (CredentialSource(SourceKind.RUNTIME),)
_TOKEN_PROVIDER: Final = (CredentialSource(SourceKind.TOKEN_PROVIDER),)


@sealed
class FoundCredential:
    """The credential for one attempt, and which source knew it."""

    secret: Secret
    source: CredentialSource


@frozen(kw_only=True)
class NoCredential:
    """No source knows one. ``tried`` are those that were asked, in order; ``remedy`` the last one's own advice."""

    tried: tuple[CredentialSource, ...] = ()
    remedy: str = ""


CredentialAnswer: TypeAlias = FoundCredential | NoCredential


@frozen(kw_only=True)
class CredentialReport:
    """What a call to ``provider`` would find, told without the credential.

    ``source`` would answer; ``None`` when nobody would, and then ``tried`` says who was asked.
    ``bound_to`` is the origin it may be sent to. ``problem`` is what a call would fail with, if it would.
    """

    provider: str
    source: CredentialSource | None = None
    tried: tuple[CredentialSource, ...] = ()
    bound_to: str | None = None
    problem: str = field(default="")


def sources_in_order(
    reference: CredentialRef | None,
    *,
    call: bool = False,
    runtime: bool = False,
    token_provider: bool = False,
    token_provider_only: bool = False,
) -> tuple[CredentialSource, ...]:
    """The sources to ask for one provider; the first that knows a credential decides.

    ``call``, ``runtime`` and ``token_provider`` say which of these there are. With
    ``token_provider_only`` every other source is passed over, the call's own included.
    """
    last = _TOKEN_PROVIDER if token_provider else ()
    if token_provider_only:
        return last
    return (_CALL if call else ()) + (_RUNTIME if runtime else ()) + sources_of(reference) + last


def sources_of(reference: CredentialRef | None) -> tuple[CredentialSource, ...]:
    """The sources that a provider record refers to: none, one, or several environment variables."""
    match reference:
        case None:
            return ()
        case EnvCredential(alternatives=()):
            return (CredentialSource(SourceKind.ENVIRONMENT, reference.name),)
        case EnvCredential():
            return tuple(CredentialSource(SourceKind.ENVIRONMENT, name) for name in reference.names)
        case KeyFileCredential():
            return (CredentialSource(SourceKind.KEY_FILE, reference.path),)
        case NamedKeyCredential():
            return (CredentialSource(SourceKind.NAMED_KEY, reference.name),)
        case KeyringCredential():
            return (CredentialSource(SourceKind.KEYRING, reference.name),)


def fault_of_binding(record: ProviderConfig) -> CredentialBoundElsewhere | None:
    """Why the credential of ``record`` may not go to its base URL, or ``None``: the address was changed afterwards."""
    if record.bound_to is None:
        return None
    origin = origin_of(record.base_url)
    if origin is None or str(origin) == record.bound_to:
        return None  # what is no base URL is refused as such
    return bound_elsewhere(
        record, record.bound_to, origin, remedy="If the change of address was meant, say so: config.rebound()."
    )


def bound_elsewhere(
    record: ProviderConfig, bound_to: str, origin: Origin | None, *, remedy: str
) -> CredentialBoundElsewhere:
    """The refusal to send a credential that is bound to ``bound_to`` to ``origin``."""
    return CredentialBoundElsewhere(
        provider=record.provider_id,
        bound_to=bound_to,
        origin=str(origin or ""),
        message=f"the credential of {record.provider_id} is bound to {bound_to}, and {origin} would get it",
        remedy=remedy,
    )


def missing(record: ProviderConfig, answer: NoCredential) -> CredentialMissing:
    """The error for a call that needs a credential where no source knows one."""
    names = record.credential.names if isinstance(record.credential, EnvCredential) else ()
    return CredentialMissing(
        provider=record.provider_id,
        env_candidates=names,
        message=f"no credential is known for provider {record.provider_id}",
        remedy=answer.remedy or _remedy(record),
    )


def _remedy(record: ProviderConfig) -> str:
    match record.credential:
        case EnvCredential():
            names = " or ".join(record.credential.names)
            return f"Set the environment variable {names} before the runtime opens, or hand a key over."
        case KeyFileCredential():
            return "Put the key, and nothing else, into the key file that the provider record names."
        case NamedKeyCredential(name=name):
            return f"Put the key into the secret store under {name!r:.80}, and give the runtime that store."
        case KeyringCredential():
            return "Put the key into the keyring of the operating system under the service and name of the record."
    return f'Hand a key over: builder().with_api_key("{record.provider_id}", …), or CallOptions(credential=…).'
