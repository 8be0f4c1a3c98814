"""The journal on the file system: modes, torn lines, other processes, disks that fail."""

# ruff: noqa: ASYNC240 - a test waits for small files of its own

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.filesystem import FilesystemJournal
from provider_runtime.domain.errors import BackendError, ErrorCode


def _counting(last: bytes | None) -> bytes:
    return b"%d" % (0 if last is None else int(last) + 1)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records" / "journal"


@pytest.fixture
def journal(path: Path) -> FilesystemJournal:
    return FilesystemJournal(path=path)


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("no_umask")
async def test_files_are_for_the_owner_alone_whatever_the_umask_allows(journal: FilesystemJournal, path: Path) -> None:
    await journal.append(_counting)
    with path.open("ab") as file:
        file.write(b"torn")
    await journal.append(_counting)
    assert {entry.name: oct(_mode(entry)) for entry in path.parent.iterdir()} == dict.fromkeys(
        ("journal", "journal.lock", "journal.torn"), oct(0o600)
    )
    assert _mode(path.parent) == 0o700


async def test_entries_are_lines_and_survive_the_object_that_wrote_them(journal: FilesystemJournal, path: Path) -> None:
    for _ in range(3):
        await journal.append(_counting)
    assert path.read_bytes() == b"0\n1\n2\n"
    assert await FilesystemJournal(path=path).entries() == (b"0", b"1", b"2")


async def test_reading_where_nothing_is_creates_nothing(journal: FilesystemJournal, path: Path) -> None:
    assert await journal.entries() == ()
    assert not path.parent.exists()


# ── torn lines ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("before", [0, 1, 5])
async def test_a_torn_last_line_is_seen_and_then_set_aside(journal: FilesystemJournal, path: Path, before: int) -> None:
    path.parent.mkdir()
    whole = b"".join(b"%d\n" % number for number in range(before))
    path.write_bytes(whole + b"half a line")
    assert len(await journal.entries()) == before + 1
    assert await journal.append(_counting) == b"%d" % before
    assert path.read_bytes() == whole + b"%d\n" % before
    assert path.with_name("journal.torn").read_bytes() == b"half a line\n"


async def test_a_line_longer_than_a_block_is_found_whole(journal: FilesystemJournal) -> None:
    long = b"7" * 200_000
    await journal.append(lambda _last: b"first")
    await journal.append(lambda _last: long)
    seen: list[bytes | None] = []

    def looking(last: bytes | None) -> bytes:
        seen.append(last)
        return b"third"

    await journal.append(looking)
    assert seen == [long]


# ── others ──────────────────────────────────────────────────────────────────────────────────

_WRITER = """
import asyncio, sys
from provider_runtime.adapters.backends.filesystem import FilesystemJournal

def counting(last):
    return b"%d" % (0 if last is None else int(last) + 1)

async def main():
    journal = FilesystemJournal(path=sys.argv[1])
    for _ in range(int(sys.argv[2])):
        print((await journal.append(counting)).decode(), flush=True)

asyncio.run(main())
"""


def _writer(path: Path, count: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", _WRITER, str(path), str(count)], stdout=subprocess.PIPE)


async def test_several_processes_and_this_one_append_at_once(journal: FilesystemJournal, path: Path) -> None:
    writers = [_writer(path, 40) for _ in range(3)]
    ours = [await journal.append(_counting) for _ in range(40)]
    theirs = await asyncio.gather(*(asyncio.to_thread(writer.communicate, timeout=60) for writer in writers))
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert [int(entry) for entry in await journal.entries()] == list(range(160))
    returned = [int(line) for output, _ in theirs for line in output.split()] + [int(entry) for entry in ours]
    assert sorted(returned) == list(range(160))


@pytest.mark.parametrize("after", [1, 30])
async def test_what_a_killed_process_was_told_is_kept_is_kept(
    journal: FilesystemJournal, path: Path, after: int
) -> None:
    writer = _writer(path, 100_000)
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(after)]
    writer.kill()
    rest, _ = writer.communicate(timeout=30)
    told += [int(line) for line in rest.split(b"\n")[:-1] if line]
    last = int(await asyncio.wait_for(journal.append(_counting), 30))
    assert last > max(told)
    assert [int(entry) for entry in await journal.entries()] == list(range(last + 1))


async def test_two_journals_at_one_path_see_each_others_entries(journal: FilesystemJournal, path: Path) -> None:
    other = FilesystemJournal(path=path)
    made = [await one.append(_counting) for one in (journal, other, journal, other)]
    assert made == [b"0", b"1", b"2", b"3"]


# ── what cannot be used ─────────────────────────────────────────────────────────────────────


async def test_a_symbolic_link_is_not_written_through(journal: FilesystemJournal, path: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"0\n")
    path.parent.mkdir()
    path.symlink_to(target)
    with pytest.raises(BackendError) as refused:
        await journal.append(_counting)
    assert refused.value.code is ErrorCode.STORE_UNAVAILABLE
    assert target.read_bytes() == b"0\n"


async def test_a_folder_in_its_place_and_a_file_in_the_folders_place_are_errors_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path, tmp_path / "file" / "journal"):
        with pytest.raises(BackendError) as failed:
            await FilesystemJournal(path=path).append(_counting)
        assert failed.value.remedy
        assert str(tmp_path) not in str(failed.value)


class _FailingDisk(FilesystemJournal):
    """A journal whose disk cannot make anything durable: a pipe has nothing to sync."""

    def _sync(self, descriptor: int) -> None:
        reading, writing = os.pipe()
        try:
            super()._sync(reading)
        finally:
            os.close(reading)
            os.close(writing)


async def test_after_a_failed_fsync_nothing_more_is_written(path: Path) -> None:
    journal = _FailingDisk(path=path)
    with pytest.raises(BackendError, match="cannot be used"):
        await journal.append(_counting)
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(BackendError, match="could not be made durable"):
            await journal.append(_counting)
    assert path.read_bytes() == before
    # Opened anew it works again, on whatever the disk holds.
    assert await FilesystemJournal(path=path).append(_counting)


_FULL_DISK = """
import asyncio, resource, signal, sys
from provider_runtime.adapters.backends.filesystem import FilesystemJournal
from provider_runtime.domain.errors import BackendError

async def main():
    journal = FilesystemJournal(path=sys.argv[1])
    await journal.append(lambda _last: b"a" * 1000)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))
    try:
        await journal.append(lambda _last: b"b" * 1000)
    except BackendError as error:
        print(error.code.value)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await journal.append(lambda last: b"after " + last[:1])
    print(len(await journal.entries()))

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no file size limits to set")
def test_a_disk_that_is_full_in_the_middle_of_a_line_loses_that_line_only(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _FULL_DISK, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["store_unavailable", "2"]
    assert path.read_bytes() == b"a" * 1000 + b"\nafter a\n"
    assert path.with_name("journal.torn").read_bytes() == b"b" * 499 + b"\n"
