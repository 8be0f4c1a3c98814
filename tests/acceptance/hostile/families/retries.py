"""Servers that recover, say when to come back, or want to be asked for ever."""

import time
from email.utils import formatdate
from typing import Final

from hostile.plays import OK, Asked, Play, Script, Step, always, failure, for_try, in_turn, response, then_reset
from hostile.scenario import Scenario, scenario

_BAD_GATEWAY: Final = response(b"<html>502</html>", status=b"502 Bad Gateway", media=b"text/html")


def _recovers(name: str, *before: Step) -> Scenario:
    return scenario(name, for_try(*((step,) for step in before), (OK,)), "ok", str(len(before) + 1), "actual")


def _later(name: str, *lines: bytes) -> Scenario:
    return _recovers(name, failure(429, None, *lines))


def _date(seconds: float) -> bytes:
    return formatdate(time.time() + seconds, usegmt=True).encode()


def _by_date(name: str, ahead: float, *, clock: float | None = None) -> Scenario:
    """Come back ``ahead`` seconds from now, by a server whose clock is ``clock`` seconds fast, and says so."""

    def script(asked: Asked) -> Play:
        if asked.turn > 1:
            return (OK,)
        lines = [b"Retry-After: " + _date(ahead + (clock or 0))]
        if clock is not None:
            lines.append(b"Date: " + _date(clock))
        return (failure(429, None, *lines),)

    return scenario(name, script, "ok", "2", "actual")


def mixed() -> Script:
    """Every third request is reset, every fourth answered 500, the rest well."""

    def script(asked: Asked) -> Play:
        if asked.number % 3 == 0:
            return then_reset()
        return (failure(500),) if asked.number % 4 == 0 else (OK,)

    return script


RETRIES: Final = (
    _recovers("then_ok_503", failure(503), failure(503)),
    _recovers("then_ok_500", failure(500)),
    _recovers("then_ok_502_html", _BAD_GATEWAY),
    _recovers("then_ok_529", failure(529)),
    _recovers("then_ok_408", failure(408)),
    _recovers("then_ok_409", failure(409)),
    _recovers("then_ok_425", failure(425)),
    _later("retry_429_seconds", b"Retry-After: 1"),
    _later("retry_429_float", b"Retry-After: 0.7"),
    _later("retry_429_ms", b"Retry-After-Ms: 700", b"Retry-After: 30"),
    _by_date("retry_429_date", 2),
    _by_date("retry_429_date_skew", 2, clock=3600),
    _by_date("retry_429_past", -100),
    _later("retry_429_garbage", b"Retry-After: soon"),
    _later("retry_429_negative", b"Retry-After: -5"),
    _later("retry_429_nan", b"Retry-After: nan"),
    _later("retry_429_inf", b"Retry-After: inf"),
    _later("retry_429_zero", b"Retry-After: 0"),
    _later("retry_429_empty", b"Retry-After: "),
    _later("retry_429_list", b"Retry-After: 1, 2"),
    _later("retry_429_year", b"Retry-After: Fri, 29 Sep 100000 16:26:57 GMT"),
    _later("retry_429_unicode", "Retry-After: \u0661".encode()),
    scenario("retry_429_huge", always(failure(429, None, b"Retry-After: 86400")), "rate_limited", "1", "void"),
    scenario(
        "retry_429_overflow", always(failure(429, None, b"Retry-After: " + b"9" * 35)), "rate_limited", "1-3", "void"
    ),
    scenario(
        "should_retry_false",
        always(failure(503, None, b"X-Should-Retry: false")),
        "overloaded|server_error",
        "1",
        "void",
    ),
    scenario(
        "should_retry_true_forever",
        always(failure(500, None, b"X-Should-Retry: true", b"Retry-After: 0")),
        "server_error",
        "3",
        "void",
    ),
    scenario("flapping", in_turn((failure(503),), (OK,)), "ok", "1-2", "actual"),
    scenario(
        "mixed_faults",
        mixed(),
        "ok|connection_lost|server_error",
        "1-3",
        "actual|void|unconfirmed",
    ),
)
