"""What a provider is asked for stays within the limits, by its own count; and a quiet tenant is not held up."""

import asyncio
import time
from collections.abc import Iterator
from typing import Final

import pytest
from attrs import Factory, define, field
from hostile.plays import ANSWER, Asked, Flood, Pause, Play, as_json, completion, response
from hostile.server import HostileServer
from under_load.clocks import FastClock
from under_load.driving import hammer, upstream
from under_load.faults import number_in

from provider_runtime import CallOptions, ProviderRuntime, RateLimits, RuntimeSettings, open_runtime
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.testing.builders import a_request

_SPEED: Final = 60  # a minute takes a second


@define(eq=False)
class Counting:
    """Answers each request after ``pause_s``, and counts: who is there at once, when who came, what each took."""

    pause_s: float
    under_way: int = 0
    most: int = 0
    came: list[float] = Factory(list)
    took: list[int] = Factory(list)

    def __call__(self, asked: Asked) -> Play:
        self.came.append(time.monotonic())
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        tokens = 20 + 7 * number_in(asked.body) % 80
        self.took.append(tokens)
        return (Pause(self.pause_s), Flood(lambda: self._answer(tokens)))

    def _answer(self, tokens: int) -> Iterator[bytes]:
        self.under_way -= 1  # before the answer can be known to anybody
        usage = {"prompt_tokens": 10, "completion_tokens": tokens - 10, "total_tokens": tokens}
        yield response(as_json(completion(ANSWER, usage=usage)))


@define
class Slowest:
    """The longest that any attempt took, as an ``EventSink``; all that the server's clock may be behind."""

    seconds: float = 0.0
    _began: dict[object, float] = field(factory=dict)

    def emit(self, event: LifecycleEvent) -> None:
        if event.kind is EventKind.ATTEMPT_STARTED:
            self._began[event.call_id] = time.monotonic()
        elif event.kind is EventKind.CALL_ANSWERED:
            self.seconds = max(self.seconds, time.monotonic() - self._began[event.call_id])


async def test_no_more_are_there_at_once_than_may_be(server: HostileServer) -> None:
    counting = Counting(0.003)
    server.add("counting", counting)
    settings = RuntimeSettings(
        providers=[upstream(server, "counting")], limits={"upstream": RateLimits(concurrent_calls=5)}
    )
    async with open_runtime(settings) as runtime:
        tally = await hammer(runtime, 200, 200)
    assert (tally.answered, counting.most) == (200, 5)


@pytest.mark.parametrize(
    ("limits", "calls"),
    [
        pytest.param(RateLimits(requests_per_minute=60), 150, id="requests"),
        pytest.param(RateLimits(tokens_per_minute=6_000), 180, id="tokens"),
        pytest.param(RateLimits(requests_per_minute=60, tokens_per_minute=3_000, concurrent_calls=7), 120, id="all"),
        pytest.param(RateLimits(requests_per_minute=60), 600, id="requests, long", marks=pytest.mark.long),
        pytest.param(RateLimits(tokens_per_minute=6_000), 900, id="tokens, long", marks=pytest.mark.long),
    ],
)
async def test_in_no_stretch_of_time_does_more_come_than_the_limits_let_through(
    limits: RateLimits, calls: int, server: HostileServer
) -> None:
    counting, slowest = Counting(0.001), Slowest()
    server.add("counting", counting)
    settings = RuntimeSettings(
        providers=[upstream(server, "counting")], limits={"upstream": limits}, deadline_s=60 * 60.0
    )
    async with open_runtime(settings, clock=FastClock(_SPEED), event_sink=slowest) as runtime:
        await asyncio.gather(*(_ask(runtime, number) for number in range(calls)))
    assert len(counting.came) == calls
    assert counting.most <= (limits.concurrent_calls or calls)
    _stays_below(counting.came, [1] * calls, limits.requests_per_minute, slowest.seconds)
    _stays_below(counting.came, counting.took, limits.tokens_per_minute, slowest.seconds)


async def _ask(runtime: ProviderRuntime, number: int) -> None:
    # The longest answer is bounded, and so is what may be taken before it is known.
    await runtime.run(a_request(f"call {number}", model="upstream:m", max_output_tokens=100))


def _stays_below(came: list[float], amounts: list[int], per_minute: int | None, late_s: float) -> None:
    """A bucket of ``per_minute`` that refills evenly lets no more through in ``t`` than itself and what ``t`` refills.

    What came ``t`` apart may have been sent ``t + late_s`` apart.
    """
    if per_minute is None:
        return
    for first in range(len(came)):
        total = 0
        for moment, amount in zip(came[first:], amounts[first:], strict=True):
            total += amount
            minutes = (moment - came[first] + late_s) * _SPEED / 60
            assert total <= per_minute * (1 + minutes) + 1e-6


@define
class Turns:
    """Whose attempts began, in order, as an ``EventSink``; and how many others began while a quiet call waited."""

    busy: int = 0
    waited: list[int] = Factory(list)
    _seen: dict[object, int] = field(factory=dict)

    def emit(self, event: LifecycleEvent) -> None:
        is_quiet = "tenant=quiet" in event.labels
        if event.kind is EventKind.CALL_STARTED and is_quiet:
            self._seen[event.call_id] = self.busy
        elif event.kind is EventKind.ATTEMPT_STARTED and is_quiet:
            self.waited.append(self.busy - self._seen[event.call_id])
        elif event.kind is EventKind.ATTEMPT_STARTED:
            self.busy += 1


async def test_a_quiet_tenant_waits_a_turn_where_a_busy_one_waits_a_hundred(server: HostileServer) -> None:
    at_once, crowd = 4, 400
    counting, turns = Counting(0.002), Turns()
    server.add("counting", counting)
    settings = RuntimeSettings(
        providers=[upstream(server, "counting")], limits={"upstream": RateLimits(concurrent_calls=at_once)}
    )
    async with open_runtime(settings, event_sink=turns) as runtime:

        async def ask(tenant: str, number: int) -> None:
            await runtime.run(a_request(f"call {number}", model="upstream:m"), CallOptions(metadata={"tenant": tenant}))

        busy = asyncio.gather(*(ask("busy", number) for number in range(crowd)))
        await asyncio.sleep(0)
        for number in range(15):
            await ask("quiet", crowd + number)
        assert turns.busy < crowd - at_once, "the busy tenant's calls should be waiting all the while"
        await busy
    assert len(turns.waited) == 15
    # The turn of the busy tenant, if it was next, and whoever had a place already and had not begun.
    assert max(turns.waited) <= 1 + at_once
