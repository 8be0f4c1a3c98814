"""Books: what the entries of a ledger add up to, and which entry may come next."""

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import define, evolve, field

from provider_runtime.domain.errors import LedgerConflict
from provider_runtime.domain.policy.budgets.entries import Adjusted, Entry, Expired, Held, Settled, Taken
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
    Line,
    Reservation,
    Standing,
)
from provider_runtime.domain.policy.budgets.limits import LARGEST

_EMPTY: Final = Balance()
_NEARLY: Final = (4, 5)  # four fifths of a limit are worth a warning. Source: semantics B.7
_SETTLED_KEPT: Final = 1024
_ADJUSTABLE_KEPT: Final = 10_000
_FOR_GOOD: Final = frozenset({HoldState.POSTED, HoldState.VOID})

Owned = tuple[str, str]
"""A budget's name and its owner."""


@define(kw_only=True, eq=False)
class Books:
    """The sums of a ledger's entries, brought forward one entry after another.

    ``reserve``, ``settle``, ``adjust`` and ``expire`` say which entry would come next and change
    nothing; ``apply`` enters it. So equal entries give equal books, whoever keeps them. ``count``
    entries were applied, the last at ``now_ms``. Of holds that are settled for good the last
    thousand are remembered, of those that can be put right the last ten thousand.
    """

    count: int = 0
    now_ms: int = 0
    balances: dict[Owned, dict[int, Balance]] = field(factory=dict)
    holds: dict[int, Hold] = field(factory=dict)
    """Those under way."""
    settled: dict[int, Hold] = field(factory=dict)
    adjustable: dict[int, Hold] = field(factory=dict)

    def time(self, clock_ms: int) -> int:
        """The time of the next entry: it never runs back, whatever the clocks of the owners do."""
        return max(self.now_ms, clock_ms)

    def reserve(self, order: HoldOrder, clock_ms: int) -> tuple[Held | None, Reservation]:
        """The entry for all that ``order`` claims, or none of it."""
        now_ms = self.time(clock_ms)
        standings = self.standings(order.claims, now_ms)
        for standing, claim in zip(standings, _sorted(order.claims), strict=True):
            if standing.limit - standing.balance.taken < claim.amount:
                return None, Declined(standing=standing, claimed=claim.amount)
        lines = tuple(
            Taken(account=claim.account, window=standing.window, amount=claim.amount, limit=claim.limit)
            for standing, claim in zip(standings, _sorted(order.claims), strict=True)
        )
        entry = Held(
            at_ms=now_ms,
            call_id=order.call_id,
            attempt=order.attempt,
            lines=lines,
            lease_until_ms=now_ms + order.lease_ms,
        )
        nearly = tuple(
            evolve(standing, balance=_with(standing.balance, held=claim.amount, limit=claim.limit))
            for standing, claim in zip(standings, _sorted(order.claims), strict=True)
            if not standing.balance.warned and _is_nearly_spent(standing.balance.taken + claim.amount, claim.limit)
        )
        return entry, Admitted(hold=_hold(self.count + 1, entry), nearly_spent=nearly)

    def standings(self, claims: Iterable[Claim], clock_ms: int) -> tuple[Standing, ...]:
        """How the claimed accounts stand, in order of their names."""
        now_ms = self.time(clock_ms)
        return tuple(
            Standing(
                account=claim.account,
                window=(window := claim.account.window_at(now_ms)),
                limit=claim.limit,
                balance=self.balance(claim.account, window),
            )
            for claim in _sorted(claims)
        )

    def balance(self, account: Account, window: int) -> Balance:
        """What one window of an account holds."""
        return self.balances.get((account.budget, account.owner), {}).get(window, _EMPTY)

    def settle(
        self, number: int, fence: int, fate: Fate, charges: Sequence[int], clock_ms: int
    ) -> Settled | Adjusted | None:
        """The entry for what became of a hold; ``None`` where the same was entered before.

        An owner that was taken for lost comes too late to settle: what it says puts right what was
        posted. Raises ``LedgerConflict`` for a hold that is unknown, or was settled otherwise.
        """
        hold = self._known(number)
        given = _checked(hold, charges)
        if hold.state is HoldState.HELD:
            if fence != hold.fence:
                raise _conflict(number, "was settled with a fence that is not its own")
            return Settled(at_ms=self.time(clock_ms), hold=number, fate=fate, charges=given)
        if hold.state is HoldState.EXPIRED:
            return Adjusted(at_ms=self.time(clock_ms), hold=number, charges=given)
        same_fate = hold.state in {fate.state, HoldState.ADJUSTED}
        if same_fate and given == tuple(line.posted for line in hold.lines):
            return None
        raise _conflict(number, "was settled otherwise before")

    def adjust(self, number: int, charges: Sequence[int], clock_ms: int) -> Adjusted | None:
        """The entry that puts right what was posted in full; ``None`` where that is right already.

        Raises ``LedgerConflict`` for a hold that is unknown, under way, or settled for good.
        """
        hold = self._known(number)
        if hold.state is HoldState.HELD or hold.state in _FOR_GOOD:
            raise _conflict(number, f"is {hold.state.value}, and cannot be adjusted")
        given = _checked(hold, charges)
        if hold.state is HoldState.ADJUSTED and given == tuple(line.posted for line in hold.lines):
            return None
        return Adjusted(at_ms=self.time(clock_ms), hold=number, charges=given)

    def expire(self, clock_ms: int) -> Expired | None:
        """The entry for every hold whose lease is over."""
        now_ms = self.time(clock_ms)
        overdue = tuple(number for number, hold in self.holds.items() if hold.lease_until_ms <= now_ms)
        return Expired(at_ms=now_ms, holds=overdue) if overdue else None

    def apply(self, entry: Entry) -> None:
        """Enter what happened. Raises ``ValueError`` for an entry that cannot follow the ones before."""
        if entry.at_ms < self.now_ms:
            raise ValueError("time runs back")
        self.count, self.now_ms = self.count + 1, entry.at_ms
        match entry:
            case Held():
                self._hold(entry)
            case Settled(hold=number, fate=fate, charges=charges):
                self._close(self._under_way(number), fate.state, charges)
            case Expired(holds=numbers):
                for number in numbers:
                    hold = self._under_way(number)
                    self._close(evolve(hold, fence=hold.fence + 1), HoldState.EXPIRED, hold.amounts)
            case Adjusted(hold=number, charges=charges):
                self._adjust(number, charges)

    def _hold(self, entry: Held) -> None:
        self.holds[self.count] = _hold(self.count, entry)
        for line in entry.lines:
            windows = self.balances.setdefault((line.account.budget, line.account.owner), {})
            before = windows.get(line.window)
            if before is None:
                # A window that is over, and that no hold is open in, decides nothing any more.
                for old in [number for number, kept in windows.items() if not kept.held]:
                    del windows[old]
            windows[line.window] = _with(before or _EMPTY, held=line.amount, limit=line.limit)

    def _close(self, hold: Hold, state: HoldState, charges: tuple[int, ...]) -> None:
        del self.holds[hold.number]
        for line, charge in zip(hold.lines, charges, strict=True):
            self._post(line, posted=charge, released=line.amount)
        lines = tuple(evolve(line, posted=charge) for line, charge in zip(hold.lines, charges, strict=True))
        closed = evolve(hold, state=state, lines=lines)
        kept, most = (self.settled, _SETTLED_KEPT) if state in _FOR_GOOD else (self.adjustable, _ADJUSTABLE_KEPT)
        kept[hold.number] = closed
        if len(kept) > most:
            del kept[next(iter(kept))]

    def _adjust(self, number: int, charges: tuple[int, ...]) -> None:
        hold = self.adjustable.get(number)
        if hold is None:
            raise ValueError(f"hold {number} cannot be adjusted")
        for line, charge in zip(hold.lines, charges, strict=True):
            self._post(line, posted=charge - line.posted, released=0)
        lines = tuple(evolve(line, posted=charge) for line, charge in zip(hold.lines, charges, strict=True))
        self.adjustable[number] = evolve(hold, state=HoldState.ADJUSTED, lines=lines)

    def _post(self, line: Line, *, posted: int, released: int) -> None:
        windows = self.balances.get((line.account.budget, line.account.owner), {})
        before = windows.get(line.window)
        if before is None:
            return  # put right when its window is long over
        windows[line.window] = Balance(
            posted=before.posted + posted,
            held=before.held - released,
            overrun=before.overrun + max(0, posted - released),
            warned=before.warned,
        )

    def _under_way(self, number: int) -> Hold:
        hold = self.holds.get(number)
        if hold is None:
            raise ValueError(f"hold {number} is not under way")
        return hold

    def _known(self, number: int) -> Hold:
        hold = self.holds.get(number) or self.settled.get(number) or self.adjustable.get(number)
        if hold is None:
            raise _conflict(number, "is not known, or was settled long ago")
        return hold


