"""SqliteDocuments: documents in a table."""

import secrets
import sqlite3
from collections.abc import Callable
from itertools import takewhile
from typing import TypeVar
from zlib import crc32

from attrs import define, field

from provider_runtime.adapters.backends.medium import Document
from provider_runtime.adapters.backends.names import checked_name, closed
from provider_runtime.adapters.backends.sqlite.store import SqliteStore
from provider_runtime.domain.errors import RecordCorrupt

_T = TypeVar("_T")


@define(kw_only=True)
class SqliteDocuments:
    """Documents in ``store``. See ``Documents``. The store is closed by its owner."""

    store: SqliteStore
    _closed: bool = field(default=False, init=False)

    async def get(self, collection: str, key: str) -> Document | None:
        _checked(collection, key)
        return await self._read(lambda connection: _get(connection, collection, key), None)

    async def put(self, collection: str, key: str, content: bytes) -> str:
        _checked(collection, key)
        return await self._write(lambda connection: _put(connection, collection, key, content))

    async def put_if(self, collection: str, key: str, content: bytes, *, version: str | None) -> str | None:
        _checked(collection, key)

        def job(connection: sqlite3.Connection) -> str | None:
            present = _get(connection, collection, key)
            if (present.version if present else None) != version:
                return None
            return _put(connection, collection, key, content)

        return await self._write(job)

    async def delete(self, collection: str, key: str) -> bool:
        _checked(collection, key)

        def job(connection: sqlite3.Connection) -> bool:
            deleted = connection.execute("DELETE FROM documents WHERE collection=? AND key=?", (collection, key))
            return deleted.rowcount > 0

        return await self._write(job)

    async def exists(self, collection: str, key: str) -> bool:
        return await self.get(collection, key) is not None

    async def keys(self, collection: str, *, prefix: str = "") -> tuple[str, ...]:
        checked_name("collection", collection)

        def work(connection: sqlite3.Connection) -> tuple[str, ...]:
            found = connection.execute(
                "SELECT key FROM documents WHERE collection=? AND key>=? ORDER BY key", (collection, prefix)
            )
            return tuple(takewhile(lambda key: key.startswith(prefix), (str(row[0]) for row in found)))

        return await self._read(work, ())

    async def flush(self) -> None:
        await self.store.flush()

    async def aclose(self) -> None:
        self._closed = True

    async def _write(self, job: Callable[[sqlite3.Connection], _T]) -> _T:
        if self._closed:
            raise closed("documents")
        return await self.store.write(job)

    async def _read(self, work: Callable[[sqlite3.Connection], _T], missing: _T) -> _T:
        if self._closed:
            raise closed("documents")
        return await self.store.read(work, missing)


def check_documents(connection: sqlite3.Connection) -> None:
    """Read every document. Raises ``RecordCorrupt`` for the first that is not as it was written."""
    for collection, key, *rest in connection.execute(
        "SELECT collection, key, version, checksum, content FROM documents ORDER BY collection, key"
    ):
        _document((rest[0], rest[1], rest[2]), str(collection), str(key))


def _checked(collection: str, key: str) -> None:
    checked_name("collection", collection)
    checked_name("key", key)


def _get(connection: sqlite3.Connection, collection: str, key: str) -> Document | None:
    row = connection.execute(
        "SELECT version, checksum, content FROM documents WHERE collection=? AND key=?", (collection, key)
    ).fetchone()
    return None if row is None else _document(row, collection, key)


def _put(connection: sqlite3.Connection, collection: str, key: str, content: bytes) -> str:
    version = secrets.token_hex(8)
    connection.execute(
        "INSERT INTO documents(collection, key, version, checksum, content) VALUES(?,?,?,?,?)"
        " ON CONFLICT(collection, key) DO UPDATE SET"
        " version=excluded.version, checksum=excluded.checksum, content=excluded.content",
        (collection, key, version, _checksum(collection, key, version, content), content),
    )
    return version


def _document(row: tuple[object, object, object], collection: str, key: str) -> Document:
    version, checksum, content = row
    if (
        not isinstance(version, str)
        or not isinstance(content, bytes)
        or checksum != _checksum(collection, key, version, content)
    ):
        raise RecordCorrupt(
            kind="documents",
            key=f"{collection}/{key}",
            message="a stored document is not what was written",
            remedy="Restore the store from a copy, or name another one to begin anew.",
        )
    return Document(content=content, version=version)


def _checksum(collection: str, key: str, version: str, content: bytes) -> int:
    return crc32(content, crc32(f"{collection}\0{key}\0{version}".encode()))
