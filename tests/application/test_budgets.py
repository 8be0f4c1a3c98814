"""Budgets, from the gate to the settlement, by calls of a runtime whose provider is made up."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from decimal import Decimal

import pytest

from provider_runtime import (
    Amount,
    BackendError,
    Budget,
    BudgetExceeded,
    CallOptions,
    CallRefused,
    CostUnknown,
    CredentialMissing,
    ErrorCode,
    ModelCatalog,
    PriceRule,
    PricingTable,
    ProviderConfig,
    ProviderError,
    ProviderRequest,
    ProviderRuntime,
    ProviderStatusError,
    RetryPolicy,
    RuntimeSettings,
    TransportError,
    Usage,
    open_runtime,
)
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import Delivery, ProtocolError, RetryDenial
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.budgets.holds import Account, Balance, Claim, HoldOrder, Reservation
from provider_runtime.domain.policy.fallback import FallbackPolicy
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import FakeAdapter, FixedRandomness, FrozenClock
from provider_runtime.testing.mocks import MockBudgetLedger

ADA, BEA = ProviderId("ada"), ProviderId("bea")
ONE = RetryPolicy(max_attempts=1)
TWO = RetryPolicy(max_attempts=2, initial_backoff_ms=100)
CENT = Decimal("0.01")
PRICES = PricingTable(
    rules=[
        PriceRule(provider=ADA, model_pattern="*", input_cost_per_token=CENT / 10, output_cost_per_token=CENT),
        PriceRule(provider=BEA, model_pattern="*", input_cost_per_token=CENT / 10, output_cost_per_token=CENT),
    ]
)
MONEY = Budget(name="money", limit=Amount.usd(100))
TOKENS = Budget(name="tokens", limit=Amount.tokens(100_000))
CALLS = Budget(name="calls", limit=Amount.calls(10))
TIME = Budget(name="time", limit=Amount.seconds(6000))
ALL = (MONEY, TOKENS, CALLS, TIME)


def ask(model: str = "ada:x", **changes: object) -> ProviderRequest:
    return a_request(model=model, **{"max_output_tokens": 100, **changes})


@asynccontextmanager
async def runtime_with(
    *budgets: Budget,
    answers: Sequence[ProviderResponse | ProviderError] | None = None,
    ledger: MemoryBudgetLedger | None = None,
    adapter: FakeAdapter | None = None,
    clock: FrozenClock | None = None,
    retry: RetryPolicy = ONE,
) -> AsyncIterator[ProviderRuntime]:
    speaking = adapter or (FakeAdapter(ADA) if answers is None else FakeAdapter(ADA, answers))
    builder = ProviderRuntime.builder().with_adapter(speaking).with_adapter(FakeAdapter(BEA)).with_retry(retry)
    builder = builder.with_pricing_table(PRICES).with_model_catalog(ModelCatalog())
    builder = builder.with_budgets(*budgets)
    builder = builder.with_part("clock", clock or FrozenClock()).with_part("randomness", FixedRandomness(0.5))
    if ledger is not None:
        builder = builder.with_part("ledger", ledger)
    async with builder.build() as runtime:
        yield runtime


async def balance(runtime: ProviderRuntime, budget: Budget, owner: str = "everyone") -> Balance:
    assert runtime.sending.spending is not None
    account = Account(budget=budget.name, owner=owner, window_s=budget.window_s)
    (standing,) = await runtime.sending.spending.ledger.standings([Claim(account=account, limit=0, amount=0)])
    return standing.balance


async def after(answer: ProviderResponse | ProviderError) -> list[tuple[int, int]]:
    """What is posted and held in each budget when one attempt ended so."""
    async with runtime_with(*ALL, answers=[answer]) as runtime:
        with suppress(ProviderError):
            await runtime.run(ask())
        balances = [await balance(runtime, budget) for budget in ALL]
    return [(one.posted, one.held) for one in balances]


async def test_an_answer_is_posted_as_what_it_came_to() -> None:
    answer = a_response(provider=ADA, usage=Usage(input_tokens=10, output_tokens=5))
    money = 10 * 10**6 + 5 * 10**7
    assert await after(answer) == [(money, 0), (15, 0), (1, 0), (0, 0)]


async def test_a_call_costs_the_same_whatever_its_budgets_count() -> None:
    costs = []
    for budgets in ((), (MONEY,), (TOKENS, CALLS), ALL):
        async with runtime_with(*budgets) as runtime:
            costs.append((await runtime.run(ask())).cost)
    assert costs[0] is not None
    assert costs == [costs[0]] * 4


@pytest.mark.parametrize("delivery", [Delivery.NOT_SENT, Delivery.REJECTED])
async def test_what_was_not_done_is_not_paid_for(delivery: Delivery) -> None:
    assert await after(TransportError(provider=ADA, delivery=delivery)) == [(0, 0)] * 4


@pytest.mark.parametrize(
    "unsure",
    [
        TransportError(provider=ADA, delivery=Delivery.AMBIGUOUS),
        ProtocolError(provider=ADA),
        a_response(provider=ADA, usage=Usage()),
        a_response(provider=ADA, usage=Usage(input_tokens=1, output_tokens=401)),
        a_response(provider=ADA, usage=Usage(input_tokens=10**10, output_tokens=1)),
        a_response(provider=ADA, usage=Usage(input_tokens=9, output_tokens=9, total_tokens=1)),
    ],
    ids=["ambiguous", "answered_bad", "no_usage", "too_long", "too_many", "hidden"],
)
async def test_what_nobody_can_say_is_posted_in_full(unsure: ProviderResponse | ProviderError) -> None:
    (money, no_money), (tokens, no_tokens), calls, time = await after(unsure)
    assert money > 100 * 10**7
    assert tokens > 100
    assert (no_money, no_tokens, calls, time) == (0, 0, (1, 0), (0, 0))


async def test_an_answer_without_content_is_not_paid_for() -> None:
    assert await after(ProtocolError(provider=ADA, status_code=204)) == [(0, 0)] * 4


async def test_time_has_passed_whatever_became_of_the_attempt() -> None:
    clock = FrozenClock()

    def slow(_prepared: PreparedExchange) -> ProviderError:
        clock.advance(2.5)
        return TransportError(provider=ADA, delivery=Delivery.REJECTED)

    async with runtime_with(TIME, adapter=FakeAdapter(ADA, slow), clock=clock) as runtime:
        with pytest.raises(TransportError):
            await runtime.run(ask())
        assert await balance(runtime, TIME) == Balance(posted=2500)


async def test_a_call_that_may_come_to_more_than_is_left_is_not_sent() -> None:
    adapter = FakeAdapter(ADA)
    dollar = Budget(name="dollar", limit=Amount.usd(1), window_s=3600)
    async with runtime_with(CALLS, dollar, adapter=adapter) as runtime:
        with pytest.raises(BudgetExceeded) as refused:
            await runtime.run(ask())
        assert adapter.sent == []
        assert await balance(runtime, CALLS) == Balance()  # all or none
    error = refused.value
    assert (error.budget, error.owner, error.unit, error.limit) == ("dollar", "everyone", "nano_usd", 10**9)
    assert error.available == 10**9 < error.need
    assert "$1 of $1 are left in dollar of everyone" in error.message
    assert "max_output_tokens" in error.remedy


@pytest.mark.parametrize("budget", [MONEY, TOKENS], ids=["money", "tokens"])
async def test_a_budget_refuses_what_nobody_can_bound(budget: Budget) -> None:
    async with runtime_with(budget) as runtime:
        with pytest.raises(CostUnknown, match="nobody can say"):
            await runtime.run(ask(max_output_tokens=None))


async def test_a_budget_of_money_refuses_a_model_without_a_price() -> None:
    builder = ProviderRuntime.builder().with_adapter(FakeAdapter(ADA)).with_pricing_table(PricingTable())
    async with builder.with_budgets(MONEY).build() as runtime:
        with pytest.raises(CostUnknown) as refused:
            await runtime.run(ask())
    assert refused.value.budget == "money"


async def test_each_tenant_has_its_own_and_nobody_escapes_by_saying_none() -> None:
    once = Budget(name="once", limit=Amount.calls(1), scope="tenant")
    async with runtime_with(once) as runtime:
        for tenant in ("acme", "bolt"):
            await runtime.run(ask(), CallOptions(metadata={"tenant": tenant}))
        with pytest.raises(BudgetExceeded) as refused:
            await runtime.run(ask(), CallOptions(metadata={"tenant": "acme"}))
        assert refused.value.owner == "acme"
        with pytest.raises(CallRefused) as nameless:
            await runtime.run(ask())
    assert nameless.value.code is ErrorCode.BUDGET_OWNER_UNKNOWN


async def test_a_window_gives_room_anew() -> None:
    clock, hourly = FrozenClock(), Budget(name="hourly", limit=Amount.calls(1), window_s=3600)
    async with runtime_with(hourly, clock=clock) as runtime:
        await runtime.run(ask())
        with pytest.raises(BudgetExceeded, match="left in hourly"):
            await runtime.run(ask())
        clock.advance(3600)
        await runtime.run(ask())


async def test_a_rehearsal_holds_nothing_and_tells_what_is_left() -> None:
    async with runtime_with(CALLS) as runtime:
        await runtime.run(ask())
        before = await balance(runtime, CALLS)
        plan = await runtime.explain(ask())
        assert await balance(runtime, CALLS) == before == Balance(posted=1)
    (said,) = [verdict for verdict in plan.verdicts if verdict.gate == "budget"]
    assert (said.verdict, said.reason) == ("pass", "9 calls of 10 calls are left in calls of everyone")


async def test_a_rehearsal_tells_that_the_budget_is_spent() -> None:
    async with runtime_with(Budget(name="none", limit=Amount.calls(0))) as runtime:
        plan = await runtime.explain(ask())
    assert [v.code for v in plan.verdicts if v.gate == "budget"] == ["budget_exceeded"]


async def test_the_call_that_takes_four_fifths_says_so() -> None:
    async with runtime_with(Budget(name="five", limit=Amount.calls(5))) as runtime:
        told = [[w.code for w in (await runtime.run(ask())).warnings] for _ in range(5)]
    assert told == [[], [], [], ["budget_nearly_spent"], []]


async def test_every_attempt_has_a_hold_of_its_own() -> None:
    lost = TransportError(provider=ADA, delivery=Delivery.AMBIGUOUS, retryable=True)
    answers = [lost, a_response(provider=ADA, usage=Usage(input_tokens=1, output_tokens=1))]
    async with runtime_with(CALLS, TOKENS, answers=answers, retry=TWO) as runtime:
        await runtime.run(ask())
        assert await balance(runtime, CALLS) == Balance(posted=2)
        tokens = await balance(runtime, TOKENS)
    assert tokens.held == 0
    assert tokens.posted > 100 + 2  # the lost one in full, and what the answer came to


async def test_a_retry_that_no_budget_has_room_for_leaves_the_failure_as_it_was() -> None:
    lost = TransportError(provider=ADA, delivery=Delivery.AMBIGUOUS, retryable=True)
    adapter, once = FakeAdapter(ADA, [lost, a_response()]), Budget(name="once", limit=Amount.calls(1))
    async with runtime_with(once, adapter=adapter, retry=TWO) as runtime:
        with pytest.raises(TransportError) as failed:
            await runtime.run(ask())
        assert failed.value.retry_denied_by is RetryDenial.BUDGET
        assert len(adapter.sent) == 1
        assert await balance(runtime, once) == Balance(posted=1, warned=True)


async def test_a_retry_of_what_was_not_done_needs_no_more_than_the_first_try() -> None:
    busy = ProviderStatusError(provider=ADA, status_code=503, retryable=True, code=ErrorCode.OVERLOADED)
    once = Budget(name="once", limit=Amount.calls(1))
    async with runtime_with(once, answers=[busy, a_response(provider=ADA)], retry=TWO) as runtime:
        await runtime.run(ask())
        assert (await balance(runtime, once)).posted == 1


async def test_an_alternative_has_a_hold_of_its_own() -> None:
    lost = TransportError(provider=ADA, delivery=Delivery.AMBIGUOUS)
    fallback = FallbackPolicy(alternatives=["bea:y"], even_if_billed=True)
    async with runtime_with(CALLS, answers=[lost]) as runtime:
        response = await runtime.run(ask(), CallOptions(fallback=fallback))
        assert response.provider == BEA
        assert await balance(runtime, CALLS) == Balance(posted=2)


class WaitingAdapter(FakeAdapter):
    """Never answers; ``asked`` is set once it was asked."""

    asked = asyncio.Event()

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_call_that_is_left_under_way_is_posted_in_full() -> None:
    adapter = WaitingAdapter(ADA)
    adapter.asked = asyncio.Event()
    async with runtime_with(CALLS, adapter=adapter) as runtime:
        call = asyncio.create_task(runtime.run(ask()))
        await adapter.asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await balance(runtime, CALLS) == Balance(posted=1)


async def test_a_call_that_is_left_at_any_moment_leaves_no_hold_open() -> None:
    for moment in range(40):
        async with runtime_with(CALLS, TOKENS) as runtime:
            call = asyncio.create_task(runtime.run(ask()))
            for _ in range(moment):
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            for budget in (CALLS, TOKENS):
                assert (await balance(runtime, budget)).held == 0, moment


class NoKeyAdapter(FakeAdapter):
    """Has no credential."""

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        raise CredentialMissing(provider=ADA, message="none")


class BrokenAdapter(FakeAdapter):
    """Fails in a way that nobody foresaw."""

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        raise ZeroDivisionError


async def test_without_a_credential_nothing_is_spent() -> None:
    async with runtime_with(CALLS, adapter=NoKeyAdapter(ADA)) as runtime:
        with pytest.raises(CredentialMissing):
            await runtime.run(ask())
        assert await balance(runtime, CALLS) == Balance()


async def test_what_fails_in_a_way_nobody_foresaw_may_have_been_billed() -> None:
    async with runtime_with(CALLS, adapter=BrokenAdapter(ADA)) as runtime:
        with pytest.raises(ZeroDivisionError):
            await runtime.run(ask())
        assert await balance(runtime, CALLS) == Balance(posted=1)


async def test_a_ledger_that_fails_lets_nothing_through() -> None:
    ledger, adapter = MockBudgetLedger(), FakeAdapter(ADA)
    ledger.fail("reserve", BackendError(kind="ledger", message="gone"))
    async with runtime_with(CALLS, ledger=ledger, adapter=adapter) as runtime:
        with pytest.raises(CallRefused) as refused:
            await runtime.run(ask())
    assert refused.value.code is ErrorCode.GATE_FAILED
    assert adapter.sent == []


async def test_an_answer_is_worth_more_than_its_settlement_which_is_made_up_for() -> None:
    ledger = MockBudgetLedger()
    async with runtime_with(CALLS, ledger=ledger) as runtime:
        ledger.fail("settle", BackendError(kind="ledger", message="gone"))
        response = await runtime.run(ask())
        assert "settlement_pending" in {warning.code for warning in response.warnings}
        assert await balance(runtime, CALLS) == Balance(held=1)
        await runtime.run(ask())
        assert await balance(runtime, CALLS) == Balance(posted=2)


async def test_what_is_still_unsettled_is_settled_at_the_end() -> None:
    ledger = MockBudgetLedger()
    async with runtime_with(CALLS, ledger=ledger) as runtime:
        ledger.fail("settle", BackendError(kind="ledger", message="gone"))
        await runtime.run(ask())
    (standing,) = await ledger.standings([Claim(account=Account(budget="calls", owner="everyone"), limit=10, amount=0)])
    assert standing.balance == Balance(posted=1)


async def test_nobody_spends_more_who_cannot_write_down_what_was_spent() -> None:
    ledger = MockBudgetLedger()
    lost = TransportError(provider=ADA, delivery=Delivery.AMBIGUOUS, retryable=True)
    adapter = FakeAdapter(ADA, [lost, a_response()])
    async with runtime_with(CALLS, ledger=ledger, adapter=adapter, retry=TWO) as runtime:
        ledger.fail("settle", BackendError(kind="ledger", message="gone"))
        with pytest.raises(TransportError) as failed:
            await runtime.run(ask())
    assert failed.value.retry_denied_by is RetryDenial.BUDGET
    assert len(adapter.sent) == 1


async def test_two_hundred_callers_and_room_for_ten() -> None:
    async with runtime_with(CALLS) as runtime:
        outcomes = await asyncio.gather(*(runtime.run(ask()) for _ in range(200)), return_exceptions=True)
    assert sum(isinstance(one, ProviderResponse) for one in outcomes) == 10
    assert sum(isinstance(one, BudgetExceeded) for one in outcomes) == 190


async def test_runtimes_share_a_budget_only_if_they_are_given_one_ledger() -> None:
    ledger, once = MemoryBudgetLedger(), Budget(name="once", limit=Amount.calls(1))
    async with runtime_with(once, ledger=ledger) as one, runtime_with(once, ledger=ledger) as other:
        await one.run(ask())
        with pytest.raises(BudgetExceeded):
            await other.run(ask())
    async with runtime_with(once) as alone:
        await alone.run(ask())


class _SlowLedger(MemoryBudgetLedger):
    """Takes holds and settles them, but not before ``goes_on``."""

    goes_on: asyncio.Event

    async def reserve(self, order: HoldOrder) -> Reservation:
        await self.goes_on.wait()
        return await super().reserve(order)


async def test_a_hold_that_is_taken_after_the_call_was_given_up_is_given_back() -> None:
    ledger, adapter = _SlowLedger(clock=FrozenClock()), FakeAdapter(ADA)
    ledger.goes_on = asyncio.Event()
    settings = RuntimeSettings(budgets=[CALLS], gate_timeout_s=0.001, catalog=ModelCatalog(), prices=PRICES)
    config = ProviderConfig(provider_id=ADA, kind="openai_compatible", base_url="http://localhost", tier="local")
    provider = RegisteredProvider(config=config, adapter=adapter)
    async with open_runtime(settings, ledger=ledger, adapters=(provider,)) as runtime:
        with pytest.raises(CallRefused) as refused:
            await runtime.run(ask())
        assert (refused.value.gate, refused.value.code) == ("budget", ErrorCode.GATE_FAILED)
        ledger.goes_on.set()
    assert adapter.sent == []
    (standing,) = await ledger.standings([Claim(account=Account(budget="calls", owner="everyone"), limit=10, amount=0)])
    assert standing.balance == Balance()


async def test_a_ledger_that_breaks_in_its_own_way_after_the_answer_costs_nobody_the_answer() -> None:
    ledger = MockBudgetLedger()
    ledger.fail("settle", RuntimeError("what nobody expected"))
    async with runtime_with(CALLS, ledger=ledger) as runtime:
        answer = await runtime.run(ask())
        assert answer.text
        assert "settlement_pending" in {warning.code for warning in answer.warnings}
        await runtime.run(ask())  # makes up for it
        assert await balance(runtime, CALLS) == Balance(posted=2)


async def test_a_ledger_that_breaks_in_its_own_way_before_a_retry_leaves_the_first_failure() -> None:
    ledger = MockBudgetLedger()
    lost = TransportError(provider=ADA, delivery=Delivery.NOT_SENT, retryable=True)

    def break_the_ledger(_prepared: PreparedExchange) -> ProviderError:
        ledger.fail("reserve", RuntimeError("what nobody expected"))
        return lost

    async with runtime_with(CALLS, ledger=ledger, adapter=FakeAdapter(ADA, break_the_ledger), retry=TWO) as runtime:
        with pytest.raises(TransportError) as failed:
            await runtime.run(ask())
    assert failed.value.retry_denied_by is RetryDenial.BUDGET
