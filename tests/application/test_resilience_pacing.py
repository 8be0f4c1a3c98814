"""Waiting for one's turn: order, bounds, deadlines, and leaving early."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from provider_runtime.adapters.system import SystemClock
from provider_runtime.application.resilience.pacing import Pacing, Pacings, Place
from provider_runtime.domain.errors import Billed, ErrorCode, RateLimitWait
from provider_runtime.domain.identity import OPENAI, ProviderId
from provider_runtime.domain.policy.resilience.rate_limits import RateLimitHint, RateLimits
from provider_runtime.testing.fakes import FrozenClock

FAR = 1e6


@define
class SteppedClock(FrozenClock):
    """Whoever sleeps wakes up when somebody has let enough time pass."""

    _sleepers: list["asyncio.Future[None]"] = field(factory=list, init=False)

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        while self.monotonic() < until:
            sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._sleepers.append(sleeper)
            await sleeper

    async def pass_by(self, seconds: float) -> None:
        self.advance(seconds)
        sleepers, self._sleepers = self._sleepers, []
        for sleeper in sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        await everybody_had_a_turn()


async def everybody_had_a_turn() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


def a_pacing(clock: FrozenClock, *, max_waiting: int = 100, **limits: int) -> Pacing:
    return Pacing(provider=OPENAI, limits=RateLimits(**limits), clock=clock, max_waiting=max_waiting)


def task(work: Coroutine[Any, Any, Place]) -> "asyncio.Task[Place]":
    return asyncio.get_running_loop().create_task(work)


def admission(pacing: Pacing, scope: str = "", *, tokens: int = 0, deadline: float = FAR) -> "asyncio.Task[Place]":
    return task(pacing.admit(tokens=tokens, deadline=deadline, scope=scope))


def nobody_is_left(pacing: Pacing) -> bool:
    return pacing.waiting == pacing.under_way == 0 and len(asyncio.all_tasks()) == 1


async def test_calls_within_the_limits_go_at_once() -> None:
    clock = SteppedClock()
    pacing = a_pacing(clock, requests_per_minute=2, concurrent_calls=2)
    places = [await pacing.admit(tokens=0, deadline=FAR) for _ in range(2)]
    assert pacing.under_way == 2
    for place in places:
        place.end()
    assert nobody_is_left(pacing)


async def test_the_next_call_goes_when_the_limit_allows_and_not_before() -> None:
    clock = SteppedClock()
    pacing = a_pacing(clock, requests_per_minute=60)
    for _ in range(60):
        (await pacing.admit(tokens=0, deadline=FAR)).start()
    waiting = admission(pacing)
    await clock.pass_by(0.9)
    assert not waiting.done()
    await clock.pass_by(0.1)
    assert waiting.done()


async def test_scopes_take_turns_and_each_keeps_its_order() -> None:
    pacing = a_pacing(SteppedClock(), concurrent_calls=1)
    order: list[str] = []

    async def call(scope: str, name: str) -> None:
        place = await pacing.admit(tokens=0, deadline=FAR, scope=scope)
        order.append(name)
        place.start()
        await asyncio.sleep(0)
        place.end()

    first = await pacing.admit(tokens=0, deadline=FAR, scope="busy")
    async with asyncio.TaskGroup() as calls:
        for name in ("busy 1", "busy 2", "busy 3", "quiet 1", "other 1", "quiet 2"):
            calls.create_task(call(name.split()[0], name))
        await everybody_had_a_turn()
        first.end()
    assert order == ["busy 1", "quiet 1", "other 1", "busy 2", "quiet 2", "busy 3"]
    assert nobody_is_left(pacing)


async def test_a_call_that_needs_much_is_not_overtaken_for_ever() -> None:
    clock = SteppedClock()
    pacing = a_pacing(clock, tokens_per_minute=60)
    first = await pacing.admit(tokens=60, deadline=FAR)
    first.start()
    first.end(60)
    large, small = admission(pacing, "a", tokens=50), admission(pacing, "b", tokens=1)
    await clock.pass_by(49.0)
    assert not large.done()
    assert not small.done()
    await clock.pass_by(2.0)
    assert large.done()
    assert small.done()


async def test_what_a_call_did_not_use_is_there_for_the_next() -> None:
    pacing = a_pacing(SteppedClock(), tokens_per_minute=100)
    place = await pacing.admit(tokens=100, deadline=FAR)
    place.start()
    waiting = admission(pacing, tokens=60)
    await everybody_had_a_turn()
    assert not waiting.done()
    place.end(40)
    await everybody_had_a_turn()
    assert waiting.done()


async def test_where_nobody_knows_what_was_used_the_estimate_stands() -> None:
    clock = SteppedClock()
    pacing = a_pacing(clock, tokens_per_minute=60)
    place = await pacing.admit(tokens=60, deadline=FAR)
    place.start()
    place.end(None)
    with pytest.raises(RateLimitWait) as refused:
        await pacing.admit(tokens=30, deadline=29.0)
    assert refused.value.retry_after_s == 30.0


async def test_a_call_that_could_not_go_in_time_is_told_at_once() -> None:
    pacing = a_pacing(SteppedClock(), requests_per_minute=1)
    (await pacing.admit(tokens=0, deadline=FAR)).start()
    with pytest.raises(RateLimitWait) as refused:
        await pacing.admit(tokens=0, deadline=60.0, model="m")
    assert (refused.value.code, refused.value.retry_after_s) == (ErrorCode.RATE_LIMIT_WAIT, 60.0)
    assert refused.value.billed is Billed.NO
    assert not refused.value.sent


async def test_a_deadline_ends_the_wait_for_a_place_that_nobody_leaves() -> None:
    clock = SteppedClock()
    pacing = a_pacing(clock, concurrent_calls=1)
    place = await pacing.admit(tokens=0, deadline=FAR)
    late, patient = admission(pacing, deadline=5.0), admission(pacing, deadline=50.0)
    await clock.pass_by(5.0)
    assert isinstance(late.exception(), RateLimitWait)
    assert not patient.done()
    place.end()
    (await patient).end()
    await everybody_had_a_turn()
    assert nobody_is_left(pacing)


async def test_a_call_larger_than_a_whole_minute_takes_all_of_it_and_what_it_took_beyond_is_owed() -> None:
    clock = SteppedClock()
    pacing = a_pacing(clock, tokens_per_minute=60)
    place = await pacing.admit(tokens=10**9, deadline=FAR)
    place.start()
    place.end(90)
    waiting = admission(pacing, tokens=10**9)
    await clock.pass_by(89.0)
    assert not waiting.done()
    await clock.pass_by(1.0)
    assert waiting.done()


async def test_no_more_calls_wait_than_may() -> None:
    pacing = a_pacing(SteppedClock(), concurrent_calls=1, max_waiting=2)
    await pacing.admit(tokens=0, deadline=FAR)
    waiting = [admission(pacing) for _ in range(2)]
    await everybody_had_a_turn()
    with pytest.raises(RateLimitWait, match="2 calls wait"):
        await pacing.admit(tokens=0, deadline=FAR)
    for each in waiting:
        each.cancel()
    await everybody_had_a_turn()
    assert pacing.waiting == 0


async def test_who_stops_waiting_leaves_nothing_behind_and_lets_the_next_one_through() -> None:
    clock = SteppedClock()
    pacing = a_pacing(clock, tokens_per_minute=60)
    (await pacing.admit(tokens=60, deadline=FAR)).start()
    large, small = admission(pacing, tokens=60), admission(pacing, tokens=0)
    await everybody_had_a_turn()
    large.cancel()
    await everybody_had_a_turn()
    assert large.cancelled()
    assert small.done()
    assert pacing.waiting == 0


async def test_a_place_is_not_given_to_who_has_been_cancelled_and_does_not_know_it_yet() -> None:
    pacing = a_pacing(SteppedClock(), concurrent_calls=1)
    place = await pacing.admit(tokens=0, deadline=FAR)
    leaving, staying = admission(pacing), admission(pacing)
    await everybody_had_a_turn()
    leaving.cancel()
    place.end()
    (await staying).end()
    assert leaving.cancelled()
    await everybody_had_a_turn()
    assert nobody_is_left(pacing)


async def test_a_place_that_came_together_with_the_cancellation_is_given_back() -> None:
    pacing = a_pacing(SteppedClock(), concurrent_calls=1, requests_per_minute=1, tokens_per_minute=9)
    place = await pacing.admit(tokens=9, deadline=FAR)
    waiting = admission(pacing, tokens=9)
    await everybody_had_a_turn()
    place.end()  # lets the other through, which is cancelled before it hears of it
    waiting.cancel()
    await everybody_had_a_turn()
    assert waiting.cancelled()
    assert nobody_is_left(pacing)
    assert (await pacing.admit(tokens=9, deadline=0.1)) is not None


async def test_a_place_is_ended_once_however_often_it_is_said() -> None:
    pacing = a_pacing(SteppedClock(), concurrent_calls=2)
    place, _ = [await pacing.admit(tokens=0, deadline=FAR) for _ in range(2)]
    place.end()
    place.end()
    assert pacing.under_way == 1


async def test_a_hint_holds_calls_back_and_the_next_one_may_let_them_go() -> None:
    clock = SteppedClock()
    pacing = a_pacing(clock, requests_per_minute=100)
    pacing.hear(RateLimitHint(requests_limit=10, requests_remaining=0, requests_reset_s=50.0))
    waiting = admission(pacing)
    await clock.pass_by(1.0)
    assert not waiting.done()
    pacing.hear(RateLimitHint(requests_limit=10, requests_remaining=9, requests_reset_s=5.0))
    await everybody_had_a_turn()
    assert waiting.done()


async def test_with_a_clock_that_nobody_steps_waiting_is_what_passes_the_time() -> None:
    clock = FrozenClock()
    pacing = a_pacing(clock, requests_per_minute=60)
    for _ in range(120):
        place = await pacing.admit(tokens=0, deadline=FAR)
        place.start()
        place.end()
    assert clock.monotonic() == pytest.approx(60.0)


async def test_over_a_real_clock_many_calls_come_through_and_nothing_is_left() -> None:
    pacing = Pacing(
        provider=OPENAI, limits=RateLimits(requests_per_minute=60_000, concurrent_calls=7), clock=SystemClock()
    )
    most = 0

    async def call(number: int) -> None:
        nonlocal most
        place = await pacing.admit(tokens=0, deadline=pacing.clock.monotonic() + 60, scope=str(number % 3))
        place.start()
        most = max(most, pacing.under_way)
        await asyncio.sleep(0)
        place.end()

    async with asyncio.TaskGroup() as calls:
        for number in range(300):
            calls.create_task(call(number))
    await everybody_had_a_turn()
    assert most == 7
    assert nobody_is_left(pacing)


@settings(max_examples=80, deadline=None)
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(("ask", "ask", "cancel", "end", "pass")), st.integers(0, 5), st.booleans()),
        max_size=40,
    )
)
async def test_whatever_happens_nobody_gets_more_than_the_limits_and_nothing_is_left(
    acts: list[tuple[str, int, bool]],
) -> None:
    clock = SteppedClock()
    pacing = a_pacing(clock, requests_per_minute=6, tokens_per_minute=12, concurrent_calls=2)
    calls: list[asyncio.Task[Place]] = []
    for act, number, start in acts:
        now = clock.monotonic()
        if act == "ask":
            calls.append(admission(pacing, "abc"[number % 3], tokens=number, deadline=now + 20 * number))
        elif act == "pass":
            await clock.pass_by(7.0 * number)
        elif calls:
            chosen = calls[number % len(calls)]
            if act == "cancel":
                chosen.cancel()
            elif chosen.done() and not chosen.cancelled() and chosen.exception() is None:
                if start:
                    chosen.result().start()
                chosen.result().end(number if start else None)
        if start:
            await everybody_had_a_turn()
        assert pacing.under_way <= 2
    await everybody_had_a_turn()
    for call in calls:
        call.cancel()
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(outcome, Place):
            outcome.end()
    await everybody_had_a_turn()
    assert nobody_is_left(pacing)


def test_only_a_provider_with_limits_has_a_pace() -> None:
    other = ProviderId("other")
    pacings = Pacings(limits={OPENAI: RateLimits(concurrent_calls=1), other: RateLimits()}, clock=FrozenClock())
    assert pacings.of(OPENAI) is pacings.of(OPENAI)
    assert pacings.of(OPENAI) is not None
    assert pacings.of(other) is None
    assert pacings.of(ProviderId("unheard-of")) is None
