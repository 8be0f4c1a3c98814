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
from provider_runtime.adapters.governance.ledger_entries import books_as_bytes, books_from_bytes, decoded, encoded
from provider_runtime.domain.errors import LedgerConflict
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.policy.budgets.books import Books
from provider_runtime.domain.policy.budgets.entries import Entry
from provider_runtime.domain.policy.budgets.holds import (
    Account,
    Admitted,
    Claim,
    Declined,
    Fate,
    Hold,
    HoldOrder,
    HoldState,
)

LIMIT, WINDOW_S, LEASE_MS = 100, 60, 30_000
OWNERS = ("acme", "bolt")
BUDGETS = (("all", None), ("minute", WINDOW_S))
Place = tuple[str, str, int]


@define
class Model:
    """Every hold ever taken: where, how much, what was posted, and in what state it is."""

    places: dict[int, tuple[Place, ...]] = field(factory=dict)
    amounts: dict[int, tuple[int, ...]] = field(factory=dict)
    posted: dict[int, tuple[int, ...]] = field(factory=dict)
    states: dict[int, HoldState] = field(factory=dict)
    leases: dict[int, int] = field(factory=dict)

    def held_at(self, place: Place) -> int:
        return self._sum(place, self.amounts, HoldState.HELD, wanted=True)

    def posted_at(self, place: Place) -> int:
        return self._sum(place, self.posted, HoldState.HELD, wanted=False)

    def close(self, number: int, state: HoldState, charges: Iterable[int]) -> None:
        self.states[number], self.posted[number] = state, tuple(charges)

    def _sum(self, place: Place, values: dict[int, tuple[int, ...]], state: HoldState, *, wanted: bool) -> int:
        return sum(
            value
            for number, places in self.places.items()
            if (self.states[number] is state) is wanted
            for where, value in zip(places, values[number], strict=True)
            if where == place
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
            self.entries.append(decoded(encoded(entry)))
            self.books.apply(entry)

    @rule(
        owner=st.sampled_from(OWNERS),
        amounts=st.tuples(st.integers(0, 60), st.integers(0, 60)),
        call=st.integers(1, 5),
    )
    def reserve(self, owner: str, amounts: tuple[int, int], call: int) -> None:
        claims = [
            Claim(account=Account(budget=name, owner=owner, window_s=window_s), limit=LIMIT, amount=amount)
            for (name, window_s), amount in zip(BUDGETS, amounts, strict=True)
        ]
        order = HoldOrder(call_id=CallId(f"call_{call}"), attempt=1, claims=reversed(claims), lease_ms=LEASE_MS)
        now_ms = max(self.clock_ms, self.books.now_ms)
        places = tuple((c.account.budget, owner, c.account.window_at(now_ms)) for c in claims)
        room = [
            LIMIT - self.model.posted_at(p) - self.model.held_at(p) >= a for p, a in zip(places, amounts, strict=True)
        ]
        entry, answer = self.books.reserve(order, self.clock_ms)
        assert (entry is not None) == isinstance(answer, Admitted) == all(room)  # I5, and all or nothing
        if isinstance(answer, Declined):
            short = BUDGETS[room.index(False)][0]
            assert answer.standing.account.budget == short
            return
        self._enter(entry)
        number = answer.hold.number
        assert answer.hold == self.books.holds[number]
        self.taken.append(answer.hold)
        self.model.places[number], self.model.amounts[number] = places, amounts
        self.model.states[number], self.model.leases[number] = HoldState.HELD, now_ms + LEASE_MS

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), fate=st.sampled_from(Fate), charges=st.tuples(st.integers(0, 150), st.integers(0, 150)))
    def settle(self, data: Any, fate: Fate, charges: tuple[int, int]) -> None:
        hold = data.draw(st.sampled_from(self.taken))  # also one that was settled, or taken for lost
        state = self.model.states[hold.number]
        repeated = state in {fate.state, HoldState.ADJUSTED} and self.model.posted.get(hold.number) == charges
        if state in {HoldState.HELD, HoldState.EXPIRED}:
            self._enter(self.books.settle(hold.number, hold.fence, fate, charges, self.clock_ms))
            late = state is HoldState.EXPIRED
            self.model.close(hold.number, HoldState.ADJUSTED if late else fate.state, charges)
        elif repeated:  # I9
            assert self.books.settle(hold.number, hold.fence, fate, charges, self.clock_ms) is None
        else:
            with pytest.raises(LedgerConflict):
                self.books.settle(hold.number, hold.fence, fate, charges, self.clock_ms)

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), charges=st.tuples(st.integers(0, 150), st.integers(0, 150)))
    def adjust(self, data: Any, charges: tuple[int, int]) -> None:
        hold = data.draw(st.sampled_from(self.taken))
        if self.model.states[hold.number] in {HoldState.HELD, HoldState.POSTED, HoldState.VOID}:
            with pytest.raises(LedgerConflict):
                self.books.adjust(hold.number, charges, self.clock_ms)
            return
        self._enter(self.books.adjust(hold.number, charges, self.clock_ms))
        self.model.close(hold.number, HoldState.ADJUSTED, charges)

    @precondition(lambda self: self.books.holds)
    @rule(data=st.data())
    def a_fence_of_nobody_settles_nothing(self, data: Any) -> None:
        number = data.draw(st.sampled_from(sorted(self.books.holds)))
        with pytest.raises(LedgerConflict):
            self.books.settle(number, 7, Fate.VOID, (0, 0), self.clock_ms)

    @rule()
    def expire(self) -> None:
        now_ms = max(self.clock_ms, self.books.now_ms)
        over = [n for n, s in self.model.states.items() if s is HoldState.HELD and self.model.leases[n] <= now_ms]
        entry = self.books.expire(self.clock_ms)
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
        again, position = books_from_bytes(books_as_bytes(self.books, START))
        assert position == START
        self._same(again)
        self.books = again

    def _same(self, again: Books) -> None:
        for name in ("count", "now_ms", "balances", "holds", "settled", "adjustable"):
            assert getattr(again, name) == getattr(self.books, name), name

    @invariant()
    def counters_are_sums(self) -> None:  # I2, and with it I3 and I4
        for (budget, owner), windows in self.books.balances.items():
            for window, balance in windows.items():
                assert balance.held == self.model.held_at((budget, owner, window))
                assert balance.posted == self.model.posted_at((budget, owner, window))
                assert balance.held + balance.posted <= LIMIT + balance.overrun  # I1

    @invariant()
    def no_open_hold_is_forgotten(self) -> None:
        held = {number for number, state in self.model.states.items() if state is HoldState.HELD}
        assert set(self.books.holds) == held
        for hold in (*self.books.settled.values(), *self.books.adjustable.values()):  # I4
            assert hold.state is self.model.states[hold.number]
            assert tuple(line.posted for line in hold.lines) == self.model.posted[hold.number]

    @invariant()
    def entries_are_in_order(self) -> None:  # I7
        times = [entry.at_ms for entry in self.entries]
        assert times == sorted(times)
        assert self.books.count == len(self.entries)

    def teardown(self) -> None:  # I10
        far = max(self.clock_ms, self.books.now_ms) + LEASE_MS
        if (entry := self.books.expire(far)) is not None:
            self.books.apply(entry)
        assert not self.books.holds
        assert all(b.held == 0 for windows in self.books.balances.values() for b in windows.values())


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
    entry, _ = books.reserve(HoldOrder(call_id=CallId("c"), attempt=1, claims=[claim], lease_ms=1), 10)
    assert entry is not None
    books.apply(entry)
    settled = books.settle(1, 1, Fate.POSTED, (5,), 20)
    assert settled is not None
    books.apply(settled)
    for wrong in (settled, evolve(entry, at_ms=5)):
        with pytest.raises(ValueError, match=r"not under way|runs back"):
            books.apply(wrong)


def test_nothing_is_ever_credited() -> None:
    books = Books()
    claim = Claim(account=Account(budget="all", owner="acme"), limit=5, amount=5)
    entry, _ = books.reserve(HoldOrder(call_id=CallId("c"), attempt=1, claims=[claim], lease_ms=1), 10)
    assert entry is not None
    books.apply(entry)
    for charges in ((-1,), (True,), (), (1, 2), (2**53,)):
        with pytest.raises(ValueError, match="charges"):
            books.settle(1, 1, Fate.POSTED, charges, 10)


def test_that_four_fifths_are_taken_is_told_once() -> None:
    books = Books()

    def reserve(amount: int) -> Admitted:
        claim = Claim(account=Account(budget="all", owner="acme"), limit=100, amount=amount)
        entry, answer = books.reserve(HoldOrder(call_id=CallId("c"), attempt=1, claims=[claim], lease_ms=1), 10)
        assert entry is not None
        assert isinstance(answer, Admitted)
        books.apply(entry)
        return answer

    assert reserve(79).nearly_spent == ()
    (told,) = reserve(1).nearly_spent
    assert told.remaining == 20
    assert reserve(10).nearly_spent == ()
