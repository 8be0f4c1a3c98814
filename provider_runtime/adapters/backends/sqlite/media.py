"""SqliteMedia: one file with documents and journals."""

import sqlite3
from pathlib import Path

from attrs import define, field

from provider_runtime.adapters.backends.names import checked_name
from provider_runtime.adapters.backends.sqlite.documents import SqliteDocuments, check_documents
from provider_runtime.adapters.backends.sqlite.journal import SqliteJournal
from provider_runtime.adapters.backends.sqlite.store import SqliteStore
from provider_runtime.adapters.backends.sqlite.tail import check_entries
from provider_runtime.domain.errors import RecordCorrupt


@define(kw_only=True)
class SqliteMedia:
    """Documents and journals in the file at ``path``. See ``Media``.

    All of them share one writer, so what several families write at once costs one ``fsync``.
    ``connection``: see ``SqliteStore``.
    """

    path: Path = field(converter=Path)
    busy_timeout_s: float = 10.0
    connection: type[sqlite3.Connection] = field(default=sqlite3.Connection, repr=False)
    store: SqliteStore = field(init=False, repr=False)

    @store.default
    def _make_store(self) -> SqliteStore:
        return SqliteStore(path=self.path, busy_timeout_s=self.busy_timeout_s, connection=self.connection)

    def documents(self) -> SqliteDocuments:
        return SqliteDocuments(store=self.store)

    def journal(self, name: str) -> SqliteJournal:
        return SqliteJournal(store=self.store, name=checked_name("journal", name))

    async def check(self) -> None:
        """Read the whole file. Raises ``RecordCorrupt`` with the first place that is not as it was written."""
        await self.store.read(self._check, None)

    async def flush(self) -> None:
        await self.store.flush()

    async def aclose(self) -> None:
        await self.store.aclose()

    def _check(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != ("ok",):
            raise RecordCorrupt(
                kind="sqlite",
                key=self.path.name,
                message=f"the store {self.path.name} is damaged: its structure does not hold together",
                remedy="Restore the file from a copy, or name another one to begin anew.",
            )
        check_entries(connection)
        check_documents(connection)
