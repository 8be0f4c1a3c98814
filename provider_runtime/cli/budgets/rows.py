"""How budgets stand, as rows: what the ledger knows, and what is declared and was never spent from."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from provider_runtime.cli.budgets.amounts import end_of
from provider_runtime.cli.budgets.opening import Opened
from provider_runtime.domain.errors import LedgerDenied
from provider_runtime.domain.policy.budgets.holds import Account, Balance, Claim, Hold, Standing, Tally
from provider_runtime.domain.policy.budgets.limits import EVERYONE, Budget
from provider_runtime.domain.reports.report import BudgetState

NOBODY_YET: Final = "(nobody yet)"
"""Where each has a budget of their own, and nobody has spent: no label looks like this."""


@frozen(kw_only=True)
class BudgetRow:
    """One account. Whole numbers of ``unit``; ``owner`` is ``None`` where each has their own, and nobody has spent.

    ``unconfirmed`` is a part of ``posted``: posted in full, since nobody could say what it came to.
    """

    budget: str
    owner: str | None
    unit: str | None
    limit: int
    posted: int
    held: int
    unconfirmed: int
    remaining: int
    window_s: int | None
    resets_at: datetime | None
    is_declared: bool


async def rows_of(opened: Opened, names: Iterable[str] = ()) -> tuple[BudgetRow, ...]:
    """Every account of the ledger, by the limits that hold now; all of them, or those of ``names``."""
    return tuple([_row(*found, opened) for found in await _accounts(opened, names)])


async def states_of(opened: Opened) -> tuple[BudgetState, ...]:
    """How every account stands, for a report."""
    accounts = await _accounts(opened, ())
    return tuple(
        BudgetState(standing=standing, unit=opened.unit(standing.account.budget)) for standing, _, _ in accounts
    )


async def _accounts(opened: Opened, names: Iterable[str]) -> list[tuple[Standing, Tally | None, Budget | None]]:
    wanted = frozenset(names)
    tallies = {
        (tally.standing.account.budget, tally.standing.account.owner): tally
        for tally in await opened.ledger.tallies()
        if not wanted or tally.standing.account.budget in wanted
    }
    declared = {budget.name: budget for budget in opened.budgets if not wanted or budget.name in wanted}
    # A server may have a lower limit than what is declared here: it is asked what holds.
    claims = [
        Claim(account=tally.standing.account, limit=declared[name].limit.value, amount=0)
        for (name, _), tally in tallies.items()
        if name in declared and declared[name].window_s == tally.standing.account.window_s
    ]
    spent_from = {name for name, _ in tallies}
    unspent = [_unspent(budget) for budget in declared.values() if budget.name not in spent_from]
    now = {(one.account.budget, one.account.owner): one for one in (*await _standings(opened, claims), *unspent)}
    standings = {place: tally.standing for place, tally in tallies.items()} | now
    return [
        (standing, tallies.get(place), declared.get(standing.account.budget))
        for place, standing in sorted(standings.items())
    ]


async def _standings(opened: Opened, claims: list[Claim]) -> tuple[Standing, ...]:
    try:
        return await opened.ledger.standings(claims) if claims else ()
    except LedgerDenied:
        return ()  # then what was last claimed has to do


def _unspent(budget: Budget) -> Standing:
    owner = EVERYONE if budget.scope == EVERYONE else NOBODY_YET
    account = Account(budget=budget.name, owner=owner, window_s=budget.window_s)
    window = account.window_at(int(datetime.now(UTC).timestamp() * 1000))
    return Standing(account=account, window=window, limit=budget.limit.value, balance=Balance())


def _row(standing: Standing, tally: Tally | None, declared: Budget | None, opened: Opened) -> BudgetRow:
    account, balance = standing.account, standing.balance
    return BudgetRow(
        budget=account.budget,
        owner=None if account.owner == NOBODY_YET else account.owner,
        unit=opened.unit_name(account.budget),
        limit=standing.limit,
        posted=balance.posted,
        held=balance.held,
        unconfirmed=0 if tally is None else tally.unconfirmed,
        remaining=standing.remaining,
        window_s=account.window_s,
        resets_at=None if account.window_s is None else end_of(standing.window, account.window_s),
        is_declared=declared is not None,
    )


@frozen(kw_only=True)
class HoldRow:
    """A hold that can be put right: what was posted for it, budget by budget."""

    number: int
    state: str
    call_id: str
    attempt: int
    lines: tuple["HoldLineRow", ...]


@frozen(kw_only=True)
class HoldLineRow:
    """One line of it."""

    budget: str
    owner: str
    unit: str | None
    posted: int


def hold_row(hold: Hold, opened: Opened) -> HoldRow:
    """The row of a hold."""
    return HoldRow(
        number=hold.number,
        state=hold.state.value,
        call_id=str(hold.call_id),
        attempt=hold.attempt,
        lines=tuple(
            HoldLineRow(
                budget=line.account.budget,
                owner=line.account.owner,
                unit=opened.unit_name(line.account.budget),
                posted=posted,
            )
            for line, posted in zip(hold.lines, hold.posted, strict=True)
        ),
    )
