"""Finding: that something must not leave, told by kind and place, never by what it is."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from provider_runtime.domain.checks import count


class FindingKind(StrEnum):
    """What kind of thing was found."""

    KNOWN_SECRET = "known_secret"  # noqa: S105 - the name of a kind
    VENDOR_KEY = "vendor_key"  # begins as the credentials of a known service do
    PRIVATE_KEY = "private_key"  # a PEM block and its like
    JWT = "jwt"  # a signed token
    URL_PASSWORD = "url_password"  # noqa: S105 - as above
    AUTH_HEADER = "auth_header"  # an Authorization header, or what a command line makes one of
    ASSIGNMENT = "assignment"  # a name such as `password`, and a value that is none by chance
    PASSWORD_HASH = "password_hash"  # noqa: S105 - as above
    CUSTOM = "custom"  # a rule of the operator's own
    MARKER = "marker"  # a phrase that the operator says must stay here
    UNREADABLE = "unreadable"  # text that cannot be looked into: broken, or too tangled to finish


class Severity(StrEnum):
    """How sure it is that harm would be done."""

    CRITICAL = "critical"  # it is a secret
    HIGH = "high"  # it has the shape of one, which little else has
    MEDIUM = "medium"  # its surroundings say so


SEVERITIES: Final[Mapping[FindingKind, Severity]] = {
    FindingKind.KNOWN_SECRET: Severity.CRITICAL,
    FindingKind.PRIVATE_KEY: Severity.CRITICAL,
    FindingKind.VENDOR_KEY: Severity.HIGH,
    FindingKind.JWT: Severity.HIGH,
    FindingKind.URL_PASSWORD: Severity.HIGH,
    FindingKind.AUTH_HEADER: Severity.HIGH,
    FindingKind.MARKER: Severity.HIGH,
    FindingKind.UNREADABLE: Severity.HIGH,
    FindingKind.ASSIGNMENT: Severity.MEDIUM,
    FindingKind.PASSWORD_HASH: Severity.MEDIUM,
    FindingKind.CUSTOM: Severity.MEDIUM,
}


@frozen(kw_only=True)
class Place:
    """Where: a ``path`` such as ``messages[3].content``, ``url`` or ``headers.x-team``, and a range of bytes.

    ``start`` and ``end`` count bytes of the frozen body (of the URL, of the header's value): the whole
    text that holds what was found. Names that are not the wire's own are shown as ``*``.
    """

    path: str
    start: int = field(default=0, validator=count)
    end: int = field(default=0, validator=count)

    def __str__(self) -> str:
        return self.path


@frozen(kw_only=True)
class Finding:
    """One thing that must not leave. Quotes nothing of it.

    ``source`` names the service whose credentials look so, or the operator's rule. ``hidden_by``
    are the disguises that were taken off to see it (``base64``, ``percent`` …), outermost first.
    """

    kind: FindingKind = field(converter=FindingKind)
    where: Place
    source: str = ""
    hidden_by: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """How sure it is that harm would be done."""
        return SEVERITIES[self.kind]

    def __str__(self) -> str:
        what = f"{self.kind.value} ({self.source})" if self.source else self.kind.value
        return f"{what} at {self.where}"
