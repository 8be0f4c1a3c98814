"""How stores lie on the disk, what is told of damage, and when anything is opened at all."""

import asyncio
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from store_children import opened
from store_faults import FaultyFiles, connection_that, outcome_of

from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.adapters.backends.sqlite.schema import VERSION
from provider_runtime.domain.errors import BackendError, ErrorCode, RecordCorrupt
from provider_runtime.testing.contracts.media.journals import counting

KINDS = pytest.mark.parametrize("kind", ["filesystem", "sqlite"])


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


async def _filled(kind: str, folder: Path) -> None:
    media = opened(kind, folder)
    for _ in range(5):
        await media.journal("steps").append(counting)
    for name in ("k", "x" * 500):
        await media.documents().put("c", name, b"a document of some length " * 10)
    await media.aclose()


@KINDS
@pytest.mark.usefixtures("no_umask")
async def test_everything_is_for_the_owner_alone_whatever_the_umask_allows(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "new" / "store"
    media = opened(kind, folder)
    await media.journal("steps").append(counting)
    await media.documents().put("c", "k", b"1")
    await media.documents().get("c", "k")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new", *(tmp_path / "new").rglob("*"))}
    assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items()), modes
    if kind == "sqlite":
        assert {path.name for path in folder.iterdir()} >= {"store.sqlite", "store.sqlite-wal", "store.sqlite-shm"}
    await media.aclose()


@KINDS
async def test_nothing_is_made_before_the_first_write_and_no_thread_before_the_first_use(
    tmp_path: Path, kind: str
) -> None:
    threads = threading.active_count()
    media = opened(kind, tmp_path / "store")
    journal, documents = media.journal("steps"), media.documents()
    assert threading.active_count() == threads
    assert (await journal.read()).entries == ()
    assert (await journal.tail(1)).entries == ()
    assert await documents.get("c", "k") is None
    assert await documents.keys("c") == ()
    assert list(tmp_path.iterdir()) == []
    await media.aclose()


@KINDS
async def test_closing_leaves_no_thread_and_no_open_file(tmp_path: Path, kind: str) -> None:
    before = set(threading.enumerate())
    media = opened(kind, tmp_path)
    await media.journal("steps").append(counting)
    await media.journal("steps").count()
    ours = {one for one in threading.enumerate() if one.name.startswith("provider-runtime-")} - before
    assert ours
    await media.aclose()
    for thread in ours:
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()
    assert not [link for link in Path("/proc/self/fd").glob("*") if link.is_symlink() and _leads_below(link, tmp_path)]


def _leads_below(link: Path, folder: Path) -> bool:
    try:
        return link.readlink().is_relative_to(folder)
    except OSError:
        return False  # closed since it was listed


async def test_no_file_is_touched_in_the_event_loop(tmp_path: Path) -> None:
    here, seen = threading.get_ident(), list[bool]()

    def note(*_: str) -> None:
        seen.append(threading.get_ident() == here)

    class Noting(FaultyFiles):
        def fault(self, name: str) -> None:
            note()

    journal = FilesystemJournal(path=tmp_path / "journal", files=Noting())
    media = SqliteMedia(path=tmp_path / "store", connection=connection_that(note))
    for one in (journal, media.journal("steps")):
        await one.append(counting)
        await one.read()
    await journal.aclose()
    await media.aclose()
    assert len(seen) > 20
    assert not any(seen)


async def test_an_append_costs_one_fsync_alone_and_a_share_of_one_together(tmp_path: Path) -> None:
    files = FaultyFiles(of=("sync",))
    journal = FilesystemJournal(path=tmp_path / "journal", files=files)
    for _ in range(10):
        await journal.append(counting)
    assert len(files.done) == 10
    await asyncio.gather(*(journal.append(counting) for _ in range(100)))
    assert len(files.done) <= 10 + 5
    commits = list[str]()
    watched = connection_that(lambda when, sql: commits.append(sql) if (when, sql) == ("after", "COMMIT") else None)
    media = SqliteMedia(path=tmp_path / "store", connection=watched)
    for _ in range(10):
        await media.journal("steps").append(counting)
    assert len(commits) == 11  # one made the tables
    await asyncio.gather(*(media.journal(f"{number % 3}").append(counting) for number in range(100)))
    assert len(commits) <= 11 + 5
    await media.aclose()


@KINDS
async def test_two_loops_in_two_threads_may_use_one_medium(tmp_path: Path, kind: str) -> None:
    media = opened(kind, tmp_path)

    async def appending() -> None:
        await asyncio.gather(*(media.journal("steps").append(counting) for _ in range(50)))

    await asyncio.gather(asyncio.to_thread(asyncio.run, appending()), appending())
    assert [int(entry) for entry in (await media.journal("steps").read()).entries] == list(range(100))
    await media.aclose()


# ── damage ──────────────────────────────────────────────────────────────────────────────────


async def _outcome(kind: str, folder: Path) -> str:
    """What is found in a store somebody damaged. Anything but an error of ours, or what was written, fails here."""
    media, told = opened(kind, folder), list[str]()
    whole = [b"%d" % number for number in range(5)]
    try:
        page = await media.journal("steps").read()
        assert list(page.entries) == whole[: len(page.entries)]
        if page.torn or len(page.entries) < 5:
            told.append("torn" if page.torn else "short")
    except BackendError as error:
        told.append(error.code.value)
    for name in ("k", "x" * 500):
        try:
            found = await media.documents().get("c", name)
            assert found is None or found.content == b"a document of some length " * 10
            if found is None:
                told.append("missing")
        except BackendError as error:
            told.append(error.code.value)
    if isinstance(media, SqliteMedia) and (found_by_check := await outcome_of(media.check())) is not None:
        assert found_by_check.kind
        assert found_by_check.key
        told.append("found by check")
    await media.aclose()
    return ",".join(told)


