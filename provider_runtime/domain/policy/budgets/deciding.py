"""Deciding: which entry may come next in the books of a ledger. Nothing is changed by it."""

from collections.abc import Sequence

from attrs import evolve

from provider_runtime.domain.errors import LedgerConflict, RecordMissing
from provider_runtime.domain.identity import OrderId
from provider_runtime.domain.policy.budgets.books import FOR_GOOD, Books, hold_of, is_nearly_spent
from provider_runtime.domain.policy.budgets.entries import Adjusted, Expired, Held, Reset, Settled
from provider_runtime.domain.policy.budgets.holds import (
    FIRST_FENCE,
    Admitted,
    Declined,
    Fate,
    Hold,
    HoldOrder,
    HoldState,
    Line,
    Reservation,
    Standing,
)
from provider_runtime.domain.policy.budgets.limits import LARGEST


def reserve(books: Books, order: HoldOrder, clock_ms: int) -> tuple[Held | None, Reservation]:
    """The entry for all that ``order`` claims, or none of it.

    An order that was given before is answered with the hold that was taken for it. Raises
    ``LedgerConflict`` where that is over: whoever gave it did not wait for an answer.
    """
    if order.order_id is not None and (known := books.orders.get(order.order_id)) is not None:
        return None, Admitted(hold=_still_held(books, known))
    now_ms = books.time(clock_ms)
    lines: list[Line] = []
    nearly: tuple[Standing, ...] = ()
    for claim in order.claims:
        account, limit, amount = claim.account, claim.limit, claim.amount
        window = account.window_at(now_ms)
        sums = books.sums(account, window)
        taken = amount if sums is None else amount + sums.posted + sums.held
        if taken > limit:
            return None, Declined(standing=books.standing(account, limit, window), claimed=amount)
        lines.append(Line(account, window, amount, limit))
        if is_nearly_spent(taken, limit) and (sums is None or not sums.warned):
            nearly += (_nearly_spent(books.standing(account, limit, window), amount),)
    entry = Held(now_ms, order.call_id, order.attempt, tuple(lines), now_ms + order.lease_ms, order.order_id)
    return entry, Admitted(hold_of(books.count + 1, entry), nearly)


def settle(books: Books, owned: Hold, fate: Fate, charges: Sequence[int], clock_ms: int) -> Settled | Adjusted | None:
    """The entry for what became of a hold, as its owner has it; ``None`` where the same was entered before.

    An owner that was taken for lost comes too late to settle: what it says puts right what was
    posted. Raises ``LedgerConflict`` for a hold that is unknown, was settled otherwise, or is another's.
    """
    number = owned.number
    entry = books.held.get(number)
    if entry is not None:
        given = _checked(entry.lines, charges)
        if owned.order_id != entry.order_id:
            raise _of_another(number)
        if owned.fence != FIRST_FENCE:
            raise _conflict(number, "was settled with a fence that is not its own")
        return Settled(books.time(clock_ms), number, fate, given)
    hold = _known(books, number)
    given = _checked(hold.lines, charges)
    if owned.order_id != hold.order_id:
        raise _of_another(number)
    if hold.state is HoldState.EXPIRED:
        return Adjusted(at_ms=books.time(clock_ms), hold=number, charges=given)
    same_fate = hold.state in {fate.state, HoldState.ADJUSTED}
    if same_fate and given == hold.posted:
        return None
    raise _conflict(number, "was settled otherwise before")


def adjust(books: Books, number: int, charges: Sequence[int], clock_ms: int) -> Adjusted | None:
    """The entry that puts right what was posted in full; ``None`` where that is right already.

    Raises ``LedgerConflict`` for a hold that is unknown, under way, or settled for good.
    """
    hold = _known(books, number)
    if hold.state is HoldState.HELD or hold.state in FOR_GOOD:
        raise _conflict(number, f"is {hold.state.value}, and cannot be adjusted")
    given = _checked(hold.lines, charges)
    if hold.state is HoldState.ADJUSTED and given == hold.posted:
        return None
    return Adjusted(at_ms=books.time(clock_ms), hold=number, charges=given)


def withdraw(books: Books, order_id: OrderId, clock_ms: int) -> Settled | Adjusted | None:
    """The entry that gives back what was held for an order; ``None`` where nothing is.

    Raises ``LedgerConflict`` where its owner has said otherwise what became of it.
    """
    number = books.orders.get(order_id)
    if number is None:
        return None
    hold = _known(books, number)
    return settle(books, hold, Fate.VOID, (0,) * len(hold.lines), clock_ms)


def expire(books: Books, clock_ms: int) -> Expired | None:
    """The entry for every hold whose lease is over."""
    now_ms = books.time(clock_ms)
    overdue = tuple(number for number, entry in books.held.items() if entry.lease_until_ms <= now_ms)
    return Expired(at_ms=now_ms, holds=overdue) if overdue else None


def reset(books: Books, budget: str, owner: str, clock_ms: int) -> Reset | None:
    """The entry that lets an account begin anew; ``None`` where nothing is posted. What is held stays held.

    Raises ``RecordMissing`` for an account that was never held anything in.
    """
    book = books.accounts.get((budget, owner))
    if book is None:
        raise RecordMissing(
            kind="budget",
            key=f"{budget}:{owner}",
            message=f"nothing was ever spent from {budget} of {owner}",
            remedy="Look at the budgets that the ledger knows.",
        )
    now_ms = books.time(clock_ms)
    account = book.latest.account
    window = account.window_at(now_ms)
    if not books.balance(account, window).posted:
        return None
    return Reset(at_ms=now_ms, budget=budget, owner=owner, window=window)


def _still_held(books: Books, number: int) -> Hold:
    hold = _known(books, number)
    if hold.state is HoldState.HELD:
        return hold
    raise _conflict(number, "was taken for this order, and is over")


def _known(books: Books, number: int) -> Hold:
    hold = books.find(number)
    if hold is None:
        raise _conflict(number, "is not known, or was settled long ago")
    return hold


def _nearly_spent(before: Standing, amount: int) -> Standing:
    balance = before.balance
    return evolve(before, balance=evolve(balance, held=balance.held + amount, warned=True))


def _checked(lines: tuple[Line, ...], charges: Sequence[int]) -> tuple[int, ...]:
    given = tuple(charges)
    if len(given) == len(lines):
        for one in given:
            if type(one) is not int or not 0 <= one <= LARGEST:
                break
        else:
            return given
    raise ValueError("charges: one whole number from 0 for each line of the hold; nothing is ever credited")


def _of_another(number: int) -> LedgerConflict:
    return _conflict(number, "was taken for another order")


def _conflict(number: int, what: str) -> LedgerConflict:
    return LedgerConflict(
        kind="ledger",
        key=str(number),
        message=f"hold {number} {what}",
        remedy="Settle each hold once; look at the entries of the ledger.",
    )
