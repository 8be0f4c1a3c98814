"""The entries of a ledger as bytes, and back."""

from typing import Annotated, Any, Final, TypeAlias

import msgspec
from attrs import define, field

from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.identity import CallId, OrderId
from provider_runtime.domain.policy.budgets.entries import Adjusted, Entry, Expired, Held, Reset, Settled
from provider_runtime.domain.policy.budgets.holds import Account, Fate, Line

Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
_LineRecord: TypeAlias = tuple[str, str, int | None, Whole, Whole, Whole]
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)  # ids and names are kinds of text
_ACCOUNTS_KEPT: Final = 10_000


class _Held(msgspec.Struct, tag_field="k", tag="held", gc=False):
    at: Whole
    call: str
    attempt: Annotated[int, msgspec.Meta(ge=1)] = msgspec.field(name="try")
    until: Whole
    lines: list[_LineRecord]
    order: str | None = None


class _Fated(msgspec.Struct, tag_field="k", gc=False):
    at: Whole
    hold: Whole
    post: tuple[Whole, ...]


class _Posted(_Fated, tag="posted"): ...


class _Void(_Fated, tag="void"): ...


class _Unconfirmed(_Fated, tag="unconfirmed"): ...


class _Estimate(_Fated, tag="estimate"): ...


class _Adjusted(_Fated, tag="adjusted"): ...


class _Expired(msgspec.Struct, tag_field="k", tag="expired", gc=False):
    at: Whole
    holds: tuple[Whole, ...]


class _Reset(msgspec.Struct, tag_field="k", tag="reset", gc=False):
    at: Whole
    budget: str
    owner: str
    window: Whole


_FATES: Final[dict[type[_Fated], Fate]] = {
    _Posted: Fate.POSTED,
    _Void: Fate.VOID,
    _Unconfirmed: Fate.UNCONFIRMED,
    _Estimate: Fate.ESTIMATE,
}
_DECODER: Final = msgspec.json.Decoder(
    _Held | _Posted | _Void | _Unconfirmed | _Estimate | _Adjusted | _Expired | _Reset
)


def encoded(entry: Entry) -> bytes:
    """One entry as a short JSON object; ``k`` says of which kind."""
    match entry:
        case Held():
            lines = [[*parts_of(line.account), line.window, line.amount, line.limit] for line in entry.lines]
            value: dict[str, Any] = {
                "k": "held",
                "at": entry.at_ms,
                "call": entry.call_id,
                "try": entry.attempt,
                "until": entry.lease_until_ms,
                "lines": lines,
            }
            if entry.order_id is not None:
                value["order"] = entry.order_id
        case Settled():
            value = {"k": entry.fate.value, "at": entry.at_ms, "hold": entry.hold, "post": entry.charges}
        case Expired():
            value = {"k": "expired", "at": entry.at_ms, "holds": entry.holds}
        case Adjusted():
            value = {"k": "adjusted", "at": entry.at_ms, "hold": entry.hold, "post": entry.charges}
        case Reset():
            value = {
                "k": "reset",
                "at": entry.at_ms,
                "budget": entry.budget,
                "owner": entry.owner,
                "window": entry.window,
            }
    return _ENCODER.encode(value)


@define(eq=False)
class EntryReader:
    """Makes entries of bytes again, and remembers accounts: a ledger of many entries has few of those."""

    _accounts: dict[tuple[str, str, int | None], Account] = field(factory=dict, init=False, repr=False)

    def read(self, raw: bytes) -> Entry:
        """The entry that these bytes are. Raises ``RecordCorrupt``."""
        try:
            return self._entry(_DECODER.decode(raw))
        except (msgspec.MsgspecError, ValueError, TypeError):
            raise unreadable("an entry is not of a form that this release knows") from None

    def _entry(
        self, record: "_Held | _Posted | _Void | _Unconfirmed | _Estimate | _Adjusted | _Expired | _Reset"
    ) -> Entry:
        # Fields in their order: a ledger without a checkpoint makes a hundred thousand of these.
        if isinstance(record, _Held):
            accounts, lines = self._accounts, []
            for budget, owner, window_s, window, amount, limit in record.lines:
                account = accounts.get((budget, owner, window_s)) or self._account(budget, owner, window_s)
                lines.append(Line(account, window, amount, limit))
            order_id = None if record.order is None else OrderId(record.order)
            return Held(record.at, CallId(record.call), record.attempt, tuple(lines), record.until, order_id)
        if isinstance(record, _Fated):
            fate = _FATES.get(type(record))
            if fate is None:
                return Adjusted(at_ms=record.at, hold=record.hold, charges=record.post)
            return Settled(record.at, record.hold, fate, record.post)
        if isinstance(record, _Expired):
            return Expired(at_ms=record.at, holds=record.holds)
        return Reset(at_ms=record.at, budget=record.budget, owner=record.owner, window=record.window)

    def _account(self, budget: str, owner: str, window_s: int | None) -> Account:
        """An account that is not known yet."""
        if len(self._accounts) >= _ACCOUNTS_KEPT:
            self._accounts.clear()
        account = self._accounts[budget, owner, window_s] = Account(budget=budget, owner=owner, window_s=window_s)
        return account


def parts_of(account: Account) -> tuple[str, str, int | None]:
    """What an account is made of, in the order in which it is written."""
    return account.budget, account.owner, account.window_s


def unreadable(what: str) -> RecordCorrupt:
    """The error for a ledger that does not add up."""
    return RecordCorrupt(
        kind="ledger",
        key="entries",
        message=f"the ledger cannot be read: {what}",
        remedy="Restore the ledger from a copy, or name another one to begin anew; nothing is spent until then.",
    )
