"""Books: what the entries of a ledger add up to."""

from collections import OrderedDict
from collections.abc import Iterable
from operator import itemgetter
from typing import Final

from attrs import define, evolve, field

from provider_runtime.domain.identity import OrderId
from provider_runtime.domain.policy.budgets.entries import Adjusted, Entry, Expired, Held, Settled
from provider_runtime.domain.policy.budgets.holds import (
    FIRST_FENCE,
    NO_WINDOW,
    Account,
    Balance,
    Claim,
    Hold,
    HoldState,
    Line,
    Standing,
    Tally,
    in_order,
)
from provider_runtime.domain.values import sealed

_EMPTY: Final = Balance()
_NEARLY: Final = 4  # fifths of a limit are worth a warning. Source: semantics B.7
_WHOLE: Final = 5
_SETTLED_KEPT: Final = 1024
_ADJUSTABLE_KEPT: Final = 10_000
_AFTER_ITS_LEASE: Final = FIRST_FENCE + 1
_HELD: Final = HoldState.HELD
FOR_GOOD: Final = frozenset({HoldState.POSTED, HoldState.VOID})

Owned = tuple[str, str]
"""A budget's name and its owner."""


@define(kw_only=True)
class Sums:
    """A ``Balance`` under construction: it changes with every entry."""

    posted: int = 0
    held: int = 0
    overrun: int = 0
    warned: bool = False

    @property
    def balance(self) -> Balance:
        """As it is now."""
        return Balance(posted=self.posted, held=self.held, overrun=self.overrun, warned=self.warned)


@define(kw_only=True)
class AccountBook:
    """One account: the last line that was held in it, and the sums of its windows."""

    latest: Line
    windows: dict[int, Sums] = field(factory=dict)


@sealed
class Closed:
    """A hold that is not under way any more."""

    entry: Held
    state: HoldState
    posted: tuple[int, ...]


