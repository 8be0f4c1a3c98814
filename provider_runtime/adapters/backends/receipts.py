"""Receipts, hash-linked, over any journal: written once, chosen a medium by two-line subclasses."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from attrs import define, field

from provider_runtime.adapters.backends.medium import START, Journal, Page, Position
from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.backends.receipt_chain import (
    Link,
    content_of,
    hash_in,
    linked,
    receipt_in,
    seq_in_id,
    seq_of,
    unreadable,
)
from provider_runtime.adapters.backends.receipt_check import ChainCheck, NotedHeads, broken, whole
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.records.oversight.checkpoints import NotedHead
from provider_runtime.domain.records.receipts import CallReceipt, CallRecord, ChainVerdict
from provider_runtime.ports.stores.journals import ReceiptPage

_PAGE: Final = 500


@define(kw_only=True)
class JournalReceipts:
    """The chain of receipts in ``journal``. See ``ReceiptProvider``."""

    journal: Journal = field(repr=False)
    _last: tuple[bytes, CallReceipt] | None = field(default=None, init=False, repr=False)

    async def store(self, record: CallRecord) -> CallReceipt:
        receipt: CallReceipt

        def make(last: bytes | None) -> bytes:
            nonlocal receipt
            entry, receipt = self._last = linked(record, self._link(last))
            return entry

        await self.journal.append(make)
        return receipt  # ``append`` returns once it has had the entry made

    async def list(self) -> tuple[CallReceipt, ...]:
        return _receipts(await self.journal.read())

    async def page(self, *, after: str | None = None, limit: int = 100) -> ReceiptPage:
        page = await self.journal.read(after=START if after is None else _position(after), limit=limit)
        is_full = len(page.entries) == limit
        return ReceiptPage(receipts=_receipts(page), next=str(page.end) if is_full else None)

    async def latest(self, limit: int) -> tuple[CallReceipt, ...]:
        return _receipts(await self.journal.tail(limit))

    async def before(self, seq: int, limit: int = 100) -> tuple[CallReceipt, ...]:
        newest = (await self.journal.tail(1)).entries
        seq = min(seq, seq_of(newest[-1]) + 1) if newest else 0
        first = max(seq - limit, 0)
        start = await self.journal.locate(lambda entry: seq_of(entry) < first)
        page = await self.journal.read(after=start, limit=limit)
        found = (receipt_in(entry, str(first + place)) for place, entry in enumerate(page.entries))
        return tuple(receipt for receipt in found if receipt.seq < seq)

    async def get(self, receipt_id: str) -> CallReceipt | None:
        seq = seq_in_id(receipt_id)
        found = () if seq is None else await self.before(seq + 1, 1)
        return next((receipt for receipt in found if receipt.receipt_id == receipt_id), None)

    async def verify(
        self, *, head: str | None = None, since: str | None = None, noted: Iterable[NotedHead] = ()
    ) -> ChainVerdict:
        """Whether every receipt kept is as it was written and follows the one before.

        Where older receipts were dropped by the medium, the chain is checked from the first one kept.
        """
        start, begins_at = (START, None) if since is None else _read_mark(since)
        index = 0 if begins_at is None else begins_at.seq
        check = ChainCheck(
            begins_at=begins_at,
            head=head,
            from_start=not self.journal.drops_oldest,
            noted=NotedHeads.of(noted, behind=-1 if begins_at is None else begins_at.seq),
        )
        limit, last = _PAGE, (start, 0)
        while True:
            try:
                page = await self.journal.read(after=start, limit=limit)
            except RecordCorrupt as damage:
                if limit == 1:
                    return await self._broken(check, index, damage.message)
                limit = 1  # one by one, to see which it is
                continue
            for entry in page.entries:
                if fault := check.add(entry):
                    return await self._broken(check, index, fault)
                index += 1
            if page.torn:
                return await self._broken(check, index, "a receipt was cut off while it was written")
            last = (start, len(page.entries)) if page.entries else last
            start = page.end
            if len(page.entries) < limit:
                break
        if fault := check.missing():
            return await self._broken(check, index, fault)
        return whole(check, count=index, mark=await self._mark(check.last, *last))

    async def clear(self) -> None:
        await self.journal.clear()

    async def flush(self) -> None:
        await self.journal.flush()

    async def aclose(self) -> None:
        await self.journal.aclose()

    async def _mark(self, link: Link | None, start: Position, count: int) -> str | None:
        """The last of ``count`` receipts behind ``start`` as text: its place, and what stands there."""
        if link is None:
            return None
        before = (await self.journal.read(after=start, limit=count - 1)).end
        return f"{before}/{link.seq}/{link.chain_id}/{link.receipt_hash}"

    async def _broken(self, check: ChainCheck, index: int, error: str) -> ChainVerdict:
        try:
            count = max(index, await self.journal.count())
        except RecordCorrupt:
            count = index
        return broken(check, count=count, at=index, error=error)

    def _link(self, last: bytes | None) -> Link | CallReceipt | None:
        """The link to ``last``: remembered if it is what this object wrote, else read."""
        if last is None:
            return None
        if self._last is not None and self._last[0] == last:
            return self._last[1]
        content = content_of(last)
        if content is None:
            raise RecordCorrupt(
                kind="receipts",
                key="last",
                message="the last receipt cannot be read, so no other can follow it",
                remedy="`provider-runtime receipts verify` shows the place; move the file away to begin a new chain.",
            )
        return Link(content["chain_id"], content["seq"], hash_in(last))


@define(kw_only=True)
class InMemoryReceiptProvider(JournalReceipts):
    """Receipts in memory: the last 1,000, gone at exit."""

    journal: Journal = field(factory=MemoryJournal, repr=False)


@define(kw_only=True)
class FilesystemReceiptProvider(JournalReceipts):
    """Receipts in the file at ``path``, one a line; durable once ``store`` has returned."""

    path: Path = field(converter=Path)
    journal: Journal = field(init=False, repr=False)

    @journal.default
    def _make_journal(self) -> Journal:
        # Imported where it is used: whoever keeps receipts in memory needs no medium that lasts.
        from provider_runtime.adapters.backends.filesystem.framing import Lines  # noqa: PLC0415 - see above
        from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal  # noqa: PLC0415 - see above

        return FilesystemJournal(path=self.path, framing=Lines())


@define(kw_only=True)
class SqliteReceiptProvider(JournalReceipts):
    """Receipts in the SQLite file at ``path``; durable once ``store`` has returned."""

    path: Path = field(converter=Path)
    journal: Journal = field(init=False, repr=False)

    @journal.default
    def _make_journal(self) -> Journal:
        from provider_runtime.adapters.backends.sqlite.journal import SqliteJournal  # noqa: PLC0415 - see above
        from provider_runtime.adapters.backends.sqlite.store import SqliteStore  # noqa: PLC0415 - see above

        return SqliteJournal(store=SqliteStore(path=self.path), name="receipts", closes_store=True)


def _receipts(page: Page) -> tuple[CallReceipt, ...]:
    found = tuple(receipt_in(entry, str(place)) for place, entry in enumerate(page.entries))
    if page.torn:
        raise unreadable(str(len(found)))
    return found


def _position(text: str) -> Position:
    try:
        return Position.parse(text)
    except ValueError:
        raise _not_noted() from None


def _read_mark(text: str) -> tuple[Position, Link]:
    before, _, link = text.partition("/")
    parts = link.split("/")
    if len(parts) != 3 or not (parts[0].isascii() and parts[0].isdigit()):
        raise _not_noted()
    return _position(before), Link(parts[1], int(parts[0]), parts[2])


def _not_noted() -> RecordCorrupt:
    return RecordCorrupt(
        kind="receipts",
        key="mark",
        message="this is no place in a chain of receipts",
        remedy="Give `mark` or `next` as an earlier answer had it.",
    )
