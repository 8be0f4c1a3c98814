"""Connections that end before their time, or were never meant to be kept."""

from typing import Final

from hostile.plays import CLOSE, CLOSE_ON_NEXT, GOOD, OK, always, failure, for_try, head_only, response, then_reset
from hostile.scenario import scenario

_HALF_AN_ANSWER: Final = response(GOOD)[: -(len(GOOD) // 2)]
_HALF_A_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Ty"
_KEEP_ALIVE: Final = head_only(
    b"Content-Type: application/json", b"Connection: keep-alive", b"Content-Length: %d" % len(GOOD)
)

RESETS: Final = (
    scenario("reset_before_headers", always(*then_reset()), "connection_lost", "1-2", "unconfirmed"),
    scenario("close_before_headers", always(CLOSE), "connection_lost", "1-2", "unconfirmed"),
    scenario("reset_once_then_ok", for_try(then_reset(), (OK,)), "ok", "2", "actual"),
    scenario(
        "reset_mid_headers",
        always(*then_reset(_HALF_A_HEAD)),
        "connection_lost|protocol_error",
        "1-2",
        "unconfirmed",
    ),
    scenario("reset_mid_body", always(*then_reset(_HALF_AN_ANSWER)), "connection_lost", "1", "unconfirmed"),
    scenario("close_mid_body", always(_HALF_AN_ANSWER, CLOSE), "connection_lost", "1", "unconfirmed"),
    scenario("keepalive_close_race", always(_KEEP_ALIVE + GOOD, CLOSE_ON_NEXT), "ok", "1-2", "actual"),
    scenario("keepalive_lie", always(_KEEP_ALIVE + GOOD, CLOSE), "ok", "1-2", "actual"),
    scenario(
        "early_413_close",
        always(failure(413), CLOSE),
        "request_too_large|connection_lost",
        "1-2",
        "void|unconfirmed",
        on_head=True,
        prompt_bytes=4_000_000,
    ),
)