def _sorted(claims: Iterable[Claim]) -> list[Claim]:
    return sorted(claims, key=lambda claim: (claim.account.budget, claim.account.owner))


def _hold(number: int, entry: Held) -> Hold:
    return Hold(
        number=number,
        call_id=entry.call_id,
        attempt=entry.attempt,
        lines=tuple(
            Line(account=line.account, window=line.window, amount=line.amount, limit=line.limit) for line in entry.lines
        ),
        lease_until_ms=entry.lease_until_ms,
    )


def _with(balance: Balance, *, held: int, limit: int) -> Balance:
    return Balance(
        posted=balance.posted,
        held=balance.held + held,
        overrun=balance.overrun,
        warned=balance.warned or _is_nearly_spent(balance.taken + held, limit),
    )


def _is_nearly_spent(taken: int, limit: int) -> bool:
    part, whole = _NEARLY
    return taken * whole >= limit * part


def _checked(hold: Hold, charges: Sequence[int]) -> tuple[int, ...]:
    if len(charges) != len(hold.lines) or any(type(one) is not int or not 0 <= one <= LARGEST for one in charges):
        raise ValueError("charges: one whole number from 0 for each line of the hold; nothing is ever credited")
    return tuple(charges)


def _conflict(number: int, what: str) -> LedgerConflict:
    return LedgerConflict(
        kind="ledger",
        key=str(number),
        message=f"hold {number} {what}",
        remedy="Settle each hold once; look at the entries of the ledger.",
    )
