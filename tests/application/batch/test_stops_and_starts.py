"""What ends a batch, what it waits out, and how one that ended is begun again."""

import asyncio
import json

import pytest
from attrs import define, field
from batch_runs import ADA, LINES, Crowd, a_run, busy, outcomes, runtime_with, told

from provider_runtime import (
    BackendError,
    ErrorCode,
    ProviderError,
    ProviderRuntime,
    ProviderStatusError,
    TransportError,
)
from provider_runtime.adapters.outcomes import MemoryOutcomes
from provider_runtime.application.batch.plan import BatchEnd
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import CircuitOpen, ConfigError, CredentialsRejected, Delivery, RateLimitWait
from provider_runtime.testing.builders import a_response
from provider_runtime.testing.fake_adapter import a_fake_answer
from provider_runtime.testing.fakes import FakeAdapter, FrozenClock
from provider_runtime.testing.mocks import MockBatchStore

# ── ended and begun again ──────────────────────────────────────────────────────────────────


async def test_what_was_under_way_is_asked_again_under_its_old_name_and_says_so() -> None:
    adapter, store = Crowd(ADA), MockBatchStore()
    async with runtime_with(adapter) as runtime:
        running = asyncio.ensure_future(a_run(runtime, LINES, store, concurrency=2).run())
        await adapter.crowd(2)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    again, ready = store.next_run(), FakeAdapter(ADA)
    async with runtime_with(ready) as runtime:
        report = await a_run(runtime, LINES, again).run()
        names = {receipt.record.call_id for receipt in await runtime.receipts.list()}
    assert [answer.get("asked_again") for _, answer in sorted(told(again).items())] == [1, 1, None, None, None]
    assert names == {f"batch-{number}" for number in range(1, 6)}
    assert (report.end, report.tally.asked_again) == (BatchEnd.FINISHED, 2)


async def test_what_was_under_way_can_be_reported_instead_of_being_bought_twice() -> None:
    store = MockBatchStore(begun={2: 1}, interrupted={2: 1})
    adapter = FakeAdapter(ADA)
    async with runtime_with(adapter) as runtime:
        report = await a_run(runtime, LINES, store, interrupted="report").run()
    told_of_2 = told(store)[2]
    assert (told_of_2["outcome"], told_of_2["error"]["code"]) == ("failed", "call_interrupted")
    assert told_of_2["error"]["billed"] == "maybe"
    assert (len(adapter.sent), report.tally.failed_with) == (4, {"call_interrupted": 1})


async def test_a_store_of_outcomes_answers_for_a_line_whose_answer_was_not_kept() -> None:
    adapter, outcomes_kept, store = FakeAdapter(ADA), MemoryOutcomes(), MockBatchStore()
    store.fail("keep", BackendError(kind="batch", message="the disk is full"))
    async with runtime_with(adapter, outcomes=outcomes_kept) as runtime:
        report = await a_run(runtime, LINES[:1], store).run()
        assert (report.end, report.left) == (BatchEnd.FAILED, 1)
        again = store.next_run()
        report = await a_run(runtime, LINES[:1], again).run()
    assert (report.end, report.left, len(adapter.sent)) == (BatchEnd.FINISHED, 0, 1)


async def test_a_run_that_is_stopped_waits_for_what_is_under_way_and_leaves_nothing_open() -> None:
    adapter, store = Crowd(ADA), MockBatchStore()
    async with runtime_with(adapter) as runtime:
        run = a_run(runtime, LINES, store, concurrency=2)
        running = asyncio.ensure_future(run.run())
        await adapter.crowd(2)
        run.stop()
        adapter.let_go()
        report = await running
    assert (report.end, report.left, sorted(store.answers)) == (BatchEnd.STOPPED, 3, [1, 2])
    assert [store.next_run().interruptions(number) for number in range(1, 6)] == [0] * 5


async def test_lines_that_are_kept_are_not_asked() -> None:
    store = MockBatchStore(answers={1: b"{}", 4: b"{}"})
    adapter = FakeAdapter(ADA)
    async with runtime_with(adapter) as runtime:
        await a_run(runtime, LINES, store).run()
    assert len(adapter.sent) == 3


# ── what ends a batch ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "error",
    [
        CredentialsRejected(provider=ADA, status_code=401),
        ProviderStatusError(provider=ADA, status_code=402, code=ErrorCode.QUOTA_EXHAUSTED),
        TransportError(provider=ADA, code=ErrorCode.CONNECT_FAILED, delivery=Delivery.NOT_SENT),
        TransportError(provider=ADA, code=ErrorCode.TLS_FAILED, delivery=Delivery.NOT_SENT),
    ],
    ids=lambda error: error.code.value,
)
async def test_what_would_befall_every_line_ends_the_batch_and_uses_up_no_line(error: ProviderError) -> None:
    adapter, store = FakeAdapter(ADA, [a_response(provider=ADA), error]), MockBatchStore()
    async with runtime_with(adapter) as runtime:
        report = await a_run(runtime, LINES, store, concurrency=1).run()
    assert (report.end, report.left) == (BatchEnd.FAILED, 4)
    assert report.error is not None
    assert report.error.code is error.code
    assert store.next_run().interruptions(2) == 0


