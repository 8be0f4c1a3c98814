"""The head of a request as bytes: written here, so that nothing gets into it unchecked."""

import re
from typing import Final

from attrs import define, field, frozen

from provider_runtime.ports.http import HttpRequest

# What stands in the request line must not end it early, nor be read as another host.
_URL: Final = re.compile(
    r"(https?)://((?:[A-Za-z0-9.-]++|\[[0-9A-Fa-f:.]++\])(?::[0-9]{1,5}+)?+)(/[\x21\x22\x24-\x5b\x5d-\x7e]*+)?+"
)
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_METHODS: Final = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))
_BODILESS: Final = frozenset(("GET", "HEAD", "OPTIONS"))
# A name cannot hold `: `, so a header line has one reading.
_NAME: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}+"
_HEADER: Final = re.compile(_NAME + r": [\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_OPENING: Final = re.compile(_NAME + r": (?:[\x21-\x7e][\x20-\x7e]*)?")

# Framing, routing and packing belong to the transport; a second opinion on them is how requests are smuggled.
_OWNED: Final = frozenset(
    (
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
_REMEMBERED: Final = 64


class UnfitRequest(Exception):
    """The request cannot be written as one HTTP request. The text names the place, never a value."""


@define(eq=False)
class HeadWriter:
    """Writes request heads, and remembers those it has checked: a provider's is the same call after call."""

    user_agent: str
    _checked: "dict[tuple[str, str], _CheckedHead]" = field(factory=dict, init=False, repr=False)

    def head_of(self, request: HttpRequest) -> bytes:
        """The request line and the headers, up to the secret where there is one, and without the empty line.

        Headers are sorted: equal requests give equal bytes. ``accept-encoding: identity`` asks for
        answers that need no unpacking. Raises ``UnfitRequest``.
        """
        place = (request.method, request.url)
        known = self._checked.get(place)
        auth = request.auth
        opening = "" if auth is None else f"{auth.name}: {auth.prefix}"
        if known is None or known.headers != request.headers or known.opening != opening:
            lines = _checked_head(request, opening, self.user_agent)
            known = _CheckedHead(dict(request.headers), opening, lines, opening.encode("ascii"))
            if len(self._checked) >= _REMEMBERED:
                self._checked.clear()
            self._checked[place] = known
        if request.body is None and request.method in _BODILESS:
            return known.lines + known.last
        return b"%bcontent-length: %d\r\n%b" % (known.lines, len(request.body or b""), known.last)


@frozen
class _CheckedHead:
    """A head that was found fit, and what it was made of."""

    headers: dict[str, str]
    opening: str  # of the credential's line, up to the secret
    lines: bytes
    last: bytes


def _checked_head(request: HttpRequest, opening: str, user_agent: str) -> bytes:
    match = _URL.fullmatch(request.url)
    if match is None:
        raise UnfitRequest("the URL holds something that no request line can carry")
    if request.method not in _METHODS:
        raise UnfitRequest("the method is none that a provider is asked with")
    scheme, authority, target = match.groups()
    lines = [
        f"{request.method} {target or '/'} HTTP/1.1",
        f"host: {authority.removesuffix(_DEFAULT_PORTS[scheme])}",
        "accept-encoding: identity",
    ]
    names = [name.lower() for name in request.headers]
    if opening:
        if _OPENING.fullmatch(opening) is None:
            raise UnfitRequest("what stands before the credential is not printable ASCII")
        names.append(opening.partition(":")[0].lower())
    if len(set(names)) != len(names):
        raise UnfitRequest("a header is given twice")
    if not _OWNED.isdisjoint(names):
        raise UnfitRequest(f"header {min(_OWNED & set(names))} is set by the transport")
    if "user-agent" not in names:
        lines.append(f"user-agent: {user_agent}")
    for name, value in sorted(request.headers.items()):
        line = f"{name}: {value}"
        if _HEADER.fullmatch(line) is None:
            raise UnfitRequest("a header is empty, or holds something other than printable ASCII")
        lines.append(line)
    return "\r\n".join([*lines, ""]).encode("ascii")
