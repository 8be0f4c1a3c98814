"""How many holds the books remember, and which they forget first."""

from typing import Final

from provider_runtime.domain.identity import CallId, OrderId
from provider_runtime.domain.policy.budgets import deciding
from provider_runtime.domain.policy.budgets.books import Books
from provider_runtime.domain.policy.budgets.holds import Account, Admitted, Claim, Fate, HoldOrder

REMEMBERED: Final = 1024
CLAIM: Final = Claim(account=Account(budget="all", owner="acme"), limit=10**9, amount=1)


def settled(books: Books, count: int, fate: Fate) -> None:
    """So many holds more, each taken for an order of its own and settled at once."""
    for _ in range(count):
        order_id = OrderId(f"order-{books.count}")
        order = HoldOrder(call_id=CallId("c"), attempt=1, claims=[CLAIM], lease_ms=1, order_id=order_id)
        entry, answer = deciding.reserve(books, order, 10)
        assert entry is not None
        books.apply(entry)
        assert isinstance(answer, Admitted)
        settling = deciding.settle(books, answer.hold, fate, (1,), 10)
        assert settling is not None
        books.apply(settling)


def test_of_holds_that_are_settled_for_good_the_oldest_is_forgotten_first_and_its_order_with_it() -> None:
    books = Books()
    settled(books, REMEMBERED, Fate.POSTED)
    assert len(books.orders) == REMEMBERED
    assert books.find(1) is not None
    settled(books, 2, Fate.VOID)
    assert [books.find(number) is None for number in (1, 3, 5, books.count - 1)] == [True, True, False, False]
    assert len(books.settled) == len(books.orders) == REMEMBERED
    assert OrderId("order-0") not in books.orders


def test_holds_that_can_be_put_right_are_not_forgotten_for_those_that_cannot() -> None:
    books = Books()
    settled(books, 3, Fate.UNCONFIRMED)
    settled(books, REMEMBERED + 3, Fate.POSTED)
    assert [hold.number for hold in books.adjustable_holds] == [1, 3, 5]
