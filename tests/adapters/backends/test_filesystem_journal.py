"""The journal on the file system: modes, torn lines, other processes, disks that fail."""

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.filesystem.framing import Frames, Framing, Lines
from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.medium import Journal
from provider_runtime.domain.errors import BackendError, ErrorCode, RecordCorrupt

FRAMINGS = pytest.mark.parametrize("framing", [Lines(), Frames()], ids=["lines", "frames"])


async def _entries(journal: Journal) -> tuple[bytes, ...]:
    return (await journal.read()).entries


def _counting(last: bytes | None) -> bytes:
    return b"%d" % (0 if last is None else int(last) + 1)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records" / "journal"


@pytest.fixture
def framing() -> Framing:
    return Lines()


@pytest.fixture
def journal(path: Path, framing: Framing) -> FilesystemJournal:
    return FilesystemJournal(path=path, framing=framing)


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
    assert await _entries(FilesystemJournal(path=path, framing=Lines())) == (b"0", b"1", b"2")


async def test_frames_can_be_read_by_people_too(path: Path) -> None:
    journal = FilesystemJournal(path=path)
    await journal.append(lambda _last: b'{"a":1}')
    assert path.read_bytes() == b'00000007 89251dea {"a":1} 00000007\n'


async def test_a_journal_of_lines_refuses_a_line_break(journal: FilesystemJournal) -> None:
    with pytest.raises(BackendError, match="line break"):
        await journal.append(lambda _last: b"two\nlines")
    assert await _entries(journal) == ()


async def test_reading_where_nothing_is_creates_nothing(journal: FilesystemJournal, path: Path) -> None:
    assert await _entries(journal) == ()
    assert (await journal.tail(3)).entries == ()
    assert await journal.count() == 0
    assert not path.parent.exists()


# ── torn lines ──────────────────────────────────────────────────────────────────────────────


@FRAMINGS
@pytest.mark.parametrize("before", [0, 1, 5])
async def test_a_torn_last_entry_is_seen_and_then_set_aside(
    journal: FilesystemJournal, path: Path, framing: Framing, before: int
) -> None:
    path.parent.mkdir()
    whole = b"".join(framing.wrap(b"%d" % number) for number in range(before))
    torn = framing.wrap(b"half an entry")[:-3]
    path.write_bytes(whole + torn)
    page = await journal.read()
    assert (len(page.entries), page.torn) == (before, len(torn))
    assert ((await journal.tail(9)).torn, await journal.count()) == (len(torn), before)
    assert await journal.append(_counting) == b"%d" % before
    assert path.read_bytes() == whole + framing.wrap(b"%d" % before)
    assert path.with_name("journal.torn").read_bytes() == torn + b"\n"
    assert (await journal.read()).torn == 0


@FRAMINGS
@pytest.mark.parametrize("cut", range(1, 41, 6))
async def test_wherever_the_last_entry_is_cut_only_that_one_is_lost(
    journal: FilesystemJournal, path: Path, framing: Framing, cut: int
) -> None:
    path.parent.mkdir()
    whole = framing.wrap(b"0") + framing.wrap(b"1")
    path.write_bytes(whole + framing.wrap(b"2" * 40)[:cut] + b"\0" * 20)
    assert await _entries(journal) == (b"0", b"1")
    assert await journal.append(_counting) == b"2"


@FRAMINGS
async def test_an_entry_longer_than_a_block_is_found_whole(journal: FilesystemJournal) -> None:
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
from provider_runtime.adapters.backends.filesystem.framing import Frames, Framing, Lines
from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.medium import Journal

def counting(last):
    return b"%d" % (0 if last is None else int(last) + 1)

async def main():
    journal = FilesystemJournal(path=sys.argv[1], framing=Lines())
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
    assert [int(entry) for entry in await _entries(journal)] == list(range(160))
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
    assert [int(entry) for entry in await _entries(journal)] == list(range(last + 1))


async def test_two_journals_at_one_path_see_each_others_entries(journal: FilesystemJournal, path: Path) -> None:
    other = FilesystemJournal(path=path, framing=Lines())
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


_FULL_DISK = """
import asyncio, resource, signal, sys
from provider_runtime.adapters.backends.filesystem.framing import Frames, Framing, Lines
from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.medium import Journal
from provider_runtime.domain.errors import BackendError

async def main():
    journal = FilesystemJournal(path=sys.argv[1], framing=Lines())
    await journal.append(lambda _last: b"a" * 1000)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))
    try:
        await journal.append(lambda _last: b"b" * 1000)
    except BackendError as error:
        print(error.code.value)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await journal.append(lambda last: b"after " + last[:1])
    print(len((await journal.read()).entries))

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no file size limits to set")
def test_a_disk_that_is_full_in_the_middle_of_a_line_loses_that_line_only(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _FULL_DISK, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["store_unavailable", "2"]
    assert path.read_bytes() == b"a" * 1000 + b"\nafter a\n"
    assert not path.with_name("journal.torn").exists()


# ── damage ──────────────────────────────────────────────────────────────────────────────────


async def test_every_damaged_byte_but_of_the_last_entry_is_told_with_its_place(path: Path) -> None:
    journal = FilesystemJournal(path=path)
    for number in range(4):
        await journal.append(lambda _last, number=number: b"entry %d" % number)  # type: ignore[misc]  # bound at once
    whole, length = path.read_bytes(), len(Frames().wrap(b"entry 0"))
    for at in range(3 * length):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(RecordCorrupt) as damaged:
            await journal.read()
        assert (damaged.value.kind, damaged.value.key) == ("journal", f"journal:{at // length * length}")
        with pytest.raises(RecordCorrupt):
            await FilesystemJournal(path=path).count()


async def test_nothing_is_appended_behind_damage_at_the_end(path: Path) -> None:
    journal = FilesystemJournal(path=path)
    for _ in range(3):
        await journal.append(_counting)
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + b"?" + whole[41:-1] + b"?")  # the second entry, and the very end
    before = path.read_bytes()
    page = await FilesystemJournal(path=path).read(limit=1)
    assert page.entries == (b"0",)
    assert await journal.append(_counting) == b"1"  # nothing whole follows the first, so the rest counts as cut
    assert path.with_name("journal.torn").read_bytes() == before[29:] + b"\n"