@define(kw_only=True, eq=False)
class Books:
    """The sums of a ledger's entries, brought forward one entry after another by ``apply``.

    Equal entries give equal books, whoever keeps them; which entry may come next is said by
    ``deciding``. ``count`` entries were applied, the last at ``now_ms``. Of holds that are settled for
    good the last thousand are remembered, of those that can be put right the last ten thousand.
    """

    count: int = 0
    now_ms: int = 0
    accounts: dict[Owned, AccountBook] = field(factory=dict)
    held: dict[int, Held] = field(factory=dict)
    """The entries of holds under way, by their number."""
    # Ordered: the oldest entry of a plain dict is found behind the places of all that were taken out before it.
    settled: OrderedDict[int, Closed] = field(factory=OrderedDict)
    adjustable: OrderedDict[int, Closed] = field(factory=OrderedDict)
    orders: dict[OrderId, int] = field(factory=dict)
    """Which hold was taken for an order of this name, for as long as the hold is remembered."""

    def time(self, clock_ms: int) -> int:
        """The time of the next entry: it never runs back, whatever the clocks of the owners do."""
        return max(self.now_ms, clock_ms)

    def balance(self, account: Account, window: int) -> Balance:
        """What one window of an account holds."""
        sums = self.sums(account, window)
        return _EMPTY if sums is None else sums.balance

    def sums(self, account: Account, window: int) -> Sums | None:
        """The sums of one window of an account, if anything was ever entered there. Theirs alone is to change them."""
        book = self.accounts.get((account.budget, account.owner))
        return None if book is None else book.windows.get(window)

    def standing(self, account: Account, limit: int, window: int) -> Standing:
        """How an account stands in one window."""
        return Standing(account=account, window=window, limit=limit, balance=self.balance(account, window))

    def find(self, number: int) -> Hold | None:
        """The hold of this number, if it is remembered."""
        entry = self.held.get(number)
        if entry is not None:
            return hold_of(number, entry)
        closed = self.settled.get(number) or self.adjustable.get(number)
        return None if closed is None else _hold_closed(number, closed)

    @property
    def adjustable_holds(self) -> tuple[Hold, ...]:
        """The holds that can be put right."""
        return tuple(_hold_closed(number, closed) for number, closed in self.adjustable.items())

    def standings(self, claims: Iterable[Claim], clock_ms: int) -> tuple[Standing, ...]:
        """How the claimed accounts stand, in order of their names."""
        now_ms = self.time(clock_ms)
        return tuple(
            self.standing(claim.account, claim.limit, claim.account.window_at(now_ms)) for claim in in_order(claims)
        )

    def tallies(self, clock_ms: int) -> tuple[Tally, ...]:
        """How every account stands that was ever held anything in, in order of their names."""
        now_ms = self.time(clock_ms)
        unconfirmed: dict[tuple[Owned, int | None], int] = {}
        for closed in self.adjustable.values():
            if closed.state is HoldState.ADJUSTED:
                continue
            for line, posted in zip(closed.entry.lines, closed.posted, strict=True):
                place = _owned(line.account), line.window
                unconfirmed[place] = unconfirmed.get(place, 0) + posted
        lines = (book.latest for _, book in sorted(self.accounts.items(), key=itemgetter(0)))
        standings = (self.standing(line.account, line.limit, line.account.window_at(now_ms)) for line in lines)
        return tuple(
            Tally(standing=standing, unconfirmed=unconfirmed.get((_owned(standing.account), standing.window), 0))
            for standing in standings
        )

    def apply(self, entry: Entry) -> None:
        """Enter what happened. Raises ``ValueError`` for an entry that cannot follow the ones before.

        Such an entry changes nothing.
        """
        if entry.at_ms < self.now_ms:
            raise ValueError("time runs back")
        if isinstance(entry, Held):
            self._hold(entry)
        elif isinstance(entry, Settled):
            self._close(entry.hold, entry.fate.state, entry.charges)
        elif isinstance(entry, Expired):
            self._expire(entry.holds)
        elif isinstance(entry, Adjusted):
            self._adjust(entry.hold, entry.charges)
        else:
            self._reset((entry.budget, entry.owner), entry.window)
        self.count, self.now_ms = self.count + 1, entry.at_ms

    def _hold(self, entry: Held) -> None:
        number = self.count + 1
        self.held[number] = entry
        if entry.order_id is not None:
            self.orders[entry.order_id] = number
        for line in entry.lines:
            owned = line.account.budget, line.account.owner
            book = self.accounts.get(owned)
            if book is None:
                book = self.accounts[owned] = AccountBook(latest=line)
            book.latest = line
            sums = book.windows.get(line.window)
            if sums is None:
                # A window that is over, and that no hold is open in, decides nothing any more.
                for old in [window for window, kept in book.windows.items() if not kept.held]:
                    del book.windows[old]
                sums = book.windows[line.window] = Sums()
            sums.held += line.amount
            if is_nearly_spent(sums.posted + sums.held, line.limit):
                sums.warned = True

    def _expire(self, numbers: tuple[int, ...]) -> None:
        if len(self.held.keys() & numbers) < len(numbers):
            raise ValueError("a hold is not under way, or expires twice")
        for number in numbers:
            self._close(number, HoldState.EXPIRED, tuple([line.amount for line in self.held[number].lines]))

    def _close(self, number: int, state: HoldState, charges: tuple[int, ...]) -> None:
        entry = self.held.get(number)
        if entry is None:
            raise ValueError(f"hold {number} is not under way")
        if len(charges) != len(entry.lines):
            raise _uneven(number)
        del self.held[number]
        for line, charge in zip(entry.lines, charges, strict=True):
            self._post(line, charge, line.amount)
        kept, most = (self.settled, _SETTLED_KEPT) if state in FOR_GOOD else (self.adjustable, _ADJUSTABLE_KEPT)
        kept[number] = Closed(entry, state, charges)
        if len(kept) > most:
            _, oldest = kept.popitem(last=False)
            if oldest.entry.order_id is not None:
                self.orders.pop(oldest.entry.order_id, None)

    def _adjust(self, number: int, charges: tuple[int, ...]) -> None:
        closed = self.adjustable.get(number)
        if closed is None:
            raise ValueError(f"hold {number} cannot be adjusted")
        if len(charges) != len(closed.entry.lines):
            raise _uneven(number)
        for line, before, charge in zip(closed.entry.lines, closed.posted, charges, strict=True):
            self._post(line, charge - before, 0)
        self.adjustable[number] = Closed(closed.entry, HoldState.ADJUSTED, charges)

    def _reset(self, owned: Owned, window: int) -> None:
        book = self.accounts.get(owned)
        sums = None if book is None else book.windows.get(window)
        if book is None or sums is None:
            raise ValueError("an account is reset in a window that it has")
        book.windows[window] = Sums(held=sums.held)
        for number, closed in self.adjustable.items():
            if any(_owned(line.account) == owned and line.window == window for line in closed.entry.lines):
                lines = tuple(
                    evolve(line, window=NO_WINDOW) if _owned(line.account) == owned and line.window == window else line
                    for line in closed.entry.lines
                )
                self.adjustable[number] = evolve(closed, entry=evolve(closed.entry, lines=lines))

    def _post(self, line: Line, posted: int, released: int) -> None:
        sums = self.sums(line.account, line.window)
        if sums is None:
            return  # put right when its window is long over, or after a reset
        sums.posted += posted
        sums.held -= released
        if posted > released:
            sums.overrun += posted - released


def is_nearly_spent(taken: int, limit: int) -> bool:
    """Whether so much of a limit is taken that it should be told."""
    return taken * _WHOLE >= limit * _NEARLY


def hold_of(number: int, entry: Held) -> Hold:
    """The hold that this entry takes."""
    attempt, lines, until_ms = entry.attempt, entry.lines, entry.lease_until_ms
    return Hold(number, entry.call_id, attempt, lines, until_ms, FIRST_FENCE, _HELD, (), entry.order_id)


def _hold_closed(number: int, closed: Closed) -> Hold:
    # Whoever was taken for lost has an outdated fence.
    fence = _AFTER_ITS_LEASE if closed.state is HoldState.EXPIRED else FIRST_FENCE
    return evolve(hold_of(number, closed.entry), state=closed.state, posted=closed.posted, fence=fence)


def _uneven(number: int) -> ValueError:
    return ValueError(f"hold {number} is charged line by line")


def _owned(account: Account) -> Owned:
    return account.budget, account.owner
