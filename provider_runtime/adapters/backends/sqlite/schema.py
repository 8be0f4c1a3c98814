"""The tables of a store, and how a file of an older version becomes one of this version."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from provider_runtime.domain.errors import BackendError, RecordCorrupt

APPLICATION_ID: Final = 0x50525354  # "PRST": how a file is known to be a store of ours
NEEDED: Final = (3, 37, 0)  # for STRICT tables

# Each version is the one before, and these statements. What was ever released is never edited.
VERSIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE journals (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
        # place: the journal's number times 2**40, and the entry's number in it. So the entries of a journal
        # lie together in order, and need no index beside the table.
        "CREATE TABLE entries (place INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, content BLOB NOT NULL) STRICT",
        """CREATE TABLE documents (
            collection TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL,
            checksum INTEGER NOT NULL, content BLOB NOT NULL, UNIQUE (collection, key)) STRICT""",
    ),
)
VERSION: Final = len(VERSIONS)


def prepare(connection: sqlite3.Connection, name: str, versions: Sequence[Sequence[str]] = VERSIONS) -> None:
    """Bring the file up to the last of ``versions``, in one transaction.

    Raises ``BackendError`` for a file that is not ours, and for one of a newer version.
    """
    if sqlite3.sqlite_version_info < NEEDED:
        raise BackendError(
            kind="sqlite",
            key=name,
            message=f"SQLite {sqlite3.sqlite_version} is too old for this store",
            remedy=f"Use a Python that comes with SQLite {'.'.join(map(str, NEEDED))} or newer, or keep files instead.",
        )
    if _number(connection, "user_version") == len(versions) and _number(connection, "application_id") == APPLICATION_ID:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _migrate(connection, name, versions)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _migrate(connection: sqlite3.Connection, name: str, versions: Sequence[Sequence[str]]) -> None:
    version = _number(connection, "user_version")
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    if not is_empty and _number(connection, "application_id") != APPLICATION_ID:
        raise RecordCorrupt(
            kind="sqlite",
            key=name,
            message=f"the file {name} is a database, but not a store of ours",
            remedy="Name another file.",
        )
    if version > len(versions):
        raise BackendError(
            kind="sqlite",
            key=name,
            message=f"the store {name} was written by a newer version (layout {version}, known: {len(versions)})",
            remedy="Update provider-runtime, or name another file.",
        )
    for statements in versions[version:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={len(versions)}")


def rewrite_version(connection: sqlite3.Connection) -> None:
    """Write the version of the layout again, as it is: a transaction that changes nothing."""
    connection.execute(f"PRAGMA user_version={_number(connection, 'user_version')}")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
