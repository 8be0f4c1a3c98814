"""A provider in trouble is not made worse: second tries stay few, however many calls there are.

Source: reliability §2.5 and §7. With a budget of ten tokens, of which five may be spent, a dead
provider gets at most five requests more than there are calls; ``_SLACK`` is what §7 grants. Not
from the budget are repeats after a kept connection had gone stale: a provider that answers nothing
keeps no connection, so to one that is dead they add nothing.
"""

from typing import Final

import pytest
from hostile.plays import CLOSE, GOOD, OK, Script, always, failure, in_turn, response, then_reset
from hostile.server import HostileServer
from under_load.clocks import StandingClock
from under_load.driving import Tally, hammer, upstream

from provider_runtime import RetryPolicy, RuntimeSettings, open_runtime

_SLACK: Final = 50
_WIDTH: Final = 32
_MANY: Final = 10_000

DEAD: dict[str, Script] = {"503 always": always(failure(503)), "reset always": always(*then_reset())}
# Its good answers end their connections: what is lost was never on one that had answered before.
HALF_DEAD: dict[str, Script] = {
    "every second 503": in_turn((failure(503),), (OK,)),
    "every second reset": in_turn(then_reset(), (response(GOOD, b"Connection: close"), CLOSE)),
}


async def _hammered(
    server: HostileServer,
    script: Script,
    calls: int,
    *,
    circuit: bool,
    width: int = _WIDTH,
    seconds_a_call: float = 0.0,
) -> tuple[int, Tally]:
    """How many requests so many calls made, of which each came ``seconds_a_call`` after the one before."""
    settings = RuntimeSettings(
        providers=[upstream(server, "trouble")], circuit=circuit, retry=RetryPolicy(initial_backoff_ms=1)
    )
    server.add("trouble", script)
    clock = StandingClock()
    async with open_runtime(settings, clock=clock) as runtime:
        tally = await hammer(runtime, calls, width, before_each=lambda: clock.advance(seconds_a_call))
    assert tally.calls == calls
    return server.requests["trouble"], tally


@pytest.mark.parametrize("how", DEAD)
@pytest.mark.parametrize("calls", [300, pytest.param(_MANY, marks=pytest.mark.long)])
async def test_a_dead_provider_gets_hardly_more_requests_than_there_are_calls(
    how: str, calls: int, server: HostileServer
) -> None:
    requests, tally = await _hammered(server, DEAD[how], calls, circuit=False)
    assert calls <= requests <= calls + _SLACK
    assert tally.answered == 0
    assert tally.denied["retry_budget"] >= calls - _SLACK


@pytest.mark.parametrize("how", HALF_DEAD)
@pytest.mark.parametrize("calls", [300, pytest.param(_MANY, marks=pytest.mark.long)])
async def test_a_half_dead_provider_gets_at_most_a_tenth_more(how: str, calls: int, server: HostileServer) -> None:
    requests, tally = await _hammered(server, HALF_DEAD[how], calls, circuit=False)
    assert calls <= requests <= 1.10 * calls + _SLACK
    assert tally.answered >= requests // 2 - _WIDTH


@pytest.mark.parametrize("calls", [300, pytest.param(_MANY, marks=pytest.mark.long)])
async def test_where_kept_connections_are_lost_only_those_on_their_way_over_them_are_asked_twice(
    calls: int, server: HostileServer
) -> None:
    requests, _ = await _hammered(server, in_turn(then_reset(), (OK,)), calls, circuit=False)
    assert requests <= 1.10 * calls + _SLACK + _WIDTH


@pytest.mark.parametrize("how", DEAD)
@pytest.mark.parametrize("calls", [300, pytest.param(_MANY, marks=pytest.mark.long)])
async def test_with_a_circuit_only_those_ask_who_were_on_their_way_when_it_opened(
    how: str, calls: int, server: HostileServer
) -> None:
    requests, tally = await _hammered(server, DEAD[how], calls, circuit=True)
    assert requests <= 5 + _WIDTH + 5  # five in a row open it; others are under way, and a few tried again
    assert tally.failed["circuit_open"] >= calls - requests


@pytest.mark.parametrize("how", HALF_DEAD)
@pytest.mark.parametrize("calls", [300, pytest.param(_MANY, marks=pytest.mark.long)])
async def test_with_a_circuit_a_half_dead_provider_is_soon_left_alone(
    how: str, calls: int, server: HostileServer
) -> None:
    requests, tally = await _hammered(server, HALF_DEAD[how], calls, circuit=True)
    # No bound to the last request: while failures take longer than answers, more answers than failures have come in.
    assert requests <= calls // 2
    assert tally.failed["circuit_open"] >= calls - requests


@pytest.mark.parametrize("how", DEAD)
async def test_a_provider_that_stays_dead_is_asked_ever_less_often(how: str, server: HostileServer) -> None:
    minutes, calls = 10, 3000
    requests, tally = await _hammered(
        server, DEAD[how], calls, circuit=True, width=1, seconds_a_call=minutes * 60 / calls
    )
    # Five open it. Pauses are of 10, 20, 40, 80 and then 120 seconds, a fifth more or less; after each, one asks.
    assert 5 + 6 <= requests <= 5 + 9
    assert tally.failed["circuit_open"] >= calls - requests
