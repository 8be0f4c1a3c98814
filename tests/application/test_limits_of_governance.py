"""What a profile limits, turns, time and money, by calls of a runtime whose provider is made up."""

import pytest
from grants_runtimes import ADA, governed

from provider_runtime import (
    Amount,
    Budget,
    BudgetExceeded,
    CostUnknown,
    Governance,
    InvalidSettings,
    ProviderError,
    Quantities,
    Resource,
    TransportError,
)
from provider_runtime.domain.errors import Delivery
from provider_runtime.domain.records.events import EventKind
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FakeAdapter, FrozenClock


async def test_the_turns_of_a_profile_are_the_calls_that_may_be_made() -> None:
    adapter = FakeAdapter(ADA)
    async with governed("airgap", adapter=adapter) as runtime:
        for _ in range(50):
            await runtime.run(a_request(model="ada:x"))
        with pytest.raises(BudgetExceeded) as spent:
            await runtime.run(a_request(model="ada:x"))
        assert (spent.value.budget, spent.value.limit) == ("governance.iterations", 50)
        assert runtime.governance is not None
        assert (await runtime.governance.report()).consumed.iterations == 50
    assert len(adapter.sent) == 50


async def test_what_calls_spend_and_what_is_consumed_by_hand_is_one_budget() -> None:
    limits = Quantities(tokens=10_000, iterations=3)
    async with governed(Governance(profile="pragmatic", limits=limits)) as runtime:
        assert runtime.governance is not None
        assert await runtime.governance.consume_budget(Resource.ITERATIONS, 2)
        answer = await runtime.run(a_request(model="ada:x", max_output_tokens=10))
        assert await runtime.governance.remaining(Resource.ITERATIONS) == 0
        assert await runtime.governance.remaining(Resource.TOKENS) == 10_000 - answer.usage.total
        assert not await runtime.governance.consume_budget(Resource.ITERATIONS, 1)
        with pytest.raises(BudgetExceeded):
            await runtime.run(a_request(model="ada:x", max_output_tokens=10))
        await runtime.governance.reset()
        await runtime.run(a_request(model="ada:x", max_output_tokens=10))


async def test_when_the_time_is_over_no_call_is_made() -> None:
    clock, adapter = FrozenClock(), FakeAdapter(ADA)
    timed = Governance(profile="pragmatic", limits=Quantities(time=60))
    async with governed(timed, clock=clock, adapter=adapter) as runtime:
        await runtime.run(a_request(model="ada:x"))
        clock.advance(60)
        with pytest.raises(BudgetExceeded) as over:
            await runtime.run(a_request(model="ada:x"))
        assert (over.value.budget, over.value.unit, over.value.limit) == ("governance.time", "milliseconds", 60_000)
        assert not (await runtime.explain(a_request(model="ada:x"))).allowed
    assert len(adapter.sent) == 1


async def test_a_limit_in_money_refuses_a_call_of_which_nobody_knows_the_price() -> None:
    adapter = FakeAdapter(ADA)
    async with governed(Governance(profile="pragmatic", limits=Quantities(cost=5)), adapter=adapter) as runtime:
        with pytest.raises(CostUnknown):
            await runtime.run(a_request(model="ada:x", max_output_tokens=10))
    assert adapter.sent == []


async def test_the_sink_hears_once_when_four_fifths_are_taken_and_each_time_too_little_is_left() -> None:
    events = EventRecorder()
    calls = Budget(name="calls", limit=Amount.calls(10))
    async with governed(None, budgets=[calls], event_sink=events) as runtime:
        warned = []
        for _ in range(10):
            answer = await runtime.run(a_request(model="ada:x"))
            warned.append([warning.code for warning in answer.warnings])
        for _ in range(2):
            with pytest.raises(BudgetExceeded):
                await runtime.run(a_request(model="ada:x"))
    nearly = [event for event in events.events if event.kind is EventKind.BUDGET_WARNING]
    over = [event for event in events.events if event.kind is EventKind.BUDGET_EXCEEDED]
    assert [(e.budget, e.budget_owner, e.budget_unit, e.budget_limit, e.budget_taken) for e in nearly] == [
        ("calls", "everyone", "calls", 10, 8)
    ]
    assert ["budget_nearly_spent" in codes for codes in warned] == [number == 7 for number in range(10)]
    assert [(event.budget_taken, event.budget_limit) for event in over] == [(10, 10)] * 2
    assert nearly[0].call_id not in {event.call_id for event in over}


async def test_a_retry_that_takes_the_last_fifth_is_told_of_too() -> None:
    events = EventRecorder()
    lost = TransportError(provider=ADA, delivery=Delivery.AMBIGUOUS, retryable=True)
    calls = Budget(name="calls", limit=Amount.calls(2))
    async with governed(None, budgets=[calls], event_sink=events, adapter=FakeAdapter(ADA, [lost, lost])) as runtime:
        with pytest.raises(ProviderError):
            await runtime.run(a_request(model="ada:x"))
    assert events.kinds.count(EventKind.BUDGET_WARNING) == 1


async def test_a_budget_may_not_be_called_as_that_of_a_limit_is() -> None:
    clash = Budget(name="governance.iterations", limit=Amount.calls(5))
    with pytest.raises(InvalidSettings, match=r"governance\.iterations"):
        async with governed("strict", budgets=[clash]):
            pass
