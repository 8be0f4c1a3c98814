"""A disk that fails at its n-th operation: old or new, never neither, and nobody is told what is not so."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from store_faults import (
    ALL,
    FaultyFiles,
    ShortWrites,
    broken,
    connection_that,
    files_below,
    no_room,
    outcome_of,
    sqlite_error,
)

from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import Journal, Media
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.domain.errors import BackendError, ErrorCode, RecordCorrupt
from provider_runtime.testing.contracts.media.journals import counting

FAULTS = pytest.mark.parametrize("make", [broken, no_room])
MOMENTS = pytest.mark.parametrize("after", [False, True], ids=["before", "after"])


async def _appended(journal: Journal, told: list[int]) -> int:
    """Append three entries, noting each that the caller is told is kept; how many failed."""
    failed = 0
    for _ in range(3):
        outcome = await outcome_of(journal.append(counting))
        if isinstance(outcome, bytes):
            told.append(int(outcome))
        else:
            assert outcome.code is ErrorCode.STORE_UNAVAILABLE
            assert outcome.remedy
            failed += 1
    return failed


async def _numbers(media: Media) -> list[int]:
    try:
        return [int(entry) for entry in (await media.journal("steps").read()).entries]
    finally:
        await media.aclose()


async def _operations(root: Path) -> int:
    files = FaultyFiles()
    media = FilesystemMedia(root=root, files=files)
    await _appended(media.journal("steps"), [])
    await media.documents().put("c", "k", b"old")
    await media.aclose()
    return len(files.done)


@pytest.mark.parametrize(
    ("make", "after", "lasting"),
    [(broken, False, False), (broken, True, False), (no_room, False, False), (broken, False, True)],
    ids=["broken", "broken after", "no room", "broken for good"],
)
async def test_an_entry_that_was_told_to_be_kept_is_kept_wherever_the_disk_fails(
    tmp_path: Path, make: Callable[[], OSError], *, lasting: bool, after: bool
) -> None:
    for at in range(1, await _operations(tmp_path / "all") + 1):
        root, told = tmp_path / f"{at}", list[int]()
        media = FilesystemMedia(root=root, files=FaultyFiles(at=at, make=make, lasting=lasting, after=after))
        failed = await _appended(media.journal("steps"), told)
        await media.aclose()
        kept = await _numbers(FilesystemMedia(root=root))
        assert kept == list(range(len(kept))), at
        assert set(told) <= set(kept), at
        # One more at most: the one whose fsync failed, of which nobody was told anything.
        assert len(kept) <= len(told) + 1, at
        assert len(told) + failed == 3


async def test_after_a_failed_fsync_nothing_more_is_written_until_it_is_opened_anew(tmp_path: Path) -> None:
    journal = FilesystemJournal(path=tmp_path / "journal", files=FaultyFiles(at=2, of=("sync",)))
    await journal.append(counting)
    with pytest.raises(BackendError, match="cannot be used"):
        await journal.append(counting)
    before = journal.path.read_bytes()
    for _ in range(2):
        with pytest.raises(BackendError, match="could not be made durable"):
            await journal.append(counting)
    assert journal.path.read_bytes() == before
    assert (await journal.read()).entries[0] == b"0"
    assert await FilesystemJournal(path=journal.path).append(counting)


async def test_a_write_that_failed_is_taken_back_and_the_journal_goes_on(tmp_path: Path) -> None:
    journal = FilesystemJournal(path=tmp_path / "journal", files=FaultyFiles(at=2, of=("write",), make=no_room))
    await journal.append(counting)
    before = journal.path.read_bytes()
    with pytest.raises(BackendError, match="No space left"):
        await journal.append(counting)
    assert journal.path.read_bytes() == before
    assert await journal.append(counting) == b"1"


async def test_those_who_wait_together_fail_together_each_with_an_error_of_its_own(tmp_path: Path) -> None:
    journal = FilesystemJournal(path=tmp_path / "journal", files=FaultyFiles(at=2, of=("write",)))
    await journal.append(counting)
    outcomes = await asyncio.gather(*(journal.append(counting) for _ in range(10)), return_exceptions=True)
    failed = [outcome for outcome in outcomes if isinstance(outcome, BackendError)]
    assert failed
    assert len({id(error) for error in failed}) == len(failed)
    kept = [outcome for outcome in outcomes if isinstance(outcome, bytes)]
    assert [b"0", *kept] == list((await journal.read()).entries)


@FAULTS
@MOMENTS
async def test_a_document_is_the_old_or_the_new_wherever_the_disk_fails(
    tmp_path: Path, make: Callable[[], OSError], *, after: bool
) -> None:
    for at in range(1, 12):
        root = tmp_path / f"{at}"
        before = FilesystemMedia(root=root)
        await before.documents().put("c", "k", b"old")
        await before.aclose()
        media = FilesystemMedia(root=root, files=FaultyFiles(at=at, make=make, after=after))
        outcome = await outcome_of(media.documents().put("c", "k", b"new"))
        told = b"new" if isinstance(outcome, str) else b"old"
        assert isinstance(outcome, str) or outcome.code is ErrorCode.STORE_UNAVAILABLE
        await media.aclose()
        again = FilesystemMedia(root=root)
        found = await again.documents().get("c", "k")
        assert found is not None
        assert found.content in {told, b"new"}
        await again.documents().put("c", "k", b"last")
        await again.aclose()
        assert files_below(root) == {"documents/.lock", "documents/c/k"}, at


async def test_a_disk_that_cannot_be_read_is_an_error_of_ours_at_every_operation(tmp_path: Path) -> None:
    good = FilesystemMedia(root=tmp_path)
    await good.journal("steps").append(counting)
    await good.documents().put("c", "k", b"1")
    await good.documents().put("c", "x" * 500, b"2")
    await good.aclose()
    for at in range(1, 30):
        media = FilesystemMedia(root=tmp_path, files=FaultyFiles(at=at, of=ALL, lasting=True))
        outcomes = [
            await asyncio.gather(asked, return_exceptions=True)
            for asked in (
                media.journal("steps").read(),
                media.journal("steps").tail(1),
                media.journal("steps").count(),
                media.documents().get("c", "k"),
                media.documents().keys("c"),
            )
        ]
        await media.aclose()
        errors = [outcome for (outcome,) in outcomes if isinstance(outcome, BaseException)]
        assert all(isinstance(error, BackendError) and not isinstance(error, RecordCorrupt) for error in errors)
        assert errors or at > 10


async def test_a_disk_that_takes_little_at_a_time_gets_everything(tmp_path: Path) -> None:
    media = FilesystemMedia(root=tmp_path, files=ShortWrites())
    await media.journal("steps").append(lambda _last: b"a long entry")
    await media.documents().put("c", "k", b"a long document")
    found = await media.documents().get("c", "k")
    assert found is not None
    assert (found.content, (await media.journal("steps").read()).entries) == (b"a long document", (b"a long entry",))
    await media.aclose()


# ── SQLite ──────────────────────────────────────────────────────────────────────────────────


def _failing(at: int, code: int, moment: str, statement: str, *, lasting: bool = False) -> type[sqlite3.Connection]:
    seen = [0]

    def act(when: str, sql: str) -> None:
        if when == moment and sql.startswith(statement):
            seen[0] += 1
            if seen[0] >= at if lasting else seen[0] == at:
                raise sqlite_error(code, "SQLITE_TEST")

    return connection_that(act)


@pytest.mark.parametrize(
    ("code", "moment"),
    [
        (sqlite3.SQLITE_IOERR, "before"),
        (sqlite3.SQLITE_IOERR, "after"),
        (sqlite3.SQLITE_BUSY, "before"),
        (sqlite3.SQLITE_FULL, "after"),
    ],
)
async def test_sqlite_keeps_what_was_told_to_be_kept_wherever_it_fails(tmp_path: Path, code: int, moment: str) -> None:
    for at in range(1, 30):
        path, told = tmp_path / f"{at}.sqlite", list[int]()
        media = SqliteMedia(path=path, connection=_failing(at, code, moment, ""))
        failed = await _appended(media.journal("steps"), told)
        await media.aclose()
        kept = await _numbers(SqliteMedia(path=path))
        assert kept == list(range(len(kept))), at
        assert set(told) <= set(kept), at
        assert len(kept) <= len(told) + 1, at
        assert len(told) + failed == 3


async def test_sqlite_refuses_to_write_after_a_commit_of_which_nobody_knows(tmp_path: Path) -> None:
    faulty = _failing(3, sqlite3.SQLITE_IOERR, "before", "COMMIT")  # the first makes the tables
    media = SqliteMedia(path=tmp_path / "store", connection=faulty)
    await media.journal("steps").append(counting)
    with pytest.raises(BackendError, match="SQLITE_TEST"):
        await media.journal("steps").append(counting)
    with pytest.raises(BackendError, match="could not be made durable"):
        await media.journal("steps").append(counting)
    assert await media.journal("steps").count() == 1
    await media.aclose()
    assert await _numbers(SqliteMedia(path=tmp_path / "store")) == [0]


async def test_a_full_sqlite_file_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    media = SqliteMedia(path=tmp_path / "store")
    journal = media.journal("steps")
    await journal.append(counting)
    await media.store.writer.run(lambda connection: connection.execute("PRAGMA max_page_count=8"), alone=True)
    with pytest.raises(BackendError, match="SQLITE_FULL"):
        await journal.append(lambda _last: b"x" * 100_000)
    await media.store.writer.run(lambda connection: connection.execute("PRAGMA max_page_count=10000"), alone=True)
    assert await journal.append(counting) == b"1"
    await media.aclose()


async def test_a_locked_sqlite_file_is_an_error_that_may_be_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "store"
    media = SqliteMedia(path=path, busy_timeout_s=0.01)
    await media.journal("steps").append(counting)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(BackendError) as busy:
        await media.journal("steps").append(counting)
    assert (busy.value.code, busy.value.retryable) == (ErrorCode.STORE_UNAVAILABLE, True)
    assert (await media.journal("steps").read()).entries == (b"0",)  # reading goes on meanwhile
    other.execute("ROLLBACK")
    other.close()
    assert await media.journal("steps").append(counting) == b"1"
    await media.aclose()


async def test_one_job_that_breaks_the_transaction_fails_the_group_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    media = SqliteMedia(path=tmp_path / "store", connection=_failing(2, sqlite3.SQLITE_FULL, "before", "INSERT INTO e"))
    journal = media.journal("steps")
    await journal.append(counting)
    outcomes = await asyncio.gather(*(journal.append(counting) for _ in range(5)), return_exceptions=True)
    told = [int(outcome) for outcome in outcomes if isinstance(outcome, bytes)]
    assert [int(entry) for entry in (await journal.read()).entries] == [0, *told]
    assert any(isinstance(outcome, BackendError) for outcome in outcomes)
    await media.aclose()
