"""A store that is flushed while somebody goes on using it: what is opened in a thread is used in that thread alone."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.sqlite.store import SqliteStore
from provider_runtime.adapters.backends.threads import GroupWriter, Reader


def _look(connection: sqlite3.Connection) -> int:
    connection.execute("CREATE TABLE IF NOT EXISTS mine (one INTEGER)")
    return int(connection.execute("SELECT count(*) FROM mine").fetchone()[0])


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM mine").fetchone()[0])


def _hold_the_loop_until_done(threads: GroupWriter[sqlite3.Connection] | Reader) -> None:
    """Until the thread has done everything that was asked for, and nobody in the loop has heard of it."""
    if threads._thread is not None:
        threads._thread.submit(lambda: None).result(timeout=10)


@pytest.mark.parametrize("flushes", [1, 2])
async def test_what_is_asked_for_behind_a_flush_does_not_keep_the_next_from_the_file(
    tmp_path: Path, flushes: int
) -> None:
    store = SqliteStore(path=tmp_path / "kept.sqlite")
    await store.write(_look)
    for _ in range(20):
        flushing = [asyncio.ensure_future(store.flush()) for _ in range(flushes)]
        writing = asyncio.ensure_future(store.write(_look))
        await asyncio.sleep(0)
        _hold_the_loop_until_done(store.writer)
        assert await writing == 0
        await asyncio.gather(*flushing)
        assert await store.write(_look) == 0
    await store.aclose()


@pytest.mark.parametrize("flushes", [1, 2])
async def test_nor_does_what_is_read_behind_one(tmp_path: Path, flushes: int) -> None:
    store = SqliteStore(path=tmp_path / "kept.sqlite")
    await store.write(_look)
    await store.read(_count, 0)
    for _ in range(20):
        flushing = [asyncio.ensure_future(store.flush()) for _ in range(flushes)]
        reading = asyncio.ensure_future(store.read(_count, 0))
        await asyncio.sleep(0)
        _hold_the_loop_until_done(store.reader)
        assert await reading == 0
        await asyncio.gather(*flushing)
        assert await store.read(_count, 0) == 0
    await store.aclose()
