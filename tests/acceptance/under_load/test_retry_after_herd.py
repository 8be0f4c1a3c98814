"""A crowd that is told at once to come back in a second does not come back at once.

Who is asked to wait ``v`` seconds comes back after ``v + U(0, min(1, v / 10))`` (reliability §2.3).
That decides how thick the herd may be: of many that wait one second, half must fall in some 50 ms,
for all of them fall in 100 ms. The 20 % in 50 ms that §7 asks for hold from ``v = 2.5`` on.
"""

import asyncio
import math
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

import pytest
from hostile.plays import OK, Script, failure, for_try
from hostile.server import HostileServer
from under_load.clocks import SeededRandomness, StandingClock
from under_load.driving import Tally, hammer, upstream

from provider_runtime import RuntimeSettings, open_runtime

_WINDOW_S: Final = 0.050
_EACH: Final = 4  # as many retries as the budget of one runtime grants at once


def _later(*lines: bytes) -> Script:
    """Everybody is turned away once; those that come back are answered."""
    return for_try((failure(429, None, *lines),), (OK,))


async def _crowded(server: HostileServer, script: Script, runtimes: int, calls_each: int) -> tuple[list[float], Tally]:
    """When so many callers are to come back, by a clock that stood still while they were turned away."""
    server.add("busy", script)
    settings = RuntimeSettings(providers=[upstream(server, "busy")], deadline_s=60.0)
    due: list[float] = []
    async with AsyncExitStack() as stack:
        crowd = [
            await stack.enter_async_context(
                open_runtime(settings, clock=StandingClock(due), randomness=SeededRandomness(seed))
            )
            for seed in range(runtimes)
        ]
        tallies = await asyncio.gather(*(hammer(runtime, calls_each, calls_each) for runtime in crowd))
    return due, sum(tallies, Tally())


def _thickest(due: Sequence[float], window_s: float) -> float:
    """The largest share of ``due`` in any stretch of ``window_s``."""
    moments, first, most = sorted(due), 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] > window_s:
            first += 1
        most = max(most, last - first + 1)
    return most / len(moments)


def _by_chance(callers: int, share: float) -> float:
    """What ``share`` may come to in a sample: the bound of Dvoretzky, Kiefer and Wolfowitz, at one in a thousand."""
    return share + 2 * math.sqrt(math.log(2 * 1000) / (2 * callers))


@pytest.mark.parametrize(
    ("lines", "least_s", "spread_s"),
    [
        pytest.param([b"Retry-After: 1"], 1.0, 0.1, id="one second"),
        pytest.param([b"Retry-After: 2.5"], 2.5, 0.25, id="from here on a fifth at most"),
        pytest.param([b"Retry-After: 30"], 30.0, 1.0, id="half a minute"),
        pytest.param([], 0.5, 0.5, id="no word of when"),
    ],
)
@pytest.mark.parametrize("runtimes", [40, pytest.param(250, marks=pytest.mark.long)])
async def test_none_comes_back_early_none_late_and_they_are_spread_as_widely_as_promised(
    lines: list[bytes], least_s: float, spread_s: float, runtimes: int, server: HostileServer
) -> None:
    callers = runtimes * _EACH
    due, tally = await _crowded(server, _later(*lines), runtimes, _EACH)
    assert (tally.answered, len(due)) == (callers, callers)
    assert server.requests["busy"] == 2 * callers
    assert least_s <= min(due)
    assert max(due) < least_s + spread_s
    assert _thickest(due, _WINDOW_S) <= _by_chance(callers, _WINDOW_S / spread_s)
    assert _thickest(due, spread_s / 10) <= _by_chance(callers, 1 / 10)


@pytest.mark.parametrize("callers", [200, pytest.param(1000, marks=pytest.mark.long)])
async def test_of_a_crowd_on_one_runtime_only_a_handful_comes_back_at_all(callers: int, server: HostileServer) -> None:
    due, tally = await _crowded(server, _later(b"Retry-After: 1"), 1, callers)
    assert tally.calls == callers
    assert len(due) == tally.answered == _EACH
    assert all(1.0 <= moment < 1.1 for moment in due)
    assert tally.failed == {"rate_limited": callers - _EACH}
    assert tally.denied == {"retry_budget": callers - _EACH}
    assert server.requests["busy"] == callers + _EACH


async def test_who_is_asked_to_wait_longer_than_a_minute_does_not_come_back(server: HostileServer) -> None:
    due, tally = await _crowded(server, _later(b"Retry-After: 61"), 10, _EACH)
    assert (due, tally.denied) == ([], {"retry_after_too_long": 40})
