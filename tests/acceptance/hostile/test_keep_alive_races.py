"""A server that closes kept connections at the worst moment, again and again: every call is answered all the same."""

import asyncio
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from attrs import evolve
from hostile.catalogue import SCENARIOS
from hostile.observing import Visitor, visiting
from hostile.plays import CLOSE, CLOSE_ON_NEXT, OK, RESET, Asked, Pause, Play, Script
from hostile.rules import kind_of
from hostile.server import HostileServer

from provider_runtime.testing.builders import a_request

_ROUNDS = 60
_RACE = evolve(SCENARIOS["keepalive_close_race"], name="race")


def _closing(*endings: Play) -> Script:
    """Every answer is correct; the connection ends in one of these ways after it, in turn."""
    return lambda asked: (OK, *endings[asked.number % len(endings)])


WAYS: dict[str, Script] = {
    "as the next request arrives": _closing((CLOSE_ON_NEXT,)),
    "with the answer": _closing((CLOSE,)),
    "just after the answer": _closing((Pause(0.0005), CLOSE)),
    "by a reset just after the answer": _closing((Pause(0.0005), RESET)),
    "now this way, now that": _closing((CLOSE_ON_NEXT,), (CLOSE,), (Pause(0.001), RESET), (), (Pause(0.002), CLOSE)),
}


async def _race(visitor: Visitor, rounds: int) -> list[str]:
    return [kind_of((await visitor.call()).outcome) for _ in range(rounds)]


@pytest.mark.parametrize(("way", "script"), WAYS.items(), ids=WAYS.keys())
async def test_one_call_after_the_other_is_answered_with_at_most_one_repeat_on_a_fresh_connection(
    way: str, script: Script, server: HostileServer, tmp_path: Path
) -> None:
    server.add("race", script)
    server.recent.clear()
    async with visiting(server, _RACE, tmp_path) as visitor:
        kinds = await _race(visitor, _ROUNDS)
        receipts = await visitor.runtime.receipts.list()

    asked = [asked for asked in server.recent if asked.scenario == "race"]
    assert kinds == ["ok"] * _ROUNDS
    assert all(len(receipt.record.attempts) <= 2 for receipt in receipts)
    assert all(again.on_connection == 1 for first, again in pairwise(asked) if again.body == first.body)
    assert visitor.clock.slept == [0.0] * len(visitor.clock.slept)  # a fresh connection is the cure, not time


async def test_many_calls_at_once_are_all_answered_though_every_kept_connection_goes_stale(
    server: HostileServer, tmp_path: Path
) -> None:
    answered: Counter[bytes] = Counter()

    def script(asked: Asked) -> Play:
        if asked.on_connection == 1:
            answered[asked.body] += 1
        return (OK, CLOSE_ON_NEXT)

    server.add("race", script)
    async with visiting(server, _RACE, tmp_path) as visitor:

        async def one(number: int) -> str:
            response = await visitor.runtime.run(a_request(f"question {number}", model="hostile:m"))
            return kind_of(response)

        waves = [await asyncio.gather(*(one(20 * wave + number) for number in range(20))) for wave in range(6)]

    assert [kind for wave in waves for kind in wave] == ["ok"] * 120
    assert set(answered.values()) == {1}  # nobody who had been answered asked again
    assert len(answered) == 120


@pytest.mark.long
async def test_a_thousand_rounds_of_every_way_at_once(server: HostileServer, tmp_path: Path) -> None:
    server.add("race", WAYS["now this way, now that"])
    async with visiting(server, _RACE, tmp_path) as visitor:
        kinds = await asyncio.gather(*(_race(visitor, 100) for _ in range(20)))
    assert [kind for some in kinds for kind in some] == ["ok"] * 2000
