"""What every ``BudgetLedger`` promises."""

import asyncio

import pytest
from attrs import evolve

from provider_runtime.domain.errors import BackendError, LedgerConflict, RecordMissing
from provider_runtime.domain.identity import CallId, OrderId
from provider_runtime.domain.policy.budgets.holds import (
    Account,
    Admitted,
    Balance,
    Claim,
    Declined,
    Fate,
    Hold,
    HoldOrder,
    HoldState,
)
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.testing.fakes import FrozenClock

LEASE_S = 60


def a_claim(amount: int = 10, *, budget: str = "month", owner: str = "acme", limit: int = 100) -> Claim:
    """So much of a budget of 100."""
    return Claim(account=Account(budget=budget, owner=owner), limit=limit, amount=amount)


def an_order(*claims: Claim, call: str = "call_1", attempt: int = 1, order: str | None = None) -> HoldOrder:
    """An order for these claims, else for 10 of a budget of 100."""
    return HoldOrder(
        call_id=CallId(call),
        attempt=attempt,
        claims=claims or (a_claim(),),
        lease_ms=LEASE_S * 1000,
        order_id=None if order is None else OrderId(order),
    )


async def taken(ledger: BudgetLedger, order: HoldOrder) -> Hold:
    """The hold, which must have been admitted."""
    answer = await ledger.reserve(order)
    assert isinstance(answer, Admitted)
    return answer.hold


async def balance(ledger: BudgetLedger, claim: Claim) -> Balance:
    """What is posted and held where ``claim`` would take from."""
    (standing,) = await ledger.standings([claim])
    return standing.balance