async def test_a_missing_key_ends_the_batch_before_anything_is_sent() -> None:
    store = MockBatchStore()
    lines = [json.dumps({"model": "openai:gpt-5-mini", "messages": [{"role": "user", "content": "x"}]}).encode()] * 3
    async with ProviderRuntime.builder().with_provider_config("openai").with_env_fallback(False).build() as runtime:
        report = await a_run(runtime, lines, store).run()
    assert isinstance(report.error, ConfigError)
    assert (report.end, report.left, store.answers) == (BatchEnd.FAILED, 3, {})


async def test_a_store_that_fails_ends_the_batch_and_lets_others_come_to_their_end() -> None:
    adapter, store = FakeAdapter(ADA), MockBatchStore()
    store.fail("begin", BackendError(kind="batch", message="the disk is full"))
    async with runtime_with(adapter) as runtime:
        report = await a_run(runtime, LINES, store, concurrency=1).run()
    assert isinstance(report.error, BackendError)
    assert (report.end, adapter.sent) == (BatchEnd.FAILED, [])


# ── providers that are down ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "trouble",
    [
        busy(),
        busy(ErrorCode.RATE_LIMITED),
        CircuitOpen(provider=ADA, retry_after_s=30),
        TransportError(provider=ADA, code=ErrorCode.CONNECT_FAILED, delivery=Delivery.NOT_SENT, retryable=True),
        RateLimitWait(provider=ADA, retry_after_s=700),
    ],
    ids=lambda error: error.code.value,
)
async def test_trouble_that_passes_is_waited_out_and_no_line_fails_for_it(trouble: ProviderError) -> None:
    answers = [trouble, trouble, *[a_response(provider=ADA)] * 5]
    adapter, store, clock = FakeAdapter(ADA, answers), MockBatchStore(), FrozenClock()
    async with runtime_with(adapter, clock=clock) as runtime:
        report = await a_run(runtime, LINES, store, concurrency=1).run()
    assert (report.end, outcomes(store)) == (BatchEnd.FINISHED, ["answered"] * 5)
    assert len([call for call in store.calls_of("begin") if call.args == (1,)]) == 1
    if trouble.retry_after_s is not None:
        assert min(clock.slept) == min(trouble.retry_after_s, 60)


async def test_a_provider_that_stays_down_ends_the_batch_when_patience_is_over() -> None:
    adapter, store, clock = FakeAdapter(ADA, lambda _: busy()), MockBatchStore(), FrozenClock()
    async with runtime_with(adapter, clock=clock) as runtime:
        report = await a_run(runtime, LINES, store, concurrency=3, patience_s=120).run()
    assert (report.end, report.left, store.answers) == (BatchEnd.FAILED, 5, {})
    assert 120 <= clock.monotonic() < 600
    assert [store.next_run().interruptions(number) for number in range(1, 6)] == [0] * 5


async def test_patience_begins_anew_with_every_answer() -> None:
    clock, asked = FrozenClock(), []

    def now_and_then(exchange: PreparedExchange) -> ProviderResponse | ProviderError:
        asked.append(clock.monotonic())
        return a_fake_answer(exchange) if len(asked) % 4 == 0 else busy(retry_after_s=50)

    store = MockBatchStore()
    async with runtime_with(FakeAdapter(ADA, now_and_then), clock=clock) as runtime:
        report = await a_run(runtime, LINES, store, concurrency=1, patience_s=200).run()
    assert (report.end, clock.monotonic()) == (BatchEnd.FINISHED, 5 * 150)


async def test_a_limit_that_no_wait_would_help_fails_the_line() -> None:
    answers = [RateLimitWait(provider=ADA), *[a_response(provider=ADA)] * 4]
    store = MockBatchStore()
    async with runtime_with(FakeAdapter(ADA, answers)) as runtime:
        await a_run(runtime, LINES, store, concurrency=1).run()
    assert outcomes(store) == ["failed", *["answered"] * 4]


async def test_stopping_ends_the_wait_for_a_provider() -> None:
    clock = Standstill()
    store = MockBatchStore()
    async with runtime_with(FakeAdapter(ADA, lambda _: busy()), clock=clock) as runtime:
        run = a_run(runtime, LINES, store, concurrency=1)
        running = asyncio.ensure_future(run.run())
        await clock.waited_for.wait()
        run.stop()
        report = await running
    assert (report.end, report.left) == (BatchEnd.STOPPED, 5)
    assert store.next_run().interruptions(1) == 0


@define
class Standstill(FrozenClock):
    """Time that does not pass, however long one sleeps."""

    waited_for: asyncio.Event = field(factory=asyncio.Event, init=False)

    async def sleep(self, seconds: float) -> None:
        self.waited_for.set()
        await asyncio.Event().wait()
