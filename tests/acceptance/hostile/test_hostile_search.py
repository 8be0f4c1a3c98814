"""The search finds what is planted, in every place and every dress; the rules find what is broken."""

import logging
import secrets
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest
from attrs import evolve
from hostile.catalogue import SCENARIOS
from hostile.leaks import LogSink, gave_away, needles, told_by, told_by_files
from hostile.observing import Observed, visiting
from hostile.rules import broken_rules
from hostile.server import HostileServer

CANARY = f"sk-{secrets.token_hex(16)}"
NEEDLES = needles(CANARY)


@pytest.mark.parametrize(
    "dress",
    [
        CANARY,
        CANARY[4:18],
        CANARY[::-1],
        CANARY.encode().hex(),
        quote(CANARY),
        *(b64encode(b"=" * before + CANARY.encode() + b"more").decode() for before in range(4)),
    ],
    ids=["plain", "a piece", "reversed", "hex", "percent", *(f"base64 after {n}" for n in range(4))],
)
def test_a_canary_is_found_in_every_dress(dress: str) -> None:
    assert gave_away(f"something {dress} something", NEEDLES)
    assert not gave_away(f"something {dress[:8]} something", NEEDLES)


def _raised(how: str) -> BaseException:
    try:
        if how == "a local variable":
            library = compile(f"held = {CANARY!r}\nraise KeyError", "some/library.py", "exec")
            exec(library)  # noqa: S102 - a frame of another file
        if how == "cause":
            raise KeyError from ValueError(CANARY)  # noqa: TRY301 - raised to be looked at
        if how == "suppressed context":
            try:
                raise ValueError(CANARY)  # noqa: TRY301 - as above
            except ValueError:
                raise KeyError from None
    except KeyError as error:
        return error
    error = KeyError(CANARY) if how == "argument" else KeyError()
    if how == "note":
        error.add_note(CANARY)
    if how == "attribute":
        error.held = CANARY  # type: ignore[attr-defined]
    return ExceptionGroup("some", [error]) if how == "group" else error


@pytest.mark.parametrize(
    "how", ["argument", "note", "attribute", "a local variable", "cause", "suppressed context"], ids=str
)
def test_a_canary_is_found_wherever_an_exception_holds_it(how: str) -> None:
    assert any(gave_away(line, NEEDLES) for line in told_by(_raised(how)))


@pytest.mark.parametrize("how", ["message", "argument", "extra", "traceback"])
def test_a_canary_is_found_wherever_a_log_record_holds_it(how: str) -> None:
    sink, logger = LogSink(), logging.Logger("planted")  # noqa: LOG001 - one that nobody else can reach
    logger.addHandler(sink)
    match how:
        case "message":
            logger.debug(CANARY)
        case "argument":
            logger.debug("%.2s", CANARY)
        case "extra":
            logger.debug("nothing", extra={"held": CANARY})
        case "traceback":
            logger.debug("nothing", exc_info=_raised("cause"))
    assert any(gave_away(line, NEEDLES) for line in sink.told)


def test_a_canary_is_found_in_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\xff\0" + CANARY.encode())
    assert any(gave_away(line, NEEDLES) for line in told_by_files(tmp_path))


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": KeyError()},
        {"elapsed_s": 30.0},
        {"blocked_s": 0.5},
        {"requests": 4},
        {"requests": 0},
        {"waits": (1.0,)},
    ],
    ids=str,
)
async def test_a_rule_that_is_broken_is_named(change: dict[str, object], server: HostileServer, tmp_path: Path) -> None:
    async with visiting(server, SCENARIOS["ok"], tmp_path) as visitor:
        seen: Observed = await visitor.call()
    assert list(broken_rules(SCENARIOS["ok"], seen)) == []
    assert list(broken_rules(SCENARIOS["ok"], evolve(seen, **change)))
