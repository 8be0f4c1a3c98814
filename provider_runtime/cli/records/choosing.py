"""Which receipts are wanted: by time, provider, model, outcome and call, the last ones first."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any, Final

import click
from attrs import frozen

from provider_runtime.domain.records.receipts import CallOutcome, CallReceipt
from provider_runtime.ports.stores.journals import ReceiptProvider

_PAGE: Final = 500
_AGO: Final = re.compile(r"(\d{1,6})([smhdw])\Z")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Moment(click.ParamType[datetime]):
    """A time, or how long ago it was: ``2026-01-31``, ``2026-01-31T12:00``, ``2h``, ``7d``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment in UTC; what names no time zone is meant in UTC."""
        if isinstance(value, datetime):
            return value
        if ago := _AGO.match(value):
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail("give a time such as 2026-01-31T12:00, or how long ago: 30m, 2h, 7d", param, ctx)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


_OPTIONS: Final = (
    click.option("--last", type=click.IntRange(min=1), help="Only so many, the last ones. Without --json: 50."),
    click.option("--since", type=Moment(), help="Only calls begun since: 2026-01-31T12:00 (UTC), or 30m, 2h, 7d ago."),
    click.option("--provider", "-p", help="Only calls to this provider."),
    click.option("--model", "-m", help="Only models whose id contains this."),
    click.option("--outcome", type=click.Choice([o.value for o in CallOutcome]), help="Only calls that ended so."),
    click.option("--call", "call_id", metavar="ID", help="Only the call of this id, or whose id begins so."),
)


def wanted_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which receipts are wanted."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


@frozen(kw_only=True)
class Wanted:
    """What receipts must have to be shown; ``None``: whatever they have."""

    since: datetime | None = None
    provider: str | None = None
    model: str | None = None
    outcome: str | None = None
    call_id: str | None = None

    def wants(self, receipt: CallReceipt) -> bool:
        """Whether ``receipt`` has all of it."""
        record = receipt.record
        return (
            (self.since is None or _begun(receipt) >= self.since)
            and self.provider in {None, record.provider}
            and self.outcome in {None, record.outcome.value}
            and (self.call_id is None or record.call_id.startswith(self.call_id))
            and (self.model is None or _names(receipt, self.model.lower()))
        )

    def is_past(self, page: tuple[CallReceipt, ...]) -> bool:
        """Whether no receipt in front of ``page`` can be wanted: they stand in the order in which calls ended."""
        return self.since is not None and all(_ended(receipt) < self.since for receipt in page)


async def chosen(receipts: ReceiptProvider, wanted: Wanted, last: int | None) -> tuple[CallReceipt, ...]:
    """The ``last`` receipts that are wanted, oldest first; read from the end, and no further than need be."""
    found: list[CallReceipt] = []
    page = await receipts.latest(_PAGE if wanted != Wanted() or last is None else last)
    while page:
        found.extend(receipt for receipt in reversed(page) if wanted.wants(receipt))
        if (last is not None and len(found) >= last) or wanted.is_past(page) or page[0].seq == 0:
            break
        page = await receipts.before(page[0].seq, _PAGE)
    return tuple(reversed(found[:last]))


def _begun(receipt: CallReceipt) -> datetime:
    moment = datetime.fromisoformat(receipt.record.started_at)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _ended(receipt: CallReceipt) -> datetime:
    return _begun(receipt) + timedelta(microseconds=receipt.record.duration_us)


def _names(receipt: CallReceipt, text: str) -> bool:
    return any(text in (name or "").lower() for name in (receipt.record.model_asked, receipt.record.model_answered))
