"""Headers that a caller adds to a request: checked once, in lower case, never those that are ours to set."""

import re
from typing import Any, Final

from attrs import Attribute

from provider_runtime.domain.json_values import JsonObject, freeze_object

_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,128}\Z")
_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?\Z")

# Who asks, how the request is framed and how it travels is not a caller's to say: credentials go
# through a credential source, bound to an origin, and a second opinion on framing is how requests
# are smuggled.
RESERVED: Final = frozenset(
    (
        *("authorization", "api-key", "x-api-key", "x-goog-api-key", "proxy-authorization", "cookie"),
        *("accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type"),
        *("expect", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    )
)


def headers_of(value: object) -> JsonObject:
    """A mapping of header names to values, names in lower case and in order. Raises ``ValueError``."""
    given = freeze_object(value)
    lowered = {name.lower(): text for name, text in given.items()}
    if len(lowered) != len(given):
        raise ValueError("headers: a name stands twice")
    return JsonObject(sorted(lowered.items()))


def check_headers(_instance: object, attribute: "Attribute[Any]", headers: JsonObject) -> None:
    """Each a valid name and printable ASCII; none of those in ``RESERVED``. Quotes no value."""
    for name, value in headers.items():
        check_header_name(_instance, attribute, name)
        if not isinstance(value, str) or not _VALUE.match(value):
            raise ValueError(f"{attribute.name}[{name!r}] must be 1 to 4096 printable ASCII characters")


def check_header_name(_instance: object, attribute: "Attribute[Any]", name: object) -> None:
    """The name of a header that is a caller's to set, in lower case."""
    if not isinstance(name, str) or not _NAME.match(name):
        raise ValueError(f"{attribute.name}: {name!r:.70} is no header name in lower case")
    if name in RESERVED:
        raise ValueError(f"{attribute.name}: {name} is not a caller's to set; credentials go through `credential`")
