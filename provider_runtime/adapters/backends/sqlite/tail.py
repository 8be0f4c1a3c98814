"""JournalTail: the end of one journal in a transaction, and what the transaction has put behind it."""

import sqlite3
from collections.abc import Callable
from typing import Final
from zlib import crc32

from attrs import define, field

from provider_runtime.adapters.backends.medium import START, Position, check_of, first_denied
from provider_runtime.adapters.backends.names import lost_position
from provider_runtime.domain.errors import RecordCorrupt

_SHIFT: Final = 40  # see the schema
_Row = tuple[object, object, object]


@define(kw_only=True)
class JournalTail:
    """The end of a journal in a transaction. See ``Tail``.

    What jobs of the transaction add is told to those behind them from here, and written by
    ``write_down`` before the transaction is committed: a statement for all of it, and not several for
    each. ``number``: of the journal, once it has an entry; ``kept``: how many the file has.
    """

    connection: sqlite3.Connection = field(repr=False)
    name: str
    number: int | None = None
    kept: int = 0
    _last_kept: bytes | None = field(default=None, repr=False)
    _added: list[bytes] = field(factory=list, init=False, repr=False)
    _ends: list[Position] = field(init=False, repr=False)
    """Behind the last entry of the file, and behind each that was added."""

    @_ends.default
    def _first_end(self) -> list[Position]:
        last = self._last_kept
        return [START if last is None else Position(offset=self.kept, check=check_of(last))]

    @classmethod
    def of(cls, connection: sqlite3.Connection, name: str) -> "JournalTail":
        found = connection.execute("SELECT number FROM journals WHERE name=?", (name,)).fetchone()
        if found is None:
            return cls(connection=connection, name=name)
        number = int(found[0])
        row = connection.execute(
            "SELECT place, checksum, content FROM entries WHERE place>? AND place<? ORDER BY place DESC LIMIT 1",
            (number << _SHIFT, (number + 1) << _SHIFT),
        ).fetchone()
        if row is None:
            return cls(connection=connection, name=name, number=number)
        place = int(row[0])
        last = _content(row, place, name)
        return cls(connection=connection, name=name, number=number, kept=place - (number << _SHIFT), last_kept=last)

    @property
    def count(self) -> int:
        return self.kept + len(self._added)

    @property
    def last(self) -> bytes | None:
        return self._added[-1] if self._added else self._last_kept

    @property
    def end(self) -> Position:
        return self._ends[-1]

    def since(self, position: Position) -> tuple[bytes, ...]:
        if self._has_seen(position):
            return tuple(self._added[position.offset - self.kept :])
        return self.entries_after(position, None)

    def entries_after(self, position: Position, limit: int | None) -> tuple[bytes, ...]:
        if position != START and not self._has_seen(position):
            before = self.numbered_from(position.offset, 1) if 0 < position.offset <= self.kept else ()
            if [check_of(entry) for entry in before] != [position.check]:
                raise lost_position(self.name)
        return self.numbered_from(position.offset + 1, limit)

    def numbered_from(self, first: int, limit: int | None) -> tuple[bytes, ...]:
        """Entries from number ``first`` on, none of them missing."""
        most = self.count if limit is None else limit
        if first > self.kept:
            return tuple(self._added[first - self.kept - 1 :][:most])
        entries = self._kept_from(first, most)
        return (*entries, *self._added[: most - len(entries)]) if self._added else entries

    def before(self, is_before: Callable[[bytes], bool]) -> Position:
        """See ``Journal.locate``."""
        place = first_denied(self.count, lambda at: self.numbered_from(at + 1, 1)[0], is_before)
        return START if place == 0 else Position(offset=place, check=check_of(self.numbered_from(place, 1)[0]))

    def add(self, entry: bytes) -> Position:
        """Append ``entry``."""
        end = Position(offset=self.count + 1, check=check_of(entry))
        self._added.append(entry)
        self._ends.append(end)
        return end

    def clear(self) -> None:
        """Delete every entry."""
        if self.number is not None:
            start, end = self.number << _SHIFT, (self.number + 1) << _SHIFT
            self.connection.execute("DELETE FROM entries WHERE place>? AND place<?", (start, end))
        self.kept, self._last_kept, self._ends = 0, None, [START]
        self._added.clear()

    def write_down(self) -> None:
        """Write what was added into the file."""
        if not self._added:
            return
        if self.number is None:
            row = self.connection.execute("INSERT INTO journals(name) VALUES(?) RETURNING number", (self.name,))
            self.number = int(row.fetchone()[0])
        first = (self.number << _SHIFT) + self.kept + 1
        rows = [(place, checksum(place, entry), entry) for place, entry in enumerate(self._added, first)]
        # One statement for any number of rows: SQLite keeps each text that it was given compiled.
        self.connection.executemany("INSERT INTO entries(place, checksum, content) VALUES(?,?,?)", rows)

    def _has_seen(self, position: Position) -> bool:
        """Whether it is an end that this transaction has had."""
        at = position.offset - self.kept
        return 0 <= at < len(self._ends) and self._ends[at] == position

    def _kept_from(self, first: int, most: int) -> tuple[bytes, ...]:
        if self.number is None:
            return ()
        start = self.number << _SHIFT
        rows = self.connection.execute(
            "SELECT place, checksum, content FROM entries WHERE place>=? AND place<=? ORDER BY place LIMIT ?",
            (start + first, start + self.kept, most),
        )
        entries = tuple(_content(row, start + first + at, self.name) for at, row in enumerate(rows))
        if len(entries) < min(self.kept - first + 1, most):
            raise _damaged(self.name, first + len(entries))
        return entries


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
    found, checked, content = row
    if found != place or not isinstance(content, bytes) or checked != checksum(place, content):
        raise _damaged(name, place & ((1 << _SHIFT) - 1))
    return content


def checksum(place: int, content: bytes) -> int:
    """What stands beside an entry, so that damage is seen."""
    return crc32(content, crc32(b"%d" % place))


def _damaged(name: str, number: int) -> RecordCorrupt:
    return RecordCorrupt(
        kind="journal",
        key=f"{name}:{number}",
        message=f"entry {number} of the journal {name} is damaged or missing",
        remedy="Restore the store from a copy, or name another one to begin anew.",
    )
