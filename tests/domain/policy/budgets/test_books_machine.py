"""The books of a ledger against a model that keeps every hold for ever and adds up anew each time.

After each step the invariants I1 to I10 of the specification of reliability (§3.6) are looked at.
"""

from collections.abc import Iterable
from typing import Any

import pytest
from attrs import define, evolve, field
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from provider_runtime.adapters.backends.medium import START
from provider_runtime.adapters.governance.checkpoints import LedgerCodec
from provider_runtime.adapters.governance.ledger_entries import EntryReader, encoded
from provider_runtime.domain.errors import LedgerConflict
from provider_runtime.domain.identity import CallId, OrderId
from provider_runtime.domain.policy.budgets import deciding
from provider_runtime.domain.policy.budgets.books import Books
from provider_runtime.domain.policy.budgets.entries import Adjusted, Entry, Expired, Reset, Settled
from provider_runtime.domain.policy.budgets.holds import (
    Account,
    Admitted,
    Claim,
    Declined,
    Fate,
    Hold,
    HoldOrder,
    HoldState,
    Tally,
)

LIMIT, WINDOW_S, LEASE_MS = 100, 60, 30_000
OWNERS = ("acme", "bolt")
BUDGETS = (("all", None), ("minute", WINDOW_S))
ORDERS = st.none() | st.sampled_from([OrderId("first"), OrderId("second")])
UNCONFIRMED = (HoldState.UNCONFIRMED, HoldState.ESTIMATE, HoldState.EXPIRED)
Place = tuple[str, str, int]


@define
class Model:
    """Every hold ever taken: where, how much, what was posted, and in what state it is."""

    places: dict[int, tuple[Place, ...]] = field(factory=dict)
    amounts: dict[int, tuple[int, ...]] = field(factory=dict)
    posted: dict[int, tuple[int, ...]] = field(factory=dict)
    states: dict[int, HoldState] = field(factory=dict)
    leases: dict[int, int] = field(factory=dict)
    orders: dict[OrderId, int] = field(factory=dict)
    forgiven: set[tuple[int, Place]] = field(factory=set)

    def held_at(self, place: Place) -> int:
        return self._sum(place, self.amounts, HoldState.HELD, wanted=True)

    def posted_at(self, place: Place) -> int:
        return self._sum(place, self.posted, HoldState.HELD, wanted=False)

    def forgive(self, place: Place) -> None:
        closed = (number for number, state in self.states.items() if state is not HoldState.HELD)
        self.forgiven.update((number, place) for number in closed if place in self.places[number])

    def unconfirmed_at(self, place: Place) -> int:
        return sum(self._sum(place, self.posted, state, wanted=True) for state in UNCONFIRMED)

    def close(self, number: int, state: HoldState, charges: Iterable[int]) -> None:
        self.states[number], self.posted[number] = state, tuple(charges)

    def _sum(self, place: Place, values: dict[int, tuple[int, ...]], state: HoldState, *, wanted: bool) -> int:
        return sum(
            value
            for number, places in self.places.items()
            if (self.states[number] is state) is wanted
            for where, value in zip(places, values[number], strict=True)
            if where == place and (number, place) not in self.forgiven
        )


