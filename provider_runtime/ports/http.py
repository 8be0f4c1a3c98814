"""HttpTransport: one exchange over HTTP, with failures as values."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.domain.secrets import Secret


@frozen(kw_only=True)
class AuthHeader:
    """The header that carries the credential: its name, what stands before the secret, the secret."""

    name: str
    secret: Secret
    prefix: str = ""


@frozen(kw_only=True)
class HttpRequest:
    """One request. ``url`` is the whole address; ``body`` is sent byte for byte, or not at all if ``None``.

    ``tier`` and ``allowed_networks`` say which addresses the socket may dial.
    """

    method: str
    url: str
    tier: Tier
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes | None = field(default=None, repr=False)
    auth: AuthHeader | None = None
    allowed_networks: tuple[str, ...] = ()


@frozen(kw_only=True)
class HttpReply:
    """A whole answer: status, headers with lower-case names, body unpacked."""

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@frozen(kw_only=True)
class HttpFailure:
    """No whole answer. ``code`` says what happened, ``delivery`` how far the request got.

    ``reused``: it went over a connection that had answered before. ``may_heal``: sending again
    may help and is no worse than ``delivery`` says. ``detail`` and ``remedy`` are short texts of
    our own, never of the other side.
    """

    code: ErrorCode
    delivery: Delivery
    detail: str = ""
    reused: bool = False
    may_heal: bool = False
    remedy: str = ""


@runtime_checkable
class HttpTransport(Protocol):
    """Sends one request and reads one whole answer.

    A failure is returned, not raised, so that no traceback crosses the frame that holds the
    credential. Never follows a redirect, keeps a cookie, reads a proxy setting or sends again.
    The caller bounds the time; on cancellation the connection is dropped, never reused.
    The answer's size is bounded, packed and unpacked.
    """

    async def exchange(self, request: HttpRequest) -> HttpReply | HttpFailure: ...

    async def aclose(self) -> None:
        """Close every connection. Safe to call twice; an exchange afterwards is an error."""
        ...
