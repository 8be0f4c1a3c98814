"""ConsentSettings: where consents are kept, and whose count."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from attrs import Attribute, field, frozen
from attrs.converters import optional

from provider_runtime.domain.calls.labels import check_identifier
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.identity import KeyId
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.seals import PublicKey


def _named(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
    try:
        check_identifier(_instance, attribute, value)
    except ValueError as fault:
        message = str(fault)
    else:
        return
    raise InvalidSettings(field=f"consents.{attribute.name}", message=message, remedy="Give a short name.")


def _key(given: PublicKey | KeyId | str) -> PublicKey | KeyId:
    if isinstance(given, PublicKey | KeyId):
        return given
    try:
        return PublicKey.parse(given)
    except (ValueError, AttributeError):
        pass
    raise InvalidSettings(
        field="consents.issuers.key",
        message="a key is a public key, written ed25519: and 64 hexadecimal digits, or the id of a key",
        remedy="Print it with the tool that made it: `provider-runtime consent key`.",
    )


def _seconds(_instance: object, attribute: "Attribute[float]", value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 86_400:
        raise InvalidSettings(
            field=f"consents.{attribute.name}",
            message=f"{attribute.name} must be more than 0 and at most 86400 seconds",
            remedy="Give a positive number of seconds.",
        )


def _is_a(*kinds: type) -> Callable[[object, "Attribute[Any]", object], None]:
    def check(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if not isinstance(value, kinds):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise InvalidSettings(
                field=f"consents.{attribute.name}",
                message=f"{attribute.name} must be {wanted}, not {type(value).__name__}",
                remedy=f"Give a {wanted}.",
            )

    return check


@frozen(kw_only=True)
class MemoryConsents:
    """Consents are kept in memory, by this runtime alone, and begin anew with the next. They need no signature."""


@frozen(kw_only=True)
class FileConsents:
    """Consents are kept in a folder of files, for good. Several processes may share it."""

    path: Path = field(converter=Path)


@frozen(kw_only=True)
class SqliteConsents:
    """Consents are kept in a SQLite file, for good. Several processes may share it."""

    path: Path = field(converter=Path)


@frozen(kw_only=True)
class TrustedIssuer:
    """Somebody whose decisions count: the name that stands in them, and the key that signs them.

    ``key`` is an Ed25519 public key, or the id of a key that a verifier of your own knows.
    """

    name: str = field(validator=_named)
    key: PublicKey | KeyId = field(converter=_key)


@frozen(kw_only=True)
class ConsentSettings:
    """Where consents are kept, and whose count.

    Decisions are recorded in the name of ``issuer``. With ``issuers``, only theirs count, and only
    signed; where consents are not kept in memory, none count without. ``revocations`` is a signed list
    of consents revoked elsewhere, which may not be older than ``revocations_max_age_s``. A ledger that
    does not answer within ``timeout_s`` has no consents. Raises ``InvalidSettings``.
    """

    place: MemoryConsents | FileConsents | SqliteConsents = field(
        factory=MemoryConsents, validator=_is_a(MemoryConsents, FileConsents, SqliteConsents)
    )
    issuers: tuple[TrustedIssuer, ...] = field(default=(), converter=tuple_of)
    issuer: str = field(default="runtime", validator=_named)
    revocations: Path | None = field(default=None, converter=optional(Path))
    revocations_max_age_s: float = field(default=300.0, validator=_seconds)
    timeout_s: float = field(default=2.0, validator=_seconds)

    @issuers.validator
    def _are_issuers(self, _attribute: "Attribute[object]", issuers: tuple[object, ...]) -> None:
        for number, issuer in enumerate(issuers):
            if not isinstance(issuer, TrustedIssuer):
                raise InvalidSettings(
                    field=f"consents.issuers[{number}]",
                    message=f"issuers[{number}] must be TrustedIssuer, not {type(issuer).__name__}",
                    remedy="Give a TrustedIssuer.",
                )

    @property
    def public_keys(self) -> tuple[PublicKey, ...]:
        """The Ed25519 keys of those whose decisions count."""
        return tuple(issuer.key for issuer in self.issuers if isinstance(issuer.key, PublicKey))

    @property
    def issuers_by_key(self) -> dict[KeyId, frozenset[str]]:
        """In whose names each key may sign."""
        names: dict[KeyId, set[str]] = {}
        for issuer in self.issuers:
            key_id = issuer.key.key_id if isinstance(issuer.key, PublicKey) else issuer.key
            names.setdefault(key_id, set()).add(issuer.name)
        return {key_id: frozenset(of_key) for key_id, of_key in names.items()}

    @property
    def max_age(self) -> timedelta:
        """How old a list of revocations may be."""
        return timedelta(seconds=self.revocations_max_age_s)
