"""Callers leave at any moment, under limits, fallback, an open circuit, and names: nothing is held on to."""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random

import pytest
from hostile.plays import HANG, OK, Asked, Pause, Play, Script, always, failure
from hostile.server import HostileServer
from under_load.books import Books
from under_load.clocks import FastClock, StandingClock
from under_load.driving import hammer, in_flight, upstream, what_stays
from under_load.faults import Faulty, answer, number_in, saying
from under_load.leaving import Callers, DistantOutcomes, is_named, question
from under_load.process import Held

from provider_runtime import (
    CallOptions,
    FallbackPolicy,
    MemoryReceipts,
    ProviderError,
    ProviderId,
    ProviderRuntime,
    RateLimits,
    RetryPolicy,
    RuntimeSettings,
    SqliteReceipts,
    open_runtime,
)
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.origins import origin_of

_UPSTREAM = ProviderId("upstream")
_STRETCH = 60


def _ups_and_downs(faulty: Faulty) -> Script:
    """Now down, now up and as ``faulty`` as ever; half of what goes well comes in two pieces."""

    def script(asked: Asked) -> Play:
        play = faulty(asked)
        if asked.number // _STRETCH % 3 == 2:
            return (failure(503),)
        number = number_in(asked.body)
        whole = answer(number)
        return (whole[:-20], Pause(0.004), whole[-20:]) if play == (whole,) and number % 2 else play

    return script


async def _left_alone(server: HostileServer, spare: HostileServer, folder: Path, calls: int, *, on_disk: bool) -> None:
    books, clock = Books(calls), FastClock(1000)
    server.add("rough", _ups_and_downs(Faulty(5, 0.2, books.counted)))
    spare.add("calm", Faulty(6, 0.05, books.counted))
    settings = RuntimeSettings(
        providers=[upstream(server, "rough"), upstream(spare, "calm", "spare")],
        limits={"upstream": RateLimits(concurrent_calls=12, requests_per_minute=100), "spare": RateLimits()},
        fallback=FallbackPolicy(alternatives=["spare:m"], even_if_billed=True),
        receipts=SqliteReceipts(path=folder / "receipts.db") if on_disk else MemoryReceipts(keep=calls),
        deadline_s=6000.0,
    )
    await asyncio.to_thread(int)  # the loop's own threads are there before the first count of what is held
    before = Held.now()
    async with open_runtime(settings, clock=clock, outcomes=DistantOutcomes(), event_sink=books) as runtime:
        callers = Callers(runtime, Random(calls))  # noqa: S311 - a die
        await in_flight(48, (partial(callers.one, number) for number in range(calls)))
        assert callers.strange == []
        assert min(callers.left, callers.answered) > calls / 20, (callers.left, callers.answered, callers.failed)
        _nothing_is_held(runtime, server)
        await _whoever_began_has_a_receipt(runtime, books, callers)
        await _all_is_well_again(runtime, server, clock)
        await _no_name_is_taken(runtime, calls)
    assert await what_stays(before, server, spare) == before


def _nothing_is_held(runtime: ProviderRuntime, server: HostileServer) -> None:
    pacing = runtime.sending.resilience.pacings.of(_UPSTREAM)
    assert pacing is not None
    assert (pacing.under_way, pacing.waiting) == (0, 0)
    origin = origin_of(server.origin)
    assert origin is not None
    assert runtime.sending.resilience.origins.of(origin).circuit.probe_until is None, "a probe holds its place"


async def _no_name_is_taken(runtime: ProviderRuntime, calls: int) -> None:
    """Whoever asks again under a name hears what became of the call, or makes it; nobody else is making it."""
    for number in range(8, calls, 10):
        with suppress(ProviderError):  # what may have been paid for, and is told again
            told = await runtime.run(question(number), CallOptions(call_id=CallId(f"named-{number}")))
            assert told.text == saying(number)


async def _whoever_began_has_a_receipt(runtime: ProviderRuntime, books: Books, callers: Callers) -> None:
    await runtime.receipts.flush()
    wrong = await books.audit(runtime.receipts, sum(books.started))
    assert wrong == []
    assert books.receipts == books.started == books.ended
    began = {number for number in callers.began if not is_named(number)}
    assert began == {number for number in range(books.calls) if books.receipts[number] and not is_named(number)}
    assert max(books.receipts) == 1
    for number in began:  # what was on its way when its caller left may or may not have been read
        assert books.counted[number] <= books.recorded[number]


async def _all_is_well_again(runtime: ProviderRuntime, server: HostileServer, clock: FastClock) -> None:
    server.add("rough", lambda asked: (answer(number_in(asked.body)),))
    await clock.sleep(150)  # no pause of a circuit is longer
    for number in range(20):
        assert (await runtime.run(question(number))).text == saying(number)


@pytest.mark.parametrize("on_disk", [False, True], ids=["receipts in memory", "receipts on disk"])
@pytest.mark.parametrize("calls", [400, pytest.param(10_000, marks=pytest.mark.long)])
async def test_whoever_leaves_whenever_nothing_of_the_call_stays_behind(
    calls: int, server: HostileServer, spare: HostileServer, tmp_path: Path, *, on_disk: bool
) -> None:
    await _left_alone(server, spare, tmp_path, calls, on_disk=on_disk)


async def test_of_many_who_come_after_a_pause_one_finds_out_and_when_it_leaves_the_next(server: HostileServer) -> None:
    clock, asked = StandingClock(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def silent(_asked: Asked) -> Play:
        loop.call_soon_threadsafe(asked.set)
        return (HANG,)

    server.add("moody", always(failure(503)))
    settings = RuntimeSettings(providers=[upstream(server, "moody")], retry=RetryPolicy(max_attempts=1))
    async with open_runtime(settings, clock=clock) as runtime:
        await hammer(runtime, 5, 1)
        server.add("moody", silent)
        clock.advance(12)  # ten seconds, and a fifth of them
        for _ in range(10):
            asked.clear()
            probe = asyncio.create_task(runtime.run(question(1)))
            async with asyncio.timeout(5):
                await asked.wait()
            assert (await hammer(runtime, 20, 20)).failed == {"circuit_open": 20}
            probe.cancel()
            await asyncio.wait([probe])
        server.add("moody", always(OK))
        assert (await hammer(runtime, 20, 1)).answered == 20
    assert server.requests["moody"] == 5 + 10 + 20
