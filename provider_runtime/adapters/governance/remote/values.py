"""Holds, claims and standings as messages, and back."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from provider_runtime.adapters.governance.remote.messages import (
    AccountParts,
    ClaimMessage,
    HoldMessage,
    LineMessage,
    Reserved,
    StandingMessage,
    TallyMessage,
)
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.identity import CallId, OrderId
from provider_runtime.domain.policy.budgets.holds import (
    Account,
    Admitted,
    Balance,
    Claim,
    Declined,
    Hold,
    Line,
    Reservation,
    Standing,
    Tally,
)

_M = TypeVar("_M")
_V = TypeVar("_V")


def account_of(parts: AccountParts) -> Account:
    """The account that these name."""
    budget, owner, window_s = parts
    return Account(budget=budget, owner=owner, window_s=window_s)


def claims_out(claims: Iterable[Claim]) -> tuple[ClaimMessage, ...]:
    """Claims as they are sent."""
    return tuple(
        ClaimMessage(account=_parts(claim.account), limit=claim.limit, amount=claim.amount) for claim in claims
    )


def claims_in(messages: Iterable[ClaimMessage]) -> tuple[Claim, ...]:
    """Claims as they came. Raises ``ValueError`` for amounts that are none."""
    return tuple(Claim(account=account_of(one.account), limit=one.limit, amount=one.amount) for one in messages)


def hold_out(hold: Hold, order_id: str | None) -> HoldMessage:
    """A hold as it is sent, its order under the name that whoever gave it knows."""
    lines = tuple(
        LineMessage(account=_parts(line.account), window=line.window, amount=line.amount, limit=line.limit)
        for line in hold.lines
    )
    return HoldMessage(
        number=hold.number,
        call=str(hold.call_id),
        attempt=hold.attempt,
        lines=lines,
        until=hold.lease_until_ms,
        fence=hold.fence,
        state=hold.state,
        posted=hold.posted,
        order=order_id,
    )


def hold_in(message: HoldMessage) -> Hold:
    """A hold as it came."""
    return Hold(
        number=message.number,
        call_id=CallId(message.call),
        attempt=message.attempt,
        lines=tuple(
            Line(account=account_of(line.account), window=line.window, amount=line.amount, limit=line.limit)
            for line in message.lines
        ),
        lease_until_ms=message.until,
        fence=message.fence,
        state=message.state,
        posted=message.posted,
        order_id=None if message.order is None else OrderId(message.order),
    )


def standing_out(standing: Standing) -> StandingMessage:
    """A standing as it is sent."""
    balance = standing.balance
    return StandingMessage(
        account=_parts(standing.account),
        window=standing.window,
        limit=standing.limit,
        posted=balance.posted,
        held=balance.held,
        overrun=balance.overrun,
        warned=balance.warned,
    )


def standing_in(message: StandingMessage) -> Standing:
    """A standing as it came."""
    return Standing(
        account=account_of(message.account),
        window=message.window,
        limit=message.limit,
        balance=Balance(posted=message.posted, held=message.held, overrun=message.overrun, warned=message.warned),
    )


def tally_out(tally: Tally) -> TallyMessage:
    """A tally as it is sent."""
    return TallyMessage(standing=standing_out(tally.standing), unconfirmed=tally.unconfirmed)


def tally_in(message: TallyMessage) -> Tally:
    """A tally as it came."""
    return Tally(standing=standing_in(message.standing), unconfirmed=message.unconfirmed)


def reservation_out(reservation: Reservation, order_id: str) -> Reserved:
    """The answer to an order as it is sent."""
    if isinstance(reservation, Declined):
        return Reserved(declined=standing_out(reservation.standing), claimed=reservation.claimed)
    return Reserved(
        held=hold_out(reservation.hold, order_id), nearly=tuple(map(standing_out, reservation.nearly_spent))
    )


def reservation_in(message: Reserved) -> Reservation:
    """The answer to an order as it came. Raises ``ValueError`` for one that says neither yes nor no."""
    if message.held is not None:
        return Admitted(hold=hold_in(message.held), nearly_spent=tuple(map(standing_in, message.nearly)))
    if message.declined is None:
        raise ValueError("neither held nor declined")
    return Declined(standing=standing_in(message.declined), claimed=message.claimed)


def read(make: Callable[[_M], _V], message: _M) -> _V:
    """What ``make`` makes of a message. Raises ``RecordCorrupt`` where that is nothing."""
    try:
        return make(message)
    except (ValueError, TypeError):
        raise RecordCorrupt(
            kind="ledger",
            key="answer",
            message="the governance server answered with what is no answer to this question",
            remedy="See that server and client are of releases that fit; nothing is spent until then.",
        ) from None


def _parts(account: Account) -> AccountParts:
    return account.budget, account.owner, account.window_s
