"""A run of a batch: which lines are asked, how many at once, and in which order answers are kept."""

import asyncio
import json
from collections.abc import Callable

import pytest
from batch_runs import ADA, LINES, Crowd, a_run, line, outcomes, runtime_with, told
from hypothesis import given, settings
from hypothesis import strategies as st

from provider_runtime import (
    BackendError,
    ErrorCode,
    GovernancePolicy,
    ProviderStatusError,
    open_runtime,
)
from provider_runtime.application.batch.pace import BatchProgress
from provider_runtime.application.batch.plan import BatchEnd, BatchPlan
from provider_runtime.domain.batches.lines import BatchLine
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.testing.builders import a_response
from provider_runtime.testing.fake_adapter import a_fake_answer
from provider_runtime.testing.fakes import FakeAdapter, FakeTransport, FrozenClock
from provider_runtime.testing.mocks import MockBatchStore
from provider_runtime.testing.settings import cloud_settings

# ── lines and answers ──────────────────────────────────────────────────────────────────────


async def test_each_line_is_asked_once_and_its_answer_bears_its_number_and_its_name() -> None:
    adapter, store = FakeAdapter(ADA), MockBatchStore()
    async with runtime_with(adapter) as runtime:
        report = await a_run(runtime, LINES, store).run()
        receipts = await runtime.receipts.list()
    assert (report.end, report.tally.total.answered, report.left) == (BatchEnd.FINISHED, 5, 0)
    assert {number: answer["id"] for number, answer in told(store).items()} == {n: str(n) for n in range(1, 6)}
    assert len(adapter.sent) == 5
    assert sorted(receipt.record.call_id for receipt in receipts) == [f"batch-{number}" for number in range(1, 6)]
    assert {receipt.record.labels for receipt in receipts} == {("batch=batch",)}


async def test_a_bad_line_is_answered_by_its_error_and_the_others_go_on() -> None:
    adapter, store = FakeAdapter(ADA), MockBatchStore()
    lines = [line(1), b"{", line(3), b'{"model": "ada:m"}', line(5, unknown=1)]
    async with runtime_with(adapter) as runtime:
        report = await a_run(runtime, lines, store).run()
    assert outcomes(store) == ["answered", "invalid", "answered", "invalid", "invalid"]
    assert [told(store)[number]["error"]["field"] for number in (2, 4, 5)] == ["$", "request.messages", "unknown"]
    assert (report.tally.invalid, len(adapter.sent)) == (3, 2)
    assert all(call.args != (2,) for call in store.calls_of("begin"))


async def test_refusals_and_failures_are_counted_by_gate_and_by_code() -> None:
    failure = ProviderStatusError(provider=ADA, model="m", status_code=400, code=ErrorCode.INVALID_REQUEST)
    adapter, store = FakeAdapter(ADA, [failure, a_response(provider=ADA)]), MockBatchStore()
    nobody = json.dumps({"model": "nobody:x", "messages": [{"role": "user", "content": "x"}]}).encode()
    unasked = json.dumps({"model": "ada:m", "messages": [{"role": "system", "content": "x"}]}).encode()
    async with runtime_with(adapter) as runtime:
        report = await a_run(runtime, [line(1), nobody, unasked, line(2)], store, concurrency=1).run()
    assert outcomes(store) == ["failed", "refused", "refused", "answered"]
    assert report.tally.refused_by == {"routing": 1, "preparation": 1}
    assert report.tally.failed_with == {"invalid_request": 1}


async def test_the_model_of_the_plan_is_asked_whatever_a_line_names() -> None:
    adapter, store = FakeAdapter(ADA), MockBatchStore()
    async with runtime_with(adapter) as runtime:
        await a_run(runtime, LINES, store, model="ada:other").run()
    assert {exchange.model_id for exchange, _ in adapter.sent} == {"other"}


async def test_labels_of_a_line_stay_and_that_of_the_batch_comes_to_them() -> None:
    adapter, store = FakeAdapter(ADA), MockBatchStore()
    lines = [line(1, options={"metadata": {"tenant": "acme"}}), line(2, options={"metadata": {"batch": "mine"}})]
    async with runtime_with(adapter) as runtime:
        await a_run(runtime, lines, store, concurrency=1).run()
        labels = [receipt.record.labels for receipt in await runtime.receipts.list()]
    assert labels == [("batch=batch", "tenant=acme"), ("batch=mine",)]