async def _flipped(kind: str, folder: Path, name: str, step: int) -> dict[str, int]:
    """Flip bits in a file of a store, one at a time; how often what was told."""
    await _filled(kind, folder / "good")
    size = (folder / "good" / name).stat().st_size
    told: dict[str, int] = {}
    for at in range(0, size, step):
        shutil.rmtree(folder / "bad", ignore_errors=True)
        shutil.copytree(folder / "good", folder / "bad")
        path = folder / "bad" / name
        content = bytearray(path.read_bytes())
        content[at] ^= 1 << (at % 8)
        path.write_bytes(content)
        outcome = await _outcome(kind, folder / "bad")
        told[outcome] = told.get(outcome, 0) + 1
    return told


@pytest.mark.parametrize("name", ["journals/steps.journal", "documents/c/k"])
async def test_a_flipped_bit_in_a_file_is_always_told(tmp_path: Path, name: str) -> None:
    told = await _flipped("filesystem", tmp_path, name, step=5)
    assert "" not in told, told
    assert set(told) <= {"record_corrupt", "torn"}


async def test_a_flipped_bit_in_a_sqlite_file_is_told_or_changes_nothing(tmp_path: Path) -> None:
    told = await _flipped("sqlite", tmp_path, "store.sqlite", step=131)
    # Most of so small a file is empty space, of which nothing is read.
    assert sum(count for outcome, count in told.items() if outcome) >= 5, told
    assert not {outcome for outcome in told if "missing" in outcome and "check" not in outcome}, told


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_every_flipped_byte_of_a_sqlite_file_is_told_or_changes_nothing(tmp_path: Path) -> None:
    told = await _flipped("sqlite", tmp_path, "store.sqlite", step=3)
    assert not {o for o in told if ("missing" in o or "short" in o) and "check" not in o and "corrupt" not in o}, told


@pytest.mark.parametrize(
    "damage",
    [
        lambda tables: tables.execute("UPDATE entries SET content=x'00' WHERE place & 7 = 3"),
        lambda tables: tables.execute("DELETE FROM entries WHERE place & 7 = 3"),
        lambda tables: tables.execute("UPDATE entries SET checksum=0 WHERE place & 7 = 3"),
    ],
    ids=["changed", "removed", "checksum"],
)
async def test_a_changed_row_is_told_with_its_number(
    tmp_path: Path, damage: Callable[[sqlite3.Connection], object]
) -> None:
    await _filled("sqlite", tmp_path)
    tables = sqlite3.connect(tmp_path / "store.sqlite")
    damage(tables)
    tables.commit()
    tables.close()
    media = SqliteMedia(path=tmp_path / "store.sqlite")
    journal = media.journal("steps")
    assert (await journal.read(limit=2)).entries == (b"0", b"1")
    for asked in (journal.read(), media.check()):
        with pytest.raises(RecordCorrupt) as damaged:
            await asked
        assert (damaged.value.kind, damaged.value.key) == ("journal", "steps:3")
    await media.aclose()


async def test_a_row_that_was_moved_is_told(tmp_path: Path) -> None:
    await _filled("sqlite", tmp_path)
    tables = sqlite3.connect(tmp_path / "store.sqlite")
    tables.execute("UPDATE entries SET place=place+100 WHERE place & 7 = 3")
    tables.commit()
    tables.close()
    media = SqliteMedia(path=tmp_path / "store.sqlite")
    with pytest.raises(RecordCorrupt, match="entry 103"):
        await media.journal("steps").append(counting)
    await media.aclose()


# ── files that are something else ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to be looked at" * 30, b"SQLite format 3\0"]
)
async def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)
    media = SqliteMedia(path=path)
    with pytest.raises(RecordCorrupt) as refused:
        await media.journal("steps").append(counting)
    assert (refused.value.kind, refused.value.key) == ("sqlite", "store.sqlite")
    await media.aclose()
    assert path.read_bytes() == content


async def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.commit()
    other.close()
    media = SqliteMedia(path=path)
    with pytest.raises(RecordCorrupt, match="not a store of ours"):
        await media.documents().put("c", "k", b"1")
    await media.aclose()


async def test_a_store_of_a_newer_version_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    await _filled("sqlite", tmp_path)
    newer = sqlite3.connect(tmp_path / "store.sqlite")
    newer.execute(f"PRAGMA user_version={VERSION + 1}")
    newer.close()
    media = SqliteMedia(path=tmp_path / "store.sqlite")
    for asked in (media.journal("steps").append(counting), media.journal("steps").read()):
        with pytest.raises(BackendError, match="newer version") as refused:
            await asked
        assert refused.value.code is ErrorCode.STORE_UNAVAILABLE
        assert "Update" in refused.value.remedy
    await media.aclose()


async def test_sqlite_writes_ahead_and_waits_for_the_disk(tmp_path: Path) -> None:
    media = SqliteMedia(path=tmp_path / "store.sqlite")
    settings = await media.store.writer.run(
        lambda connection: [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "trusted_schema", "application_id", "user_version")
        ]
    )
    assert settings == ["wal", 2, 0, 0x50525354, VERSION]
    await media.aclose()


async def test_a_folder_in_its_place_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "store.sqlite", tmp_path / "file" / "store.sqlite"):
        media = SqliteMedia(path=path)
        with pytest.raises(BackendError) as failed:
            await media.journal("steps").append(counting)
        assert failed.value.remedy
        assert str(tmp_path) not in str(failed.value)
        await media.aclose()
