"""SqliteStore: one file, a thread that writes it by groups, and a thread that reads it."""

import errno
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from attrs import define, field

from provider_runtime.adapters.backends.filesystem.calls import SystemFiles
from provider_runtime.adapters.backends.filesystem.locking import StoreLock, make_folders, poisoned, unavailable
from provider_runtime.adapters.backends.sqlite.schema import prepare, rewrite_version
from provider_runtime.adapters.backends.sqlite.tail import JournalTail
from provider_runtime.adapters.backends.threads import Done, GroupWriter, Reader, attempt
from provider_runtime.domain.errors import BackendError, RecordCorrupt
from provider_runtime.domain.values import sealed

_T = TypeVar("_T")
# Python decodes the texts of SQLite's errors, which name tables as a damaged file has them.
_FAILURES: Final = (sqlite3.Error, UnicodeError)
_BUSY: Final = frozenset([sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED])
# All statements are ours and fixed, so one that the file refuses means that the file is not what it was.
_DAMAGED: Final = frozenset(
    [
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_SCHEMA,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_FORMAT,
    ]
)


@define(kw_only=True)
class SqliteStore:
    """The database at ``path``, for its owner alone (0600, as are the two files beside it).

    Write-ahead log with ``synchronous=FULL``: what waits together is one transaction with one
    ``fsync``. A group of jobs that need not be on the disk yet is written without: the log keeps
    the order, so the next ``fsync`` takes it along, and nothing later is there without it. A
    transaction of another process is waited for ``busy_timeout_s``. ``connection`` is the class of
    the connections, so that a test can make any statement fail.
    """

    path: Path = field(converter=Path)
    busy_timeout_s: float = 10.0
    connection: type[sqlite3.Connection] = field(default=sqlite3.Connection, repr=False)
    writer: GroupWriter[sqlite3.Connection] = field(init=False, repr=False)
    tails: dict[str, JournalTail] = field(factory=dict, init=False, repr=False)
    """The ends of the journals that the transaction under way has looked at, by name; for its jobs alone."""
    reader: Reader = field(factory=lambda: Reader(kind="sqlite"), init=False, repr=False)
    _writing: sqlite3.Connection | None = field(default=None, init=False, repr=False)
    _reading: sqlite3.Connection | None = field(default=None, init=False, repr=False)
    _poisoned: bool = field(default=False, init=False)
    _syncs: bool = field(default=True, init=False)
    """Whether the writing connection waits for the disk when it commits."""
    _behind: bool = field(default=False, init=False)
    """Whether something was committed that no ``fsync`` came after."""

    @writer.default
    def _make_writer(self) -> GroupWriter[sqlite3.Connection]:
        return GroupWriter(kind="sqlite", commit=self._commit)

    async def write(self, job: Callable[[sqlite3.Connection], _T], *, soon: bool = False) -> _T:
        """Do ``job`` in a transaction that is durable when this returns, or ``soon``: see ``Journal.decide``."""
        return await self.writer.run(_Soon(job) if soon else job)

    async def read(self, work: Callable[[sqlite3.Connection], _T], missing: _T) -> _T:
        """What ``work`` finds in the file as it is at one moment; ``missing`` while there is no file."""
        return await self.reader.run(lambda: self._read(work, missing))

    async def flush(self) -> None:
        """End what was asked for, and close the file until the next use."""
        await self._end(for_good=False)

    async def aclose(self) -> None:
        """End what was asked for, and close the file."""
        await self._end(for_good=True)

    async def _end(self, *, for_good: bool) -> None:
        await self.reader.end(self._end_reading, for_good=for_good)
        await self.writer.end(self._end_writing, for_good=for_good)

    def _commit(self, jobs: Sequence[Callable[[sqlite3.Connection], Any]]) -> Sequence[Done]:
        if self._poisoned:
            raise poisoned("store", self.path.name)
        try:
            connection = self._writing = self._writing or self._opened(is_writer=True)
            self._wait_for_disk(connection, on=not all(type(job) is _Soon for job in jobs))
            try:
                connection.execute("BEGIN IMMEDIATE")
                self.tails.clear()
                done = [_done(job, connection) for job in jobs]
                for tail in self.tails.values():
                    tail.write_down()
            except BaseException:
                self._roll_back(connection)
                raise
            self._make_durable(connection)
        except _FAILURES as failure:
            raise self.translated(failure) from None
        self._behind = not self._syncs
        return done

    def _wait_for_disk(self, connection: sqlite3.Connection, *, on: bool) -> None:
        """Whether the next commit does."""
        if on is not self._syncs:
            connection.execute(f"PRAGMA synchronous={'FULL' if on else 'NORMAL'}")
            self._syncs = on

    def _make_durable(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as failure:
            # A full disk or a busy file is known to have changed nothing. Of anything else nobody knows.
            self._poisoned = _primary(failure) not in _BUSY | {sqlite3.SQLITE_FULL}
            self._roll_back(connection)
            raise

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._poisoned = True  # the error to tell is the one before

    def _read(self, work: Callable[[sqlite3.Connection], _T], missing: _T) -> _T:
        try:
            if self._reading is None:
                if not self.path.exists():
                    return missing
                self._reading = self._opened(is_writer=False)
            connection = self._reading
            try:
                connection.execute("BEGIN")
                return work(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except OSError as failure:
            raise unavailable("store", self.path.name, failure) from None
        except _FAILURES as failure:
            raise self.translated(failure) from None

    def _opened(self, *, is_writer: bool) -> sqlite3.Connection:
        """A connection of the thread that calls this."""
        try:
            make_folders(SystemFiles(), self.path.parent)
            with StoreLock(path=self.path.with_name(f"{self.path.name}.lock")).held():
                self._make_file(SystemFiles())
                return self._connected(is_writer=is_writer)
        except OSError as failure:
            raise unavailable("store", self.path.name, failure) from None

    def _make_file(self, files: SystemFiles) -> None:
        """Make the file if there is none, private from the first moment: SQLite would ask the umask, and follow a link.

        One that is there is never opened here. Closing it would drop every lock that SQLite holds on it in
        this process, whichever connection took it: another process could then take itself for the last, and
        throw the log away that this one goes on writing to (sqlite.org/howtocorrupt.html, 2.2).
        """
        try:
            descriptor = files.create(self.path)
        except FileExistsError:
            if self.path.is_symlink():
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
            return
        files.close(descriptor)
        files.sync_folder(self.path.parent)

    def _connected(self, *, is_writer: bool) -> sqlite3.Connection:
        connection = sqlite3.connect(
            os.fspath(self.path),
            timeout=self.busy_timeout_s,
            isolation_level=None,  # transactions begin and end where we say
            factory=self.connection,
        )
        try:
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA cell_size_check=ON")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            prepare(connection, self.path.name)
            if not is_writer:
                connection.execute("PRAGMA query_only=ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _end_writing(self) -> None:
        connection, self._writing = self._writing, None
        if connection is None:
            return
        try:
            if self._behind and not self._poisoned:
                self._wait_for_disk(connection, on=True)
                rewrite_version(connection)  # changes nothing; its `fsync` takes along what was written before
                self._behind = False
        except _FAILURES as failure:
            self._poisoned = True
            raise self.translated(failure) from None
        finally:
            self._syncs = True  # as the next connection begins
            connection.close()

    def _end_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def translated(self, failure: Exception) -> BackendError:
        """What an error of SQLite means. Its text is not repeated: it may quote what is stored."""
        primary, name = _primary(failure), getattr(failure, "sqlite_errorname", type(failure).__name__)
        if primary in _BUSY:
            return unavailable("store", self.path.name, TimeoutError())
        if primary in _DAMAGED or primary is None:
            return RecordCorrupt(
                kind="sqlite",
                key=self.path.name,
                message=f"the store {self.path.name} is damaged: {name}",
                remedy="Restore the file from a copy, or name another one to begin anew.",
            )
        return BackendError(
            kind="sqlite",
            key=self.path.name,
            message=f"the store {self.path.name} cannot be used: {name}",
            remedy="Check that its folder exists, is writable, and has room.",
        )


@sealed
class _Soon(Generic[_T]):
    """A job that need not be on the disk when it is done."""

    job: Callable[[sqlite3.Connection], _T]

    def __call__(self, connection: sqlite3.Connection) -> _T:
        return self.job(connection)


def _done(job: Callable[[sqlite3.Connection], Any], connection: sqlite3.Connection) -> Done:
    done = attempt(job, connection)
    if isinstance(done.error, sqlite3.Error):
        raise done.error  # SQLite may have ended the transaction, so it ends for the whole group
    return done


def _primary(failure: Exception) -> int | None:
    """SQLite's own code without the details; ``None`` where Python could not make sense of a value."""
    code = getattr(failure, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
