"""SqliteJournal: the entries of one journal, numbered from 1, in a table of entries."""

import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar
from zlib import crc32

from attrs import define, field, frozen

from provider_runtime.adapters.backends.medium import START, Page, Position, Step, check_of, first_denied
from provider_runtime.adapters.backends.names import closed, lost_position
from provider_runtime.adapters.backends.sqlite.store import SqliteStore
from provider_runtime.domain.errors import RecordCorrupt

_SHIFT: Final = 40  # see the schema
_EMPTY: Final = Page(entries=(), end=START)
_Row = tuple[object, object, object]
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
            tail = _Tail.of(connection, self.name)
            entry = make(tail.last)
            tail.add(entry)
            return entry

        return await self._write(job)

    async def decide(self, step: Step) -> Position:
        def job(connection: sqlite3.Connection) -> Position:
            tail = _Tail.of(connection, self.name)
            entry = step(tail)
            return tail.end if entry is None else tail.add(entry)

        return await self._write(job)

    async def read(self, *, after: Position = START, limit: int | None = None) -> Page:
        def work(connection: sqlite3.Connection) -> Page:
            entries = _Tail.of(connection, self.name).entries_after(after, limit)
            end = Position(offset=after.offset + len(entries), check=check_of(entries[-1])) if entries else after
            return Page(entries=entries, end=end)

        missing = _EMPTY if after == START else None
        page = await self._read(work, missing)
        if page is None:
            raise lost_position(self.name)
        return page

    async def tail(self, limit: int) -> Page:
        def work(connection: sqlite3.Connection) -> Page:
            tail = _Tail.of(connection, self.name)
            return Page(entries=tail.numbered_from(max(tail.count - limit, 0) + 1, None), end=tail.end)

        return await self._read(work, _EMPTY)

    async def locate(self, is_before: Callable[[bytes], bool]) -> Position:
        return await self._read(lambda connection: _Tail.of(connection, self.name).before(is_before), START)

    async def count(self) -> int:
        return await self._read(lambda connection: _Tail.of(connection, self.name).count, 0)

    async def clear(self) -> None:
        await self._write(lambda connection: _Tail.of(connection, self.name).clear())

    async def flush(self) -> None:
        await self.store.flush()

    async def aclose(self) -> None:
        self._closed = True
        if self.closes_store:
            await self.store.aclose()

    async def _write(self, job: Callable[[sqlite3.Connection], _T]) -> _T:
        if self._closed:
            raise closed("journal")
        return await self.store.write(job)

    async def _read(self, work: Callable[[sqlite3.Connection], _T], missing: _T) -> _T:
        if self._closed:
            raise closed("journal")
        return await self.store.read(work, missing)


@frozen(kw_only=True)
class _Tail:
    """The end of a journal in a transaction. See ``Tail``. ``number``: of the journal, once it has an entry."""

    connection: sqlite3.Connection = field(repr=False)
    name: str
    number: int | None
    count: int
    last: bytes | None = field(repr=False)

    @classmethod
    def of(cls, connection: sqlite3.Connection, name: str) -> "_Tail":
        found = connection.execute("SELECT number FROM journals WHERE name=?", (name,)).fetchone()
        if found is None:
            return cls(connection=connection, name=name, number=None, count=0, last=None)
        number = int(found[0])
        row = connection.execute(
            "SELECT place, checksum, content FROM entries WHERE place>? AND place<? ORDER BY place DESC LIMIT 1",
            (number << _SHIFT, (number + 1) << _SHIFT),
        ).fetchone()
        if row is None:
            return cls(connection=connection, name=name, number=number, count=0, last=None)
        place = int(row[0])
        return cls(
            connection=connection,
            name=name,
            number=number,
            count=place - (number << _SHIFT),
            last=_content(row, place, name),
        )

    @property
    def end(self) -> Position:
        return START if self.last is None else Position(offset=self.count, check=check_of(self.last))

    def since(self, position: Position) -> tuple[bytes, ...]:
        return () if position == self.end else self.entries_after(position, None)

    def entries_after(self, position: Position, limit: int | None) -> tuple[bytes, ...]:
        if position != START:
            before = self.numbered_from(position.offset, 1) if 0 < position.offset <= self.count else ()
            if [check_of(entry) for entry in before] != [position.check]:
                raise lost_position(self.name)
        return self.numbered_from(position.offset + 1, limit)

    def numbered_from(self, first: int, limit: int | None) -> tuple[bytes, ...]:
        """Entries from number ``first`` on, none of them missing."""
        if self.number is None:
            return ()
        start = self.number << _SHIFT
        rows = self.connection.execute(
            "SELECT place, checksum, content FROM entries WHERE place>=? AND place<=? ORDER BY place LIMIT ?",
            (start + first, start + self.count, -1 if limit is None else limit),
        )
        entries = tuple(_content(row, start + first + at, self.name) for at, row in enumerate(rows))
        wanted = self.count - first + 1
        if len(entries) < (wanted if limit is None else min(wanted, limit)):
            raise _damaged(self.name, first + len(entries))
        return entries

    def before(self, is_before: Callable[[bytes], bool]) -> Position:
        """See ``Journal.locate``."""
        place = first_denied(self.count, lambda at: self.numbered_from(at + 1, 1)[0], is_before)
        return START if place == 0 else Position(offset=place, check=check_of(self.numbered_from(place, 1)[0]))

    def add(self, entry: bytes) -> Position:
        """Append ``entry``."""
        number = self.number
        if number is None:
            row = self.connection.execute("INSERT INTO journals(name) VALUES(?) RETURNING number", (self.name,))
            number = int(row.fetchone()[0])
        place = (number << _SHIFT) + self.count + 1
        self.connection.execute(
            "INSERT INTO entries(place, checksum, content) VALUES(?,?,?)", (place, _checksum(place, entry), entry)
        )
        return Position(offset=self.count + 1, check=check_of(entry))

    def clear(self) -> None:
        """Delete every entry."""
        if self.number is not None:
            start, end = self.number << _SHIFT, (self.number + 1) << _SHIFT
            self.connection.execute("DELETE FROM entries WHERE place>? AND place<?", (start, end))


def check_entries(connection: sqlite3.Connection) -> None:
    """Read every entry of every journal. Raises ``RecordCorrupt`` for the first that is not as it was written."""
    names = {int(number): str(name) for number, name in connection.execute("SELECT number, name FROM journals")}
    expected = 0
    for row in connection.execute("SELECT place, checksum, content FROM entries ORDER BY place"):
        place = int(row[0])
        number = place >> _SHIFT
        expected = expected + 1 if number == expected >> _SHIFT else (number << _SHIFT) + 1
        if number not in names:
            raise _damaged("of no name", place)
        _content(row, expected, names[number])


def _content(row: _Row, place: int, name: str) -> bytes:
    found, checksum, content = row
    if found != place or not isinstance(content, bytes) or checksum != _checksum(place, content):
        raise _damaged(name, place & ((1 << _SHIFT) - 1))
    return content


def _checksum(place: int, content: bytes) -> int:
    return crc32(content, crc32(b"%d" % place))


def _damaged(name: str, number: int) -> RecordCorrupt:
    return RecordCorrupt(
        kind="journal",
        key=f"{name}:{number}",
        message=f"entry {number} of the journal {name} is damaged or missing",
        remedy="Restore the store from a copy, or name another one to begin anew.",
    )