async def test_policy_refuses_lines_as_it_refuses_calls_and_nothing_is_sent() -> None:
    store, transport = MockBatchStore(), FakeTransport()
    lines = [json.dumps({"model": "openai:gpt-5-mini", "messages": [{"role": "user", "content": "x"}]}).encode()] * 3
    settings = cloud_settings(policy=GovernancePolicy.preset("locked"))
    async with open_runtime(settings, transport=transport) as runtime:
        report = await a_run(runtime, lines, store).run()
    assert (report.end, report.tally.refused_by, transport.exchanges) == (BatchEnd.FINISHED, {"tier": 3}, [])


async def test_what_was_said_is_in_no_error_and_in_no_text_of_a_run() -> None:
    said = "the marmot sleeps at noon"
    adapter, store = FakeAdapter(ADA, lambda _: a_response(said, provider=ADA)), MockBatchStore()
    store.fail("keep", BackendError(kind="batch", message="the disk is full"), times=5)
    async with runtime_with(adapter) as runtime:
        run = a_run(runtime, [line(said)], store, in_order=True)
        report = await run.run()
    assert report.error is not None
    assert report.error.__traceback__ is None
    for shown in (run, report, store, run.form.read(BatchLine(number=1, content=line(said)))):
        assert "marmot" not in repr(shown).replace(f"name={said!r}", "")


@pytest.mark.parametrize("concurrency", [1, 3, 8])
async def test_so_many_calls_are_under_way_and_no_more(concurrency: int) -> None:
    adapter, store = Crowd(ADA), MockBatchStore()
    async with runtime_with(adapter) as runtime:
        running = asyncio.ensure_future(
            a_run(runtime, [line(n) for n in range(8)], store, concurrency=concurrency).run()
        )
        await adapter.crowd(concurrency)
        while not running.done():
            adapter.let_go()
            await asyncio.sleep(0)
    assert adapter.most == concurrency
    assert len(store.answers) == 8


async def test_progress_is_told_after_each_line_with_pace_and_cost() -> None:
    clock, heard = FrozenClock(), []

    def slow(exchange: PreparedExchange) -> ProviderResponse:
        clock.advance(2)
        return a_fake_answer(exchange)

    async with runtime_with(FakeAdapter(ADA, slow), clock=clock) as runtime:

        def note(progress: BatchProgress) -> None:
            heard.append((progress.done, progress.total, progress.lines_per_s, progress.seconds_left))

        await a_run(runtime, LINES, MockBatchStore(), concurrency=1, heard=note).run()
    assert heard == [(1, 5, 0.5, 8.0), (2, 5, 0.5, 6.0), (3, 5, 0.5, 4.0), (4, 5, 0.5, 2.0), (5, 5, 0.5, 0.0)]


# ── order ──────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=40, deadline=None)
@given(data=st.data())
async def test_in_order_means_in_order_whoever_answers_first(data: st.DataObject) -> None:
    count, window = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 5))
    adapter, store = Crowd(ADA), MockBatchStore()
    async with runtime_with(adapter) as runtime:
        plan = {"concurrency": data.draw(st.integers(1, 6)), "in_order": True, "window": window}
        running = asyncio.ensure_future(a_run(runtime, [line(n) for n in range(count)], store, **plan).run())
        while not running.done():
            for _ in range(5):
                await asyncio.sleep(0)
            if adapter.waiting:
                adapter.let_go(data.draw(st.sampled_from(adapter.waiting)))
        await running
    assert list(store.answers) == list(range(1, count + 1))
    assert adapter.most <= window


async def test_an_answer_that_comes_early_is_kept_aside_and_not_asked_again_by_the_next_run() -> None:
    adapter, store = Crowd(ADA), MockBatchStore()
    async with runtime_with(adapter) as runtime:
        running = asyncio.ensure_future(a_run(runtime, LINES, store, concurrency=3, in_order=True).run())
        await adapter.crowd(3)
        adapter.let_go(*adapter.waiting[1:])  # all but the first
        await adapter.crowd(3)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert store.answers == {}
        again, ready = store.next_run(), FakeAdapter(ADA)
        assert set(again.parked) == {2, 3}
    async with runtime_with(ready) as runtime:
        report = await a_run(runtime, LINES, again, in_order=True).run()
    assert list(again.answers) == [1, 2, 3, 4, 5]
    assert len(ready.sent) == 3
    assert (report.tally.lines, report.tally.asked_again) == (5, 3)  # 1, 4 and 5 were under way


def test_a_plan_says_which_of_its_numbers_cannot_be() -> None:
    make: Callable[..., BatchPlan] = BatchPlan
    for name, value in {"concurrency": 0, "window": 0, "patience_s": -1, "in_order": 1}.items():
        with pytest.raises((ValueError, TypeError), match=name):
            make(**{name: value})