class BooksMachine(RuleBasedStateMachine):
    """Two owners, a budget for good and one by the minute, a clock that may run back, owners that come too late."""

    def __init__(self) -> None:
        super().__init__()
        self.books, self.model = Books(), Model()
        self.entries: list[Entry] = []
        self.taken: list[Hold] = []
        self.clock_ms = 1_000_000

    def _enter(self, entry: Entry | None) -> None:
        if entry is not None:
            self.entries.append(EntryReader().read(encoded(entry)))
            self.books.apply(entry)

    @rule(
        owner=st.sampled_from(OWNERS),
        amounts=st.tuples(st.integers(0, 60), st.integers(0, 60)),
        call=st.integers(1, 5),
        order_id=ORDERS,
    )
    def reserve(self, owner: str, amounts: tuple[int, int], call: int, order_id: OrderId | None) -> None:
        claims = [
            Claim(account=Account(budget=name, owner=owner, window_s=window_s), limit=LIMIT, amount=amount)
            for (name, window_s), amount in zip(BUDGETS, amounts, strict=True)
        ]
        order = HoldOrder(
            call_id=CallId(f"call_{call}"), attempt=1, claims=reversed(claims), lease_ms=LEASE_MS, order_id=order_id
        )
        before = None if order_id is None else self.model.orders.get(order_id)
        if before is not None:
            self._given_again(order, before)
            return
        now_ms = max(self.clock_ms, self.books.now_ms)
        places = tuple((c.account.budget, owner, c.account.window_at(now_ms)) for c in claims)
        room = [
            LIMIT - self.model.posted_at(p) - self.model.held_at(p) >= a for p, a in zip(places, amounts, strict=True)
        ]
        entry, answer = deciding.reserve(self.books, order, self.clock_ms)
        assert (entry is not None) == isinstance(answer, Admitted) == all(room)  # I5, and all or nothing
        if isinstance(answer, Declined):
            short = BUDGETS[room.index(False)][0]
            assert answer.standing.account.budget == short
            return
        self._enter(entry)
        number = answer.hold.number
        assert answer.hold == self.books.find(number)
        self.taken.append(answer.hold)
        self.model.places[number], self.model.amounts[number] = places, amounts
        self.model.states[number], self.model.leases[number] = HoldState.HELD, now_ms + LEASE_MS
        if order_id is not None:
            self.model.orders[order_id] = number

    def _given_again(self, order: HoldOrder, number: int) -> None:
        if self.model.states[number] is HoldState.HELD:
            assert deciding.reserve(self.books, order, self.clock_ms) == (None, Admitted(hold=self._found(number)))
            return
        with pytest.raises(LedgerConflict, match="is over"):
            deciding.reserve(self.books, order, self.clock_ms)

    def _found(self, number: int) -> Hold:
        hold = self.books.find(number)
        assert hold is not None
        return hold

    @precondition(lambda self: self.model.orders)
    @rule(data=st.data())
    def withdraw(self, data: Any) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.model.orders)))
        number = self.model.orders[order_id]
        state, amounts = self.model.states[number], self.model.amounts[number]
        nothing = (0,) * len(amounts)
        if state in {HoldState.HELD, HoldState.EXPIRED}:
            self._enter(deciding.withdraw(self.books, order_id, self.clock_ms))
            late = state is HoldState.EXPIRED
            self.model.close(number, HoldState.ADJUSTED if late else HoldState.VOID, nothing)
        elif state in {HoldState.VOID, HoldState.ADJUSTED} and self.model.posted[number] == nothing:
            assert deciding.withdraw(self.books, order_id, self.clock_ms) is None
        else:
            with pytest.raises(LedgerConflict):
                deciding.withdraw(self.books, order_id, self.clock_ms)

    @precondition(lambda self: self.books.accounts)
    @rule(data=st.data())
    def reset(self, data: Any) -> None:
        budget, owner = data.draw(st.sampled_from(sorted(self.books.accounts)))
        entry = deciding.reset(self.books, budget, owner, self.clock_ms)
        if entry is None:
            tally = self._tally(budget, owner)
            assert tally.standing.balance.posted == 0
            return
        self._enter(entry)
        self.model.forgive((budget, owner, entry.window))

    def _tally(self, budget: str, owner: str) -> Tally:
        tallies = {(one.standing.account.budget, one.standing.account.owner): one for one in self._tallies()}
        return tallies[budget, owner]

    def _tallies(self) -> tuple[Tally, ...]:
        return self.books.tallies(self.clock_ms)

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), fate=st.sampled_from(Fate), charges=st.tuples(st.integers(0, 150), st.integers(0, 150)))
    def settle(self, data: Any, fate: Fate, charges: tuple[int, int]) -> None:
        hold = data.draw(st.sampled_from(self.taken))  # also one that was settled, or taken for lost
        state = self.model.states[hold.number]
        repeated = state in {fate.state, HoldState.ADJUSTED} and self.model.posted.get(hold.number) == charges
        if state in {HoldState.HELD, HoldState.EXPIRED}:
            self._enter(deciding.settle(self.books, hold, fate, charges, self.clock_ms))
            late = state is HoldState.EXPIRED
            self.model.close(hold.number, HoldState.ADJUSTED if late else fate.state, charges)
        elif repeated:  # I9
            assert deciding.settle(self.books, hold, fate, charges, self.clock_ms) is None
        else:
            with pytest.raises(LedgerConflict):
                deciding.settle(self.books, hold, fate, charges, self.clock_ms)

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), charges=st.tuples(st.integers(0, 150), st.integers(0, 150)))
    def adjust(self, data: Any, charges: tuple[int, int]) -> None:
        hold = data.draw(st.sampled_from(self.taken))
        if self.model.states[hold.number] in {HoldState.HELD, HoldState.POSTED, HoldState.VOID}:
            with pytest.raises(LedgerConflict):
                deciding.adjust(self.books, hold.number, charges, self.clock_ms)
            return
        self._enter(deciding.adjust(self.books, hold.number, charges, self.clock_ms))
        self.model.close(hold.number, HoldState.ADJUSTED, charges)

    @precondition(lambda self: self.books.held)
    @rule(data=st.data())
    def a_fence_of_nobody_settles_nothing(self, data: Any) -> None:
        number = data.draw(st.sampled_from(sorted(self.books.held)))
        with pytest.raises(LedgerConflict):
            deciding.settle(self.books, evolve(self._found(number), fence=7), Fate.VOID, (0, 0), self.clock_ms)

    @precondition(lambda self: self.books.held)
    @rule(data=st.data())
    def a_hold_of_somebody_else_is_not_settled(self, data: Any) -> None:
        number = data.draw(st.sampled_from(sorted(self.books.held)))
        with pytest.raises(LedgerConflict, match="another order"):
            deciding.settle(
                self.books, evolve(self._found(number), order_id=OrderId("x")), Fate.VOID, (0, 0), self.clock_ms
            )

    @rule()
    def expire(self) -> None:
        now_ms = max(self.clock_ms, self.books.now_ms)
        over = [n for n, s in self.model.states.items() if s is HoldState.HELD and self.model.leases[n] <= now_ms]
        entry = deciding.expire(self.books, self.clock_ms)
        assert (() if entry is None else entry.holds) == tuple(over)
        self._enter(entry)
        for number in over:
            self.model.close(number, HoldState.EXPIRED, self.model.amounts[number])

    @rule(ms=st.integers(-100_000, 100_000))
    def the_clock_is_set(self, ms: int) -> None:
        self.clock_ms = max(0, self.clock_ms + ms)

    @rule()
    def crash_and_open_again(self) -> None:  # I8
        again = Books()
        for entry in self.entries:
            again.apply(entry)
        self._same(again)
        self.books = again

    @rule()
    def go_on_from_a_checkpoint(self) -> None:
        again, position = LedgerCodec().restored(LedgerCodec().kept(self.books, START))
        assert position == START
        self._same(again)
        self.books = again

    def _same(self, again: Books) -> None:
        for name in ("count", "now_ms", "accounts", "held", "settled", "adjustable", "orders"):
            assert getattr(again, name) == getattr(self.books, name), name

    @invariant()
    def counters_are_sums(self) -> None:  # I2, and with it I3 and I4
        for (budget, owner), book in self.books.accounts.items():
            for window, balance in book.windows.items():
                assert balance.held == self.model.held_at((budget, owner, window))
                assert balance.posted == self.model.posted_at((budget, owner, window))
                assert balance.held + balance.posted <= LIMIT + balance.overrun  # I1

    @invariant()
    def tallies_tell_what_nobody_confirmed(self) -> None:
        for tally in self._tallies():
            account, window = tally.standing.account, tally.standing.window
            assert tally.unconfirmed == self.model.unconfirmed_at((account.budget, account.owner, window))
            assert tally.unconfirmed <= tally.standing.balance.posted

    @invariant()
    def no_open_hold_is_forgotten(self) -> None:
        held = {number for number, state in self.model.states.items() if state is HoldState.HELD}
        assert set(self.books.held) == held
        for number, closed in (*self.books.settled.items(), *self.books.adjustable.items()):  # I4
            assert closed.state is self.model.states[number]
            assert closed.posted == self.model.posted[number]

    @invariant()
    def entries_are_in_order(self) -> None:  # I7
        times = [entry.at_ms for entry in self.entries]
        assert times == sorted(times)
        assert self.books.count == len(self.entries)

    def teardown(self) -> None:  # I10
        far = max(self.clock_ms, self.books.now_ms) + LEASE_MS
        if (entry := deciding.expire(self.books, far)) is not None:
            self.books.apply(entry)
        assert not self.books.held
        assert all(sums.held == 0 for book in self.books.accounts.values() for sums in book.windows.values())


