"""Servers that take their time: the deadline is for the whole call, whatever trickles in."""

from typing import Final

from hostile.plays import GOOD, HANG, OK, always, bytewise, head_only, response
from hostile.scenario import scenario

_DEADLINE_S: Final = 0.4
_HALF: Final = len(GOOD) // 2

SLOW: Final = (
    scenario("no_response", always(HANG), "timeout", "1", "unconfirmed", deadline_s=_DEADLINE_S),
    scenario("slow_headers", always(*bytewise(OK, 0.1)), "timeout", "1", "unconfirmed", deadline_s=_DEADLINE_S),
    scenario(
        "slow_body",
        always(response(GOOD)[: -len(GOOD)], *bytewise(GOOD, 0.1)),
        "timeout",
        "1",
        "unconfirmed",
        deadline_s=_DEADLINE_S,
    ),
    scenario(
        "stall_mid_body", always(response(GOOD)[:-_HALF], HANG), "timeout", "1", "unconfirmed", deadline_s=_DEADLINE_S
    ),
    scenario(
        "cl_too_long_open",
        always(head_only(b"Content-Type: application/json", b"Content-Length: %d" % (len(GOOD) + 1)) + GOOD, HANG),
        "timeout",
        "1",
        "unconfirmed",
        deadline_s=_DEADLINE_S,
    ),
)