class BudgetLedgerContract:
    """Subclass it, and give it a fixture ``ledger``: an empty one, by the clock of the fixture ``clock``."""

    @pytest.fixture
    def clock(self) -> FrozenClock:
        return FrozenClock()

    @pytest.fixture
    def ledger(self, clock: FrozenClock) -> BudgetLedger:
        raise NotImplementedError

    async def test_what_is_held_is_not_there_for_others(self, ledger: BudgetLedger) -> None:
        await taken(ledger, an_order(a_claim(60)))
        declined = await ledger.reserve(an_order(a_claim(41)))
        assert isinstance(declined, Declined)
        assert (declined.standing.remaining, declined.claimed) == (40, 41)
        await taken(ledger, an_order(a_claim(40)))
        assert await balance(ledger, a_claim()) == Balance(held=100, warned=True)

    async def test_every_claim_is_held_or_none(self, ledger: BudgetLedger) -> None:
        short = a_claim(101, budget="week")
        declined = await ledger.reserve(an_order(a_claim(), short))
        assert isinstance(declined, Declined)
        assert declined.standing.account.budget == "week"
        assert await balance(ledger, a_claim()) == Balance()

    async def test_owners_do_not_pay_for_each_other(self, ledger: BudgetLedger) -> None:
        await taken(ledger, an_order(a_claim(100)))
        await taken(ledger, an_order(a_claim(100, owner="bolt")))

    async def test_what_it_came_to_is_posted_and_the_rest_released(self, ledger: BudgetLedger) -> None:
        hold = await taken(ledger, an_order(a_claim(60)))
        await ledger.settle(hold, Fate.POSTED, [25])
        assert await balance(ledger, a_claim()) == Balance(posted=25)

    async def test_what_exceeds_the_hold_is_posted_and_closes_the_budget(self, ledger: BudgetLedger) -> None:
        hold = await taken(ledger, an_order(a_claim(60)))
        await ledger.settle(hold, Fate.POSTED, [130])
        assert (await balance(ledger, a_claim())).posted == 130
        assert isinstance(await ledger.reserve(an_order(a_claim(0))), Declined)

    async def test_settling_twice_alike_is_settling_once(self, ledger: BudgetLedger) -> None:
        hold = await taken(ledger, an_order())
        await ledger.settle(hold, Fate.POSTED, [7])
        await ledger.settle(hold, Fate.POSTED, [7])
        assert await balance(ledger, a_claim()) == Balance(posted=7)

    async def test_settling_otherwise_is_a_conflict(self, ledger: BudgetLedger) -> None:
        hold = await taken(ledger, an_order())
        await ledger.settle(hold, Fate.POSTED, [7])
        with pytest.raises(LedgerConflict, match="otherwise"):
            await ledger.settle(hold, Fate.POSTED, [8])
        with pytest.raises(LedgerConflict, match="otherwise"):
            await ledger.settle(hold, Fate.VOID, [0])
        assert await balance(ledger, a_claim()) == Balance(posted=7)

    async def test_a_hold_that_is_not_known_cannot_be_settled(self, ledger: BudgetLedger) -> None:
        with pytest.raises(LedgerConflict, match="not known"):
            await ledger.adjust(1, [0])

    async def test_a_hold_whose_owner_is_lost_is_posted_in_full(self, ledger: BudgetLedger, clock: FrozenClock) -> None:
        hold = await taken(ledger, an_order(a_claim(60)))
        clock.advance(LEASE_S - 1)
        assert await ledger.reconcile() == ()
        clock.advance(1)
        (lost,) = await ledger.reconcile()
        assert (lost.number, lost.state, lost.fence) == (hold.number, HoldState.EXPIRED, hold.fence + 1)
        assert await balance(ledger, a_claim()) == Balance(posted=60)

    async def test_an_owner_that_comes_too_late_puts_right_what_was_posted(
        self, ledger: BudgetLedger, clock: FrozenClock
    ) -> None:
        hold = await taken(ledger, an_order(a_claim(60)))
        clock.advance(LEASE_S)
        await ledger.reconcile()
        await ledger.settle(hold, Fate.POSTED, [5])
        await ledger.settle(hold, Fate.POSTED, [5])
        assert await balance(ledger, a_claim()) == Balance(posted=5)

    async def test_what_was_posted_in_full_can_be_put_right(self, ledger: BudgetLedger) -> None:
        hold = await taken(ledger, an_order(a_claim(60)))
        await ledger.settle(hold, Fate.UNCONFIRMED, [60])
        assert [one.number for one in await ledger.reconcile()] == [hold.number]
        await ledger.adjust(hold.number, [12])
        assert await balance(ledger, a_claim()) == Balance(posted=12)

    async def test_what_was_settled_for_good_stays(self, ledger: BudgetLedger) -> None:
        hold = await taken(ledger, an_order())
        await ledger.settle(hold, Fate.POSTED, [7])
        with pytest.raises(LedgerConflict, match="cannot be adjusted"):
            await ledger.adjust(hold.number, [6])

    async def test_an_order_given_again_is_answered_with_the_hold_it_got(self, ledger: BudgetLedger) -> None:
        hold = await taken(ledger, an_order(a_claim(60), order="mine"))
        assert await taken(ledger, an_order(a_claim(60), order="mine")) == hold
        assert (await balance(ledger, a_claim())).held == 60
        other = await taken(ledger, an_order(a_claim(40), order="another"))
        assert other.number != hold.number
        await ledger.settle(hold, Fate.VOID, [0])
        with pytest.raises(LedgerConflict, match="is over"):
            await ledger.reserve(an_order(a_claim(60), order="mine"))

    async def test_nobody_settles_what_was_ordered_by_somebody_else(self, ledger: BudgetLedger) -> None:
        hold = await taken(ledger, an_order(order="mine"))
        for order_id in (None, OrderId("yours")):
            with pytest.raises(LedgerConflict):
                await ledger.settle(evolve(hold, order_id=order_id), Fate.VOID, [0])

    async def test_what_was_ordered_and_not_used_can_be_given_back(self, ledger: BudgetLedger) -> None:
        await taken(ledger, an_order(a_claim(60), order="mine"))
        await ledger.withdraw(OrderId("mine"))
        await ledger.withdraw(OrderId("mine"))
        await ledger.withdraw(OrderId("nobody-s"))
        assert (await balance(ledger, a_claim())).taken == 0

    async def test_what_is_given_back_after_its_lease_is_put_right(
        self, ledger: BudgetLedger, clock: FrozenClock
    ) -> None:
        await taken(ledger, an_order(a_claim(60), order="mine"))
        clock.advance(LEASE_S)
        await ledger.reconcile()
        with pytest.raises(LedgerConflict, match="is over"):
            await ledger.reserve(an_order(a_claim(60), order="mine"))
        await ledger.withdraw(OrderId("mine"))
        assert (await balance(ledger, a_claim())).taken == 0

    async def test_what_was_used_cannot_be_given_back(self, ledger: BudgetLedger) -> None:
        hold = await taken(ledger, an_order(a_claim(60), order="mine"))
        await ledger.settle(hold, Fate.UNCONFIRMED, [60])
        with pytest.raises(LedgerConflict):
            await ledger.withdraw(OrderId("mine"))
        assert (await balance(ledger, a_claim())).posted == 60

    async def test_it_tells_of_every_account_and_of_what_nobody_confirmed(self, ledger: BudgetLedger) -> None:
        assert await ledger.tallies() == ()
        hold = await taken(ledger, an_order(a_claim(60), a_claim(5, budget="week", owner="bolt", limit=50)))
        await ledger.settle(hold, Fate.UNCONFIRMED, [60, 5])
        await taken(ledger, an_order(a_claim(7)))
        month, week = await ledger.tallies()
        assert month.standing == (await ledger.standings([a_claim()]))[0]
        assert (month.unconfirmed, month.standing.remaining) == (60, 33)
        assert (week.standing.account.owner, week.standing.limit, week.unconfirmed) == ("bolt", 50, 5)
        await ledger.adjust(hold.number, [12, 5])
        assert [tally.unconfirmed for tally in await ledger.tallies()] == [0, 0]

    async def test_an_account_can_begin_anew_and_what_is_held_stays_held(self, ledger: BudgetLedger) -> None:
        early = await taken(ledger, an_order(a_claim(30)))
        await ledger.settle(early, Fate.UNCONFIRMED, [30])
        under_way = await taken(ledger, an_order(a_claim(20)))
        await ledger.reset_account("month", "acme")
        assert await balance(ledger, a_claim()) == Balance(held=20)
        assert (await ledger.tallies())[0].unconfirmed == 0
        await ledger.adjust(early.number, [10])  # it was forgiven, so there is nothing to put right
        await ledger.settle(under_way, Fate.POSTED, [15])
        assert (await balance(ledger, a_claim())).posted == 15

    async def test_an_account_that_nobody_knows_cannot_begin_anew(self, ledger: BudgetLedger) -> None:
        with pytest.raises(RecordMissing):
            await ledger.reset_account("month", "nobody")

    async def test_a_window_gives_room_anew_and_what_was_begun_before_stays_there(
        self, ledger: BudgetLedger, clock: FrozenClock
    ) -> None:
        hourly = Claim(account=Account(budget="hour", owner="acme", window_s=3600), limit=10, amount=10)
        hold = await taken(ledger, an_order(hourly))
        assert isinstance(await ledger.reserve(an_order(hourly)), Declined)
        clock.advance(3600)
        await taken(ledger, an_order(hourly))
        await ledger.settle(hold, Fate.POSTED, [10])
        assert await balance(ledger, hourly) == Balance(held=10, warned=True)

    async def test_of_two_hundred_callers_as_many_are_admitted_as_there_is_room_for(self, ledger: BudgetLedger) -> None:
        answers = await asyncio.gather(*(ledger.reserve(an_order(a_claim(10), call=f"c{n}")) for n in range(200)))
        assert sum(isinstance(answer, Admitted) for answer in answers) == 10

    async def test_a_caller_that_leaves_leaves_all_or_nothing(self, ledger: BudgetLedger) -> None:
        leaving = asyncio.ensure_future(ledger.reserve(an_order(a_claim(), a_claim(budget="week"))))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        held = [(await balance(ledger, claim)).held for claim in (a_claim(), a_claim(budget="week"))]
        assert held in ([0, 0], [10, 10])

    async def test_it_goes_on_after_a_flush_and_not_after_its_end(self, ledger: BudgetLedger) -> None:
        hold = await taken(ledger, an_order())
        await ledger.flush()
        await ledger.settle(hold, Fate.POSTED, [7])
        await ledger.aclose()
        await ledger.aclose()
        with pytest.raises(BackendError):
            await ledger.reserve(an_order())
