"""Heads that are too large, hold what no header may hold, or want to be remembered."""

from typing import Final

from hostile.plays import GOOD, Asked, Play, always, response
from hostile.scenario import scenario

_ESCAPES: Final = b"\x1b[31mred\x1b[0m \xe2\x80\xae "
_COOKIES: Final = (b"Set-Cookie: a=1; Path=/", b"Set-Cookie: b=2; Domain=localhost; Path=/")


def _evil_id(_asked: Asked) -> Play:
    # Bare line ends would end the header: they go as far as a client lets them.
    return (response(GOOD, b"X-Request-Id: " + _ESCAPES + b"\tforged line " + b"x" * 7_000),)


HEADERS: Final = (
    scenario(
        "huge_header",
        always(response(GOOD, b"X-Big: " + b"h" * 1_000_000)),
        "protocol_error|too_large",
        "1-2",
        "unconfirmed",
        large=True,
    ),
    scenario(
        "many_headers",
        always(response(GOOD, *(b"X-%d: y" % number for number in range(20_000)))),
        "protocol_error|too_large|ok",
        "1-2",
        "unconfirmed|actual",
        large=True,
    ),
    scenario(
        "header_bad_chars",
        always(response(GOOD, b"X-Nul: a\x00b", b"X-Cr: a\rb")),
        "protocol_error|ok",
        "1-2",
        "unconfirmed|actual",
    ),
    scenario("set_cookie", always(response(GOOD, *_COOKIES)), "ok", "1", "actual", host="localhost"),
    scenario("evil_request_id", _evil_id, "ok|protocol_error", "1-2", "actual|unconfirmed"),
)
