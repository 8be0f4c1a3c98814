"""The books of a ledger of budgets as bytes, and back: a short cut for whoever opens it next."""

from typing import Annotated, Final, TypeAlias

import msgspec
from attrs import field, frozen

from provider_runtime.adapters.backends.medium import Position
from provider_runtime.adapters.governance.ledger_entries import EntryReader, Whole, encoded, parts_of, unreadable
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.identity import CallId, OrderId
from provider_runtime.domain.policy.budgets.books import AccountBook, Books, Closed, Sums
from provider_runtime.domain.policy.budgets.entries import Entry, Held
from provider_runtime.domain.policy.budgets.holds import Account, HoldState, Line

_VERSION: Final = 2
_LineRecord: TypeAlias = tuple[str, str, int | None, int, Whole, Whole]
_BookRecord: TypeAlias = tuple[_LineRecord, list[tuple[Whole, Whole, Whole, Whole, bool]]]
_HoldRecord: TypeAlias = tuple[Whole, Whole, str, Whole, Whole, list[_LineRecord], str | None]
_ClosedRecord: TypeAlias = tuple[_HoldRecord, HoldState, tuple[Whole, ...]]
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)  # ids and names are kinds of text


class _Head(msgspec.Struct):
    version: int
    count: Whole


class _Checkpoint(msgspec.Struct):
    version: Annotated[int, msgspec.Meta(ge=_VERSION, le=_VERSION)]
    position: str
    count: Whole
    now: Whole
    accounts: list[_BookRecord]
    held: list[_HoldRecord]
    settled: list[_ClosedRecord]
    adjustable: list[_ClosedRecord]


_HEADS: Final = msgspec.json.Decoder(_Head)
_DECODER: Final = msgspec.json.Decoder(_Checkpoint)


@frozen(kw_only=True)
class LedgerCodec:
    """The entries of a ledger of budgets, and its books: see ``EntryCodec``."""

    reader: EntryReader = field(factory=EntryReader, repr=False)

    def begin(self) -> Books:
        return Books()

    def encoded(self, entry: Entry) -> bytes:
        return encoded(entry)

    def decoded(self, raw: bytes) -> Entry:
        return self.reader.read(raw)

    def kept(self, state: Books, position: Position) -> bytes:
        return _ENCODER.encode(
            _Checkpoint(
                version=_VERSION,
                position=str(position),
                count=state.count,
                now=state.now_ms,
                accounts=[
                    (
                        _line_out(book.latest),
                        [(window, of.posted, of.held, of.overrun, of.warned) for window, of in book.windows.items()],
                    )
                    for book in state.accounts.values()
                ],
                held=[_hold_out(number, entry) for number, entry in state.held.items()],
                settled=[_closed_out(number, closed) for number, closed in state.settled.items()],
                adjustable=[_closed_out(number, closed) for number, closed in state.adjustable.items()],
            )
        )

    def restored(self, raw: bytes) -> tuple[Books, Position] | None:
        try:
            if _HEADS.decode(raw).version != _VERSION:
                return None
            return _books(_DECODER.decode(raw))
        except (msgspec.MsgspecError, ValueError, TypeError):
            raise unreadable("its checkpoint is not of a form that this release knows") from None

    def count_kept(self, raw: bytes) -> int:
        try:
            head = _HEADS.decode(raw)
        except msgspec.MsgspecError:
            return 0
        return head.count if head.version == _VERSION else 0

    def unreadable(self, what: str) -> RecordCorrupt:
        return unreadable(what)


def _books(record: _Checkpoint) -> tuple[Books, Position]:
    books = Books(count=record.count, now_ms=record.now)
    for latest, windows in record.accounts:
        book = AccountBook(latest=_line_in(latest))
        for window, posted, held, overrun, warned in windows:
            book.windows[window] = Sums(posted=posted, held=held, overrun=overrun, warned=warned)
        books.accounts[book.latest.account.budget, book.latest.account.owner] = book
    books.held.update(map(_hold_in, record.held))
    books.settled.update(map(_closed_in, record.settled))
    books.adjustable.update(map(_closed_in, record.adjustable))
    closed_ones = (*books.settled.items(), *books.adjustable.items())
    for number, entry in (*books.held.items(), *((number, closed.entry) for number, closed in closed_ones)):
        if entry.order_id is not None:
            books.orders[entry.order_id] = number
    return books, Position.parse(record.position)


def _hold_out(number: int, entry: Held) -> _HoldRecord:
    lines = [_line_out(line) for line in entry.lines]
    return number, entry.at_ms, entry.call_id, entry.attempt, entry.lease_until_ms, lines, entry.order_id


def _hold_in(record: _HoldRecord) -> tuple[int, Held]:
    number, at_ms, call_id, attempt, lease_until_ms, lines, order_id = record
    return number, Held(
        at_ms=at_ms,
        call_id=CallId(call_id),
        attempt=attempt,
        lease_until_ms=lease_until_ms,
        lines=tuple([_line_in(line) for line in lines]),
        order_id=None if order_id is None else OrderId(order_id),
    )


def _closed_out(number: int, closed: Closed) -> _ClosedRecord:
    return _hold_out(number, closed.entry), closed.state, closed.posted


def _closed_in(record: _ClosedRecord) -> tuple[int, Closed]:
    held, state, posted = record
    number, entry = _hold_in(held)
    return number, Closed(entry=entry, state=state, posted=posted)


def _line_out(line: Line) -> _LineRecord:
    return (*parts_of(line.account), line.window, line.amount, line.limit)


def _line_in(record: _LineRecord) -> Line:
    budget, owner, window_s, window, amount, limit = record
    account = Account(budget=budget, owner=owner, window_s=window_s)
    return Line(account=account, window=window, amount=amount, limit=limit)
