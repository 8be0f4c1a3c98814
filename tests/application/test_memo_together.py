"""Answers from memory where others have a say: policy, other runtimes, stores that fail, calls at once."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from attrs import evolve
from memo_runtimes import ADA, BEA, MEMO, ONCE, QUESTION, answering, runtime_with

from provider_runtime import (
    Amount,
    BackendError,
    Budget,
    CallOptions,
    CallRefused,
    FallbackPolicy,
    MemoryArtifactProvider,
    MissingProviderRuntimeError,
    ProviderConfig,
    ProviderError,
    ProviderResponse,
    ProviderRuntime,
    ProviderStatusError,
    StoreSettings,
    TransportError,
    WarningCode,
)
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.outcomes import MemoryOutcomes
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.domain.policy.budgets.holds import Account, Claim
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.testing.builders import a_response
from provider_runtime.testing.fakes import FakeAdapter, FrozenClock
from provider_runtime.testing.mocks import MockArtifactProvider

# ── permission, isolation, trouble ─────────────────────────────────────────────────────────


async def test_what_may_not_be_asked_is_not_told_from_memory_either() -> None:
    artifacts, adapter = MockArtifactProvider(), answering()
    record = ProviderConfig(provider_id=ADA, kind="openai_compatible", base_url="https://ada.example.com", tier="cloud")
    for mode, allowed in (("standard", True), ("locked", False)):
        builder = ProviderRuntime.builder().with_adapter(adapter, record).with_policy(mode)
        async with builder.with_part("artifacts", artifacts).build() as runtime:
            if allowed:
                assert (await runtime.run(QUESTION, MEMO)).text == "1"
                artifacts.reset()
                continue
            with pytest.raises(CallRefused):
                await runtime.run(QUESTION, MEMO)
    assert artifacts.calls == ()


@pytest.mark.parametrize("shared", [False, True], ids=["stores of their own", "the same store on purpose"])
async def test_runtimes_answer_each_other_s_calls_only_from_the_same_store(shared: bool) -> None:  # noqa: FBT001 - of a parameter
    one_for_both, here, there = MemoryArtifactProvider(), answering(), answering()
    stores = [one_for_both if shared else MemoryArtifactProvider() for _ in range(2)]
    async with runtime_with(here, artifacts=stores[0]) as first, runtime_with(there, artifacts=stores[1]) as second:
        await first.run(QUESTION, MEMO)
        assert (await second.run(QUESTION, MEMO)).from_memo is shared
    assert len(there.sent) == (0 if shared else 1)


async def test_two_runtimes_with_the_same_settings_keep_in_memory_each_its_own() -> None:
    settings, here, there = {"stores": StoreSettings()}, answering(), answering()
    async with runtime_with(here, settings=settings) as first, runtime_with(there, settings=settings) as second:
        await first.run(QUESTION, MEMO)
        assert not (await second.run(QUESTION, MEMO)).from_memo


async def test_without_a_store_the_call_is_told_what_is_missing_and_nothing_is_held_or_sent() -> None:
    adapter, ledger = answering(), MemoryBudgetLedger(clock=FrozenClock())
    builder = ProviderRuntime.builder().with_adapter(adapter).with_part("ledger", ledger)
    async with builder.with_budgets(Budget(name="calls", limit=Amount.calls(1))).build() as runtime:
        with pytest.raises(MissingProviderRuntimeError) as missing:
            await runtime.run(QUESTION, MEMO)
        (receipt,) = await runtime.receipts.list()
        assert (await runtime.run(QUESTION)).text == "1"
    assert missing.value.missing_fields == ("artifacts",)
    assert (receipt.record.error_code, receipt.record.request_digest) == ("missing_runtime", None)


@pytest.mark.parametrize("failure", [BackendError(message="gone"), RuntimeError("a store of somebody else's")], ids=str)
async def test_a_store_that_breaks_costs_a_warning_and_no_answer(failure: Exception) -> None:
    adapter, artifacts = answering(), MockArtifactProvider()
    async with runtime_with(adapter, artifacts=artifacts) as runtime:
        await runtime.run(QUESTION, MEMO)
        artifacts.fail("get", failure)
        artifacts.fail("put", failure)
        second = await runtime.run(QUESTION, MEMO)
        assert (await runtime.run(QUESTION, MEMO)).text == "1"
    assert second.text == "2"
    assert [warning.code for warning in second.warnings if "kept" in warning.code] == ["answer_not_kept"]


async def test_an_answer_that_does_not_read_back_is_asked_for_anew_and_mended() -> None:
    adapter, artifacts = answering(), MemoryArtifactProvider()
    async with runtime_with(adapter, artifacts=artifacts) as runtime:
        await runtime.run(QUESTION, MEMO)
        (name,) = await artifacts.media.documents().keys("artifacts")
        await artifacts.media.documents().put("artifacts", name, b'{"kind":"artifact","version":1,"content":{}}')
        assert [(await runtime.run(QUESTION, MEMO)).text for _ in range(2)] == ["2", "2"]


async def test_a_call_that_is_given_up_while_it_looks_holds_nothing_any_more() -> None:
    looking = asyncio.Event()

    class Slow(MemoryArtifactProvider):
        async def get(self, key: Any) -> Any:
            looking.set()
            await asyncio.sleep(3600)
            return await super().get(key)

    adapter, ledger = answering(), MemoryBudgetLedger(clock=FrozenClock())
    settings = {"budgets": (Budget(name="calls", limit=Amount.calls(1)),)}
    async with runtime_with(adapter, artifacts=Slow(), settings=settings, ledger=ledger) as runtime:
        task = asyncio.create_task(runtime.run(QUESTION, MEMO))
        await looking.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await runtime.run(QUESTION)).text == "1"  # the only one there is room for


async def test_an_alternative_may_be_answered_from_memory() -> None:
    down = TransportError(provider=ADA, code=ErrorCode.CONNECT_FAILED, delivery=Delivery.NOT_SENT, message="down")
    ada, bea = FakeAdapter(ADA, [down, down]), FakeAdapter(BEA, [a_response("bea", provider=BEA)])
    options = CallOptions(memo=True, fallback=FallbackPolicy(alternatives=["bea:m"]))
    async with runtime_with(ada, bea) as runtime:
        first, again = [await runtime.run(QUESTION, options) for _ in range(2)]
    assert [(answer.text, answer.from_memo) for answer in (first, again)] == [("bea", False), ("bea", True)]
    assert ([len(answer.attempts) for answer in (first, again)], len(again.passed_over)) == ([2, 1], 1)


async def test_a_named_call_keeps_its_own_answer_beside_the_memo() -> None:
    adapter = answering()
    async with runtime_with(adapter, outcomes=MemoryOutcomes()) as runtime:
        named = CallOptions(memo=True, call_id="order-17")
        answers = [await runtime.run(QUESTION, options) for options in (MEMO, named, named)]
    assert [answer.text for answer in answers] == ["1"] * 3
    assert [WarningCode.OUTCOME_REPLAYED in {w.code for w in answer.warnings} for answer in answers] == [
        False,
        False,
        True,
    ]


# ── at once ────────────────────────────────────────────────────────────────────────────────


class Waiting(FakeAdapter):
    """Answers when it is told to."""

    def __init__(self, answers: Iterable[ProviderResponse | ProviderError]) -> None:
        super().__init__(ADA, answers)
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        self.asked.set()
        await self.go_on.wait()
        return await super().send(prepared, context)


async def crowd(runtime: ProviderRuntime, adapter: Waiting, options: CallOptions, count: int = 20) -> list[Any]:
    tasks = [asyncio.create_task(runtime.run(QUESTION, options)) for _ in range(count)]
    await adapter.asked.wait()
    for _ in range(20):
        await asyncio.sleep(0)  # all of them are where they wait
    adapter.go_on.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_calls_at_once_are_all_made_unless_they_want_one_to_be_made_for_all() -> None:
    for options, made in ((MEMO, 20), (ONCE, 1)):
        adapter = Waiting([a_response("x", provider=ADA) for _ in range(20)])
        async with runtime_with(adapter) as runtime:
            answers = await crowd(runtime, adapter, options)
        assert len(adapter.sent) == made
        assert [answer.text for answer in answers] == ["x"] * 20
        assert sum(answer.from_memo for answer in answers) == 20 - made


async def test_when_the_one_fails_the_next_one_asks() -> None:
    failure = ProviderStatusError(provider=ADA, status_code=500, message="down")
    adapter = Waiting([failure, a_response("up", provider=ADA)])
    async with runtime_with(adapter) as runtime:
        answers = await crowd(runtime, adapter, ONCE)
    assert isinstance(answers[0], ProviderStatusError)
    assert [answer.text for answer in answers[1:]] == ["up"] * 19
    assert len(adapter.sent) == 2


async def test_when_the_one_is_given_up_the_next_one_asks_and_who_leaves_the_queue_holds_nothing() -> None:
    ledger = MemoryBudgetLedger(clock=FrozenClock())
    adapter = Waiting([a_response("up", provider=ADA)])
    settings = {"budgets": (Budget(name="calls", limit=Amount.calls(10)),)}
    async with runtime_with(adapter, settings=settings, ledger=ledger) as runtime:
        tasks = [asyncio.create_task(runtime.run(QUESTION, ONCE)) for _ in range(3)]
        await adapter.asked.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        tasks[1].cancel()
        tasks[0].cancel()
        adapter.go_on.set()
        answers: list[Any] = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers[:2]] == [asyncio.CancelledError] * 2
    assert answers[2].text == "up"
    claim = Claim(account=Account(budget="calls", owner="everyone"), limit=10, amount=0)
    (standing,) = await ledger.standings([claim])
    assert standing.balance.held == 0


async def test_who_waits_for_another_does_not_wait_longer_than_its_own_time() -> None:
    adapter = Waiting([a_response("late", provider=ADA)])
    async with runtime_with(adapter) as runtime:
        first = asyncio.create_task(runtime.run(QUESTION, ONCE))
        await adapter.asked.wait()
        with pytest.raises(TransportError) as late:
            await runtime.run(QUESTION, evolve(ONCE, deadline_s=0.01))
        adapter.go_on.set()
        assert (await first).text == "late"
    assert (late.value.code, late.value.delivery) == (ErrorCode.TIMED_OUT, Delivery.NOT_SENT)
