"""How long, how large and how many: the bounds of one transport."""

from attrs import field, frozen

from provider_runtime.domain.checks import number, whole

_POSITIVE = number(low=0.001)
_SOME = whole(low=1)


@frozen(kw_only=True)
class HttpLimits:
    """The bounds of one transport. Raises ``TypeError`` or ``ValueError`` for what bounds nothing.

    ``connect_timeout_s`` bounds the opening of one socket, TLS included; ``pool_timeout_s`` all that
    comes before a request is written: waiting for a free connection, looking up the name, trying
    each of its addresses. ``max_connections`` are open at a time for one tier (and one list of
    allowed networks). ``max_response_bytes`` bounds a body, packed and unpacked; of an error's body
    ``max_error_bytes`` are read. ``max_header_bytes`` bounds one header line.
    """

    connect_timeout_s: float = field(default=5.0, validator=_POSITIVE)
    pool_timeout_s: float = field(default=10.0, validator=_POSITIVE)
    max_connections: int = field(default=1000, validator=_SOME)
    max_response_bytes: int = field(default=8 * 1024 * 1024, validator=_SOME)
    max_error_bytes: int = field(default=64 * 1024, validator=_SOME)
    max_header_bytes: int = field(default=8190, validator=_SOME)
    max_headers: int = field(default=128, validator=_SOME)
