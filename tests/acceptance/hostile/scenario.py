"""A scenario: what the server does, and what a good client makes of it, in the words of the table of scenarios."""

from typing import Final

from attrs import field, frozen
from attrs.validators import deep_iterable, in_
from hostile.plays import ANSWER, Script

KINDS: Final = frozenset(
    (
        *("ok", "timeout", "connection_lost", "protocol_error", "bad_response", "too_large", "redirect_blocked"),
        *("auth", "permission", "not_found", "invalid_request", "conflict", "rate_limited", "quota_exhausted"),
        *("overloaded", "server_error", "request_too_large"),
    )
)
SETTLED: Final = frozenset(("actual", "void", "unconfirmed", "estimate"))


def _alternatives(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


def _bounds(text: str) -> tuple[int, int]:
    least, _, most = text.partition("-")
    return int(least), int(most or least)


@frozen(kw_only=True)
class Scenario:
    """``expect``: answers and errors that are right. ``requests``: least and most of them for one call.

    ``settle``: what of the last try would be posted. ``text``: the answer, where one is due.
    ``deadline_s`` bounds a call; ``prompt_bytes`` is how long its question is; ``host`` how the
    server is called. ``large``: it is the size that is hostile.
    """

    name: str
    script: Script
    expect: frozenset[str] = field(validator=deep_iterable(in_(KINDS)))
    requests: tuple[int, int]
    settle: frozenset[str] = field(validator=deep_iterable(in_(SETTLED)))
    text: str | None = ANSWER
    deadline_s: float = 20.0
    prompt_bytes: int = 0
    host: str = "127.0.0.1"
    large: bool = False
    on_head: bool = False


def scenario(name: str, script: Script, expect: str, requests: str, settle: str, /, **more: object) -> Scenario:
    """One row of the table: alternatives are parted by ``|``, least and most by ``-``."""
    return Scenario(
        name=name,
        script=script,
        expect=_alternatives(expect),
        requests=_bounds(requests),
        settle=_alternatives(settle),
        **more,
    )
