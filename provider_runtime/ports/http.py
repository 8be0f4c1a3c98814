"""HttpTransport: one exchange over HTTP, with failures as values."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from attrs import Attribute, field, frozen

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import CredentialBoundElsewhere, Delivery, ErrorCode
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.secrets import Secret
from provider_runtime.domain.values import sealed


@sealed
class AuthHeader:
    """The header that carries the credential: its name, what stands before the secret, the secret.

    ``origin`` is whom the secret may be sent to, and nobody else.
    """

    name: str
    secret: Secret
    origin: Origin
    prefix: str = ""


@sealed
class HttpRequest:
    """One request. ``url`` is the whole address; ``body`` is sent byte for byte, or not at all if ``None``.

    ``tier`` and ``allowed_networks`` say which addresses the socket may dial. ``fresh_connection``:
    over a connection that was opened for it, for those kept open may have gone stale. No request exists
    whose credential belongs to another origin than that of ``url``: making one raises
    ``CredentialBoundElsewhere``.
    """

    method: str
    url: str
    tier: Tier
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    auth: AuthHeader | None = field(default=None)
    allowed_networks: tuple[str, ...] = ()
    fresh_connection: bool = False

    @auth.validator
    def _goes_to_its_own_origin(self, _attribute: "Attribute[AuthHeader | None]", auth: AuthHeader | None) -> None:
        if auth is not None and not auth.origin.is_of(self.url):
            raise CredentialBoundElsewhere(
                bound_to=str(auth.origin),
                message=f"the credential belongs to {auth.origin}, and the request leads elsewhere",
                remedy="Send it to the origin it was registered for.",
            )


@sealed
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