def test_the_books_agree_with_the_model() -> None:
    run_state_machine_as_test(
        BooksMachine,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_books_agree_with_the_model_at_length() -> None:
    run_state_machine_as_test(
        BooksMachine,
        settings=settings(
            max_examples=1000, stateful_step_count=100, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_an_entry_that_cannot_follow_is_found_out() -> None:
    books = Books()
    claim = Claim(account=Account(budget="all", owner="acme"), limit=5, amount=5)
    entry, _ = deciding.reserve(books, HoldOrder(call_id=CallId("c"), attempt=1, claims=[claim], lease_ms=1), 10)
    assert entry is not None
    books.apply(entry)
    hold = books.find(1)
    assert hold is not None
    settled = deciding.settle(books, hold, Fate.POSTED, (5,), 20)
    assert settled is not None
    books.apply(settled)
    for wrong in (settled, evolve(entry, at_ms=5)):
        with pytest.raises(ValueError, match=r"not under way|runs back"):
            books.apply(wrong)


def test_nothing_is_ever_credited() -> None:
    books = Books()
    claim = Claim(account=Account(budget="all", owner="acme"), limit=5, amount=5)
    entry, _ = deciding.reserve(books, HoldOrder(call_id=CallId("c"), attempt=1, claims=[claim], lease_ms=1), 10)
    assert entry is not None
    books.apply(entry)
    hold = books.find(1)
    assert hold is not None
    for charges in ((-1,), (True,), (), (1, 2), (2**53,)):
        with pytest.raises(ValueError, match="charges"):
            deciding.settle(books, hold, Fate.POSTED, charges, 10)


def test_that_four_fifths_are_taken_is_told_once() -> None:
    books = Books()

    def reserve(amount: int) -> Admitted:
        claim = Claim(account=Account(budget="all", owner="acme"), limit=100, amount=amount)
        entry, answer = deciding.reserve(
            books, HoldOrder(call_id=CallId("c"), attempt=1, claims=[claim], lease_ms=1), 10
        )
        assert entry is not None
        assert isinstance(answer, Admitted)
        books.apply(entry)
        return answer

    assert reserve(79).nearly_spent == ()
    (told,) = reserve(1).nearly_spent
    assert told.remaining == 20
    assert reserve(10).nearly_spent == ()


def test_an_entry_that_cannot_follow_changes_nothing() -> None:
    books = Books()
    claims = [Claim(account=Account(budget=name, owner="acme"), limit=100, amount=50) for name in ("all", "day")]
    for call in ("a", "b"):
        entry, _ = deciding.reserve(books, HoldOrder(call_id=CallId(call), attempt=1, claims=claims, lease_ms=1), 10)
        assert entry is not None
        books.apply(entry)
    books.apply(Settled(at_ms=10, hold=2, fate=Fate.UNCONFIRMED, charges=(50, 50)))
    before = LedgerCodec().kept(books, START)
    for wrong in (
        evolve(entry, at_ms=9),
        Settled(at_ms=20, hold=1, fate=Fate.POSTED, charges=(5,)),
        Settled(at_ms=20, hold=9, fate=Fate.POSTED, charges=(5, 5)),
        Expired(at_ms=20, holds=(1, 9)),
        Expired(at_ms=20, holds=(1, 1)),
        Adjusted(at_ms=20, hold=2, charges=(5,)),
        Reset(at_ms=20, budget="all", owner="nobody", window=0),
    ):
        with pytest.raises(ValueError, match=r"under way|runs back|line by line|in a window"):
            books.apply(wrong)
        assert LedgerCodec().kept(books, START) == before
