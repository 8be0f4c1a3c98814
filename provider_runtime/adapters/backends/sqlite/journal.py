"""SqliteJournal: the entries of one journal, numbered from 1, in a table of entries."""

import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

from attrs import define, field

from provider_runtime.adapters.backends.medium import START, Page, Position, Step, check_of
from provider_runtime.adapters.backends.names import closed, lost_position
from provider_runtime.adapters.backends.sqlite.store import SqliteStore
from provider_runtime.adapters.backends.sqlite.tail import JournalTail

_EMPTY: Final = Page(entries=(), end=START)
_T = TypeVar("_T")


@define(kw_only=True)
class SqliteJournal:
    """The journal ``name`` in ``store``. See ``Journal``.

    ``closes_store``: the store holds nothing else, and closing the journal closes it.
    """

    store: SqliteStore
    name: str
    closes_store: bool = False
    _closed: bool = field(default=False, init=False)

    @property
    def drops_oldest(self) -> bool:
        return False

    async def append(self, make: Callable[[bytes | None], bytes]) -> bytes:
        def job(connection: sqlite3.Connection) -> bytes:
            tail = self._tail(connection)
            entry = make(tail.last)
            tail.add(entry)
            return entry

        return await self._write(job)

    async def decide(self, step: Step, *, soon: bool = False) -> Position:
        def job(connection: sqlite3.Connection) -> Position:
            tail = self._tail(connection)
            entry = step(tail)
            return tail.end if entry is None else tail.add(entry)

        return await self._write(job, soon=soon)

    async def read(self, *, after: Position = START, limit: int | None = None) -> Page:
        def work(connection: sqlite3.Connection) -> Page:
            entries = JournalTail.of(connection, self.name).entries_after(after, limit)
            end = Position(offset=after.offset + len(entries), check=check_of(entries[-1])) if entries else after
            return Page(entries=entries, end=end)

        missing = _EMPTY if after == START else None
        page = await self._read(work, missing)
        if page is None:
            raise lost_position(self.name)
        return page

    async def tail(self, limit: int) -> Page:
        def work(connection: sqlite3.Connection) -> Page:
            tail = JournalTail.of(connection, self.name)
            return Page(entries=tail.numbered_from(max(tail.count - limit, 0) + 1, None), end=tail.end)

        return await self._read(work, _EMPTY)

    async def locate(self, is_before: Callable[[bytes], bool]) -> Position:
        return await self._read(lambda connection: JournalTail.of(connection, self.name).before(is_before), START)

    async def count(self) -> int:
        return await self._read(lambda connection: JournalTail.of(connection, self.name).count, 0)

    async def clear(self) -> None:
        await self._write(lambda connection: self._tail(connection).clear())

    async def flush(self) -> None:
        await self.store.flush()

    async def aclose(self) -> None:
        self._closed = True
        if self.closes_store:
            await self.store.aclose()

    def _tail(self, connection: sqlite3.Connection) -> JournalTail:
        """The end of the journal in the transaction under way, the same for all its jobs."""
        tails = self.store.tails
        if self.name not in tails:
            tails[self.name] = JournalTail.of(connection, self.name)
        return tails[self.name]

    async def _write(self, job: Callable[[sqlite3.Connection], _T], *, soon: bool = False) -> _T:
        if self._closed:
            raise closed("journal")
        return await self.store.write(job, soon=soon)

    async def _read(self, work: Callable[[sqlite3.Connection], _T], missing: _T) -> _T:
        if self._closed:
            raise closed("journal")
        return await self.store.read(work, missing)
