"""A run of a batch: which lines are asked, how many at once, in which order answers are kept, and what ends it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from provider_runtime import (
    Amount,
    BackendError,
    Budget,
    ErrorCode,
    GovernancePolicy,
    ModelCatalog,
    PriceRule,
    PricingTable,
    ProviderError,
    ProviderRuntime,
    ProviderStatusError,
    RetryPolicy,
    TransportError,
    open_runtime,
)
from provider_runtime.adapters.batches.canonical import CanonicalForm
from provider_runtime.adapters.batches.memory import MemoryBatchSource
from provider_runtime.adapters.outcomes import MemoryOutcomes
from provider_runtime.application.batch.pace import BatchProgress
from provider_runtime.application.batch.plan import BatchEnd, BatchPlan, BatchReport
from provider_runtime.application.batch.running import BatchRun
from provider_runtime.domain.batches.lines import BatchLine
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import CircuitOpen, ConfigError, CredentialsRejected, Delivery, RateLimitWait
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.testing.builders import a_response
from provider_runtime.testing.fake_adapter import a_fake_answer
from provider_runtime.testing.fakes import FakeAdapter, FakeTransport, FixedRandomness, FrozenClock
from provider_runtime.testing.mocks import MockBatchStore
from provider_runtime.testing.settings import cloud_settings

ADA = ProviderId("ada")
FREE = PricingTable(rules=[PriceRule(provider=ADA, model_pattern="*", input_cost_per_token=0, output_cost_per_token=0)])


def line(said: object, **changes: Any) -> bytes:
    request = {"model": "ada:m", "messages": [{"role": "user", "content": str(said)}], "max_output_tokens": 10}
    return json.dumps({"id": str(said), "request": request, **changes}).encode()


LINES = [line(number) for number in range(1, 6)]


@asynccontextmanager
async def runtime_with(
    adapter: FakeAdapter, *budgets: Budget, clock: FrozenClock | None = None, **parts: Any
) -> AsyncIterator[ProviderRuntime]:
    builder = ProviderRuntime.builder().with_adapter(adapter).with_retry(RetryPolicy(max_attempts=1))
    builder = builder.with_pricing_table(FREE).with_model_catalog(ModelCatalog()).with_budgets(*budgets)
    for name, part in {"clock": clock or FrozenClock(), "randomness": FixedRandomness(0.5), **parts}.items():
        builder = builder.with_part(name, part)
    async with builder.build() as runtime:
        yield runtime


def a_run(runtime: ProviderRuntime, lines: Iterable[bytes], store: MockBatchStore, **plan: Any) -> BatchRun:
    heard = plan.pop("heard", None)
    contents = list(lines)
    return BatchRun(
        runtime=runtime,
        source=MemoryBatchSource(lines=contents),
        form=CanonicalForm(),
        store=store,
        plan=BatchPlan(**plan),
        total=len(contents),
        heard=heard,
    )


def told(store: MockBatchStore) -> dict[int, dict[str, Any]]:
    return {number: json.loads(answer) for number, answer in store.answers.items()}


def outcomes(store: MockBatchStore) -> list[str]:
    return [answer["outcome"] for _, answer in sorted(told(store).items())]


def busy(code: ErrorCode = ErrorCode.OVERLOADED, **facts: Any) -> ProviderStatusError:
    return ProviderStatusError(provider=ADA, status_code=503, code=code, retryable=True, **facts)


# ── lines and answers ───────────────────────────────────────────────────────────────────────


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


@define
class Crowd(FakeAdapter):
    """Answers when it is told to, and counts who waits."""

    most: int = field(default=0, init=False)
    waiting: "list[asyncio.Event]" = field(factory=list, init=False)
    arrived: asyncio.Event = field(factory=asyncio.Event, init=False)

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        gate = asyncio.Event()
        self.waiting.append(gate)
        self.most = max(self.most, len(self.waiting))
        self.arrived.set()
        await gate.wait()
        return await super().send(prepared, context)

    async def crowd(self, size: int) -> None:
        while len(self.waiting) < size:
            self.arrived.clear()
            await self.arrived.wait()

    def let_go(self, *who: asyncio.Event) -> None:
        for gate in who or tuple(self.waiting):
            self.waiting.remove(gate)
            gate.set()


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


# ── order ───────────────────────────────────────────────────────────────────────────────────


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


# ── ended and begun again ───────────────────────────────────────────────────────────────────


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


# ── what ends a batch ───────────────────────────────────────────────────────────────────────


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


# ── providers that are down ─────────────────────────────────────────────────────────────────


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


# ── budgets ─────────────────────────────────────────────────────────────────────────────────


async def finished_with(budget: Budget, lines: list[bytes], **plan: Any) -> tuple[BatchReport, MockBatchStore, int]:
    def two_tokens(exchange: PreparedExchange) -> ProviderResponse:
        return a_response(provider=exchange.provider, model=exchange.model_id)

    adapter, store = FakeAdapter(ADA, two_tokens), MockBatchStore()
    async with runtime_with(adapter, budget) as runtime:
        report = await a_run(runtime, lines, store, **plan).run()
        receipts = await runtime.receipts.list()
    refusals = sum(receipt.record.error_code == "budget_exceeded" for receipt in receipts)
    return report, store, refusals


@pytest.mark.parametrize("concurrency", [1, 2, 7])
async def test_a_budget_is_spent_to_its_end_and_not_beyond(concurrency: int) -> None:
    budget = Budget(name="calls", limit=Amount.calls(4))
    lines = [line(n) for n in range(20)]
    report, store, _ = await finished_with(budget, lines, concurrency=concurrency)
    assert (report.tally.total.answered, report.tally.refused_by) == (4, {"budget": 16})
    assert sorted(store.answers) == list(range(1, 21))


async def test_room_that_calls_under_way_give_back_is_used_before_a_line_is_refused() -> None:
    # Each call may come to some 200 tokens and comes to 12: eight at once need more than there is.
    budget = Budget(name="tokens", limit=Amount.tokens(1500))
    report, _, refusals = await finished_with(budget, [line(n) for n in range(30)], concurrency=8)
    assert (report.tally.total.answered, report.tally.refused_by) == (30, {})
    assert refusals <= 15


async def test_a_batch_can_end_at_the_first_line_that_no_budget_has_room_for() -> None:
    budget = Budget(name="calls", limit=Amount.calls(3))
    lines = [line(n) for n in range(10)]
    report, store, _ = await finished_with(budget, lines, concurrency=1, stop_on_budget=True)
    assert (report.end, report.left) == (BatchEnd.BUDGET, 7)
    assert sorted(store.answers) == [1, 2, 3]
    assert report.error is not None
    assert report.error.code is ErrorCode.BUDGET_EXCEEDED
    assert store.next_run().interruptions(4) == 0


async def test_a_tenant_without_money_holds_up_nobody_else() -> None:
    budget = Budget(name="calls", limit=Amount.calls(2), scope="tenant")
    lines = [line(n, options={"metadata": {"tenant": "acme" if n % 2 else f"t{n}"}}) for n in range(20)]
    report, _, _ = await finished_with(budget, lines, concurrency=4)
    assert (report.tally.total.answered, report.tally.refused_by) == (12, {"budget": 8})


def test_a_plan_says_which_of_its_numbers_cannot_be() -> None:
    make: Callable[..., BatchPlan] = BatchPlan
    for name, value in {"concurrency": 0, "window": 0, "patience_s": -1, "in_order": 1}.items():
        with pytest.raises((ValueError, TypeError), match=name):
            make(**{name: value})
