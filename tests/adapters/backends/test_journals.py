"""What both media keep to: entries in order, each made of the one before, whole or not at all."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.filesystem import FilesystemJournal
from provider_runtime.adapters.backends.medium import Journal
from provider_runtime.adapters.backends.memory import MemoryJournal


@pytest.fixture(params=["memory", "filesystem"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    return MemoryJournal() if request.param == "memory" else FilesystemJournal(path=tmp_path / "folder" / "journal")


def _counting(last: bytes | None) -> bytes:
    return b"%d" % (0 if last is None else int(last) + 1)


def _as_it_is(entry: bytes, _last: bytes | None) -> bytes:
    return entry


async def test_an_empty_journal_has_no_entries(journal: Journal) -> None:
    assert await journal.entries() == ()


async def test_each_entry_is_made_of_the_one_before(journal: Journal) -> None:
    assert [await journal.append(_counting) for _ in range(3)] == [b"0", b"1", b"2"]
    assert await journal.entries() == (b"0", b"1", b"2")


async def test_appending_at_once_loses_nothing_and_mixes_nothing(journal: Journal) -> None:
    made = await asyncio.gather(*(journal.append(_counting) for _ in range(100)))
    assert sorted(map(int, made)) == list(range(100))
    assert [int(entry) for entry in await journal.entries()] == list(range(100))


async def test_an_entry_that_could_not_be_made_is_not_kept_and_blocks_nobody(journal: Journal) -> None:
    def failing(_last: bytes | None) -> bytes:
        raise ValueError("no")

    await journal.append(_counting)
    with pytest.raises(ValueError, match="no"):
        await journal.append(failing)
    assert await asyncio.wait_for(journal.append(_counting), 5) == b"1"
    assert await journal.entries() == (b"0", b"1")


async def test_a_cancelled_append_is_whole_or_nothing(journal: Journal) -> None:
    for steps in range(6):
        appending = asyncio.ensure_future(journal.append(_counting))
        for _ in range(steps % 3):
            await asyncio.sleep(0)
        appending.cancel()
        await asyncio.gather(appending, return_exceptions=True)
    last = await journal.append(_counting)
    entries = await journal.entries()  # an abandoned append may still come after the last one
    assert last in entries
    assert [int(entry) for entry in entries] == list(range(len(entries)))


async def test_entries_may_hold_any_bytes_but_a_line_break(journal: Journal) -> None:
    odd = [b"", b"\x00\xff\r", "é✓".encode(), b"x" * 200_000]
    for entry in odd:
        await journal.append(partial(_as_it_is, entry))
    assert list(await journal.entries()) == odd


async def test_clearing_begins_anew(journal: Journal) -> None:
    await journal.append(_counting)
    await journal.clear()
    await journal.clear()
    assert await journal.entries() == ()
    assert await journal.append(_counting) == b"0"


async def test_what_was_handed_out_does_not_grow(journal: Journal) -> None:
    await journal.append(_counting)
    before = await journal.entries()
    await journal.append(_counting)
    assert before == (b"0",)


async def test_memory_keeps_only_the_last_entries() -> None:
    journal = MemoryJournal(keep=3)
    for _ in range(10):
        await journal.append(_counting)
    assert await journal.entries() == (b"7", b"8", b"9")
