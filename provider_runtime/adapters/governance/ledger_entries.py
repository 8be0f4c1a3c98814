"""The entries of a ledger, and its books, as bytes and back."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from provider_runtime.adapters.backends.medium import Position
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.policy.budgets.books import Books
from provider_runtime.domain.policy.budgets.entries import Adjusted, Entry, Expired, Held, Settled, Taken
from provider_runtime.domain.policy.budgets.holds import Account, Balance, Fate, Hold, HoldState, Line

_VERSION: Final = 1
_DECODER: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)  # ids and names are kinds of text
_T = TypeVar("_T")


def encoded(entry: Entry) -> bytes:
    """One entry as a short JSON object; ``k`` says of which kind."""
    match entry:
        case Held():
            lines = [[*_account(line.account), line.window, line.amount, line.limit] for line in entry.lines]
            value: dict[str, Any] = {
                "k": "held",
                "at": entry.at_ms,
                "call": entry.call_id,
                "try": entry.attempt,
                "until": entry.lease_until_ms,
                "lines": lines,
            }
        case Settled():
            value = {"k": entry.fate.value, "at": entry.at_ms, "hold": entry.hold, "post": entry.charges}
        case Expired():
            value = {"k": "expired", "at": entry.at_ms, "holds": entry.holds}
        case Adjusted():
            value = {"k": "adjusted", "at": entry.at_ms, "hold": entry.hold, "post": entry.charges}
    return _dumped(value)


def decoded(raw: bytes) -> Entry:
    """The entry that these bytes are. Raises ``RecordCorrupt``."""
    return _read(raw, _entry)


def books_as_bytes(books: Books, position: Position) -> bytes:
    """Books as they stand at ``position`` of their journal."""
    return _dumped(
        {
            "version": _VERSION,
            "position": str(position),
            "count": books.count,
            "now": books.now_ms,
            "balances": [
                [*owned, window, balance.posted, balance.held, balance.overrun, balance.warned]
                for owned, windows in books.balances.items()
                for window, balance in windows.items()
            ],
            "holds": [_hold_out(hold) for hold in books.holds.values()],
            "settled": [_hold_out(hold) for hold in books.settled.values()],
            "adjustable": [_hold_out(hold) for hold in books.adjustable.values()],
        }
    )


def books_from_bytes(raw: bytes) -> tuple[Books, Position]:
    """What ``books_as_bytes`` made these of. Raises ``RecordCorrupt``."""
    return _read(raw, _books)


def unreadable(what: str) -> RecordCorrupt:
    """The error for a ledger that does not add up."""
    return RecordCorrupt(
        kind="ledger",
        key="entries",
        message=f"the ledger cannot be read: {what}",
        remedy="Restore the ledger from a copy, or name another one to begin anew; nothing is spent until then.",
    )


def _read(raw: bytes, make: Callable[[Any], _T]) -> _T:
    try:
        return make(_DECODER.decode(raw))
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError):
        raise unreadable("an entry is not of a form that this release knows") from None


def _entry(value: Any) -> Entry:
    at_ms, kind = _whole(value["at"]), value["k"]
    if kind == "held":
        return Held(
            at_ms=at_ms,
            call_id=CallId(value["call"]),
            attempt=_whole(value["try"]),
            lease_until_ms=_whole(value["until"]),
            lines=tuple(
                Taken(
                    account=Account(budget=budget, owner=owner, window_s=window_s),
                    window=_whole(window),
                    amount=_whole(amount),
                    limit=_whole(limit),
                )
                for budget, owner, window_s, window, amount, limit in value["lines"]
            ),
        )
    if kind == "expired":
        return Expired(at_ms=at_ms, holds=_wholes(value["holds"]))
    hold, charges = _whole(value["hold"]), _wholes(value["post"])
    if kind == "adjusted":
        return Adjusted(at_ms=at_ms, hold=hold, charges=charges)
    return Settled(at_ms=at_ms, hold=hold, fate=Fate(kind), charges=charges)


def _books(value: Any) -> tuple[Books, Position]:
    if value["version"] != _VERSION:
        raise ValueError("of another release")
    books = Books(count=_whole(value["count"]), now_ms=_whole(value["now"]))
    for budget, owner, window, posted, held, overrun, warned in value["balances"]:
        balance = Balance(posted=_whole(posted), held=_whole(held), overrun=_whole(overrun), warned=bool(warned))
        books.balances.setdefault((budget, owner), {})[_whole(window)] = balance
    for name, kept in (("holds", books.holds), ("settled", books.settled), ("adjustable", books.adjustable)):
        kept.update((hold.number, hold) for hold in map(_hold_in, value[name]))
    return books, Position.parse(value["position"])


def _hold_out(hold: Hold) -> list[object]:
    lines = [[*_account(line.account), line.window, line.amount, line.limit, line.posted] for line in hold.lines]
    return [hold.number, hold.call_id, hold.attempt, hold.lease_until_ms, hold.fence, hold.state.value, lines]


def _hold_in(value: Any) -> Hold:
    number, call_id, attempt, lease_until_ms, fence, state, lines = value
    return Hold(
        number=_whole(number),
        call_id=CallId(call_id),
        attempt=_whole(attempt),
        lease_until_ms=_whole(lease_until_ms),
        fence=_whole(fence),
        state=HoldState(state),
        lines=tuple(
            Line(
                account=Account(budget=budget, owner=owner, window_s=window_s),
                window=_whole(window),
                amount=_whole(amount),
                limit=_whole(limit),
                posted=_whole(posted),
            )
            for budget, owner, window_s, window, amount, limit, posted in lines
        ),
    )


def _account(account: Account) -> tuple[str, str, int | None]:
    return account.budget, account.owner, account.window_s


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a whole number from 0")
    return value


def _wholes(values: list[object]) -> tuple[int, ...]:
    return tuple(_whole(value) for value in values)


def _dumped(value: object) -> bytes:
    return _ENCODER.encode(value)
