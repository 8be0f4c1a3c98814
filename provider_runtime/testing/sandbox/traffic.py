"""One request and one answer, as the server hands them to the wires and back."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Self

import msgspec
from attrs import field, frozen

from provider_runtime.domain.catalog.providers import ProviderKind

_CREDENTIALS: Final = frozenset(
    {"authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "proxy-authorization"}
)
_OF_THE_CONNECTION: Final = frozenset({"host", "connection", "content-length", "accept-encoding"})


@frozen(kw_only=True)
class Arrival:
    """A request as it came in. Header names are lower case; ``number`` counts arrivals from 1."""

    number: int
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime

    @property
    def credential(self) -> str | None:
        """The key that came along, from whichever header carried one; ``x-api-key`` is looked at first."""
        key = self.headers.get("x-api-key", self.headers.get("x-goog-api-key"))
        if key is None:
            scheme, _, rest = self.headers.get("authorization", "").partition(" ")
            key = rest if scheme.lower() == "bearer" else None
        return key.strip() or None if key is not None else None


@frozen(kw_only=True)
class RecordedRequest:
    """A request as the sandbox remembers it: everything but the credential, of which only a digest is kept.

    ``wire`` is the kind of provider that was addressed, ``None`` for a path that nobody serves.
    ``headers`` leave out credentials and what belongs to the connection.
    """

    method: str
    path: str
    wire: ProviderKind | None
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    credential_sha256: str | None = None

    @classmethod
    def of(cls, arrival: Arrival, wire: ProviderKind | None) -> Self:
        """What is kept of ``arrival``."""
        key = arrival.credential
        hidden = _CREDENTIALS | _OF_THE_CONNECTION
        return cls(
            method=arrival.method,
            path=arrival.path,
            wire=wire,
            headers={name: value for name, value in arrival.headers.items() if name not in hidden},
            body=arrival.body,
            credential_sha256=None if key is None else sha256(key.encode()).hexdigest(),
        )

    @property
    def json(self) -> Any:
        """The body, parsed. Raises ``ValueError`` when it is not JSON."""
        return msgspec.json.decode(self.body)


@frozen(kw_only=True)
class Answer:
    """A whole answer, before any fault befalls it."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(factory=dict)


class Refused(Exception):
    """What a wire raises for a request that its vendor would turn down; the wire itself puts it into words.

    ``kind`` is the vendor's name for the class of error, ``code`` its own short name, ``param`` the
    field at fault.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param


def as_json(status: int, value: object, headers: Mapping[str, str], *, before: bytes = b"") -> Answer:
    """``value`` as a JSON answer; ``before`` is white space that some vendors send ahead of it."""
    body = before + msgspec.json.encode(value)
    return Answer(status=status, body=body, headers={"content-type": "application/json", **headers})


def object_in(body: bytes) -> dict[str, Any] | None:
    """The JSON object that ``body`` is, or ``None`` for anything else."""
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    return value if isinstance(value, dict) else None
