"""Receipts as they lie in a file: found again, found out, never carried on over damage."""

import asyncio
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from provider_runtime.adapters.backends.receipt_check import verify_chain
from provider_runtime.adapters.backends.receipts import FilesystemReceiptProvider
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.records.receipts import CallOutcome
from provider_runtime.testing.stages import a_record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "receipts.jsonl"


@pytest.fixture
def receipts(path: Path) -> FilesystemReceiptProvider:
    return FilesystemReceiptProvider(path=path)


async def _filled(receipts: FilesystemReceiptProvider, count: int = 3) -> None:
    for number in range(count):
        await receipts.store(a_record(number, list(CallOutcome)[number % 4]))


def _entries(content: bytes) -> tuple[bytes, ...]:
    return tuple(content.removesuffix(b"\n").split(b"\n"))


async def test_a_receipt_is_one_line_of_json(receipts: FilesystemReceiptProvider, path: Path) -> None:
    await _filled(receipts)
    lines = path.read_bytes().splitlines()
    assert len(lines) == 3
    assert all(set(msgspec.json.decode(line)) == {"receipt", "receipt_hash"} for line in lines)


async def test_receipts_survive_the_object_that_wrote_them(receipts: FilesystemReceiptProvider, path: Path) -> None:
    await _filled(receipts)
    again = FilesystemReceiptProvider(path=path)
    assert await again.list() == await receipts.list()
    await again.store(a_record(9))
    await receipts.store(a_record(10))  # it had remembered another last receipt
    assert [receipt.seq for receipt in await again.list()] == list(range(5))
    assert (await receipts.verify()).valid


async def test_clearing_by_another_object_begins_a_new_chain_for_both(
    receipts: FilesystemReceiptProvider, path: Path
) -> None:
    await _filled(receipts)
    await FilesystemReceiptProvider(path=path).clear()
    assert (await receipts.store(a_record())).seq == 0


async def test_every_single_flipped_bit_is_found(receipts: FilesystemReceiptProvider, path: Path) -> None:
    await _filled(receipts)
    content = path.read_bytes()
    assert verify_chain(_entries(content)).valid
    unnoticed = []
    for place in range(len(content) - 1):  # the last byte is the end of the last line
        for bit in range(8):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            if verify_chain(_entries(bytes(flipped))).valid:
                unnoticed.append((place, bit))
    assert unnoticed == []


async def test_a_flipped_bit_in_the_file_is_told_with_its_place(
    receipts: FilesystemReceiptProvider, path: Path
) -> None:
    await _filled(receipts)
    content = bytearray(path.read_bytes())
    content[content.index(b"\n") + 60] ^= 1
    path.write_bytes(content)
    verdict = await receipts.verify()
    assert (verdict.valid, verdict.broken_at, verdict.count) == (False, 1, 3)


@pytest.mark.parametrize(
    "damage", [b"{}", b"", b"null", b"[" * 2000, b'{"receipt":{},"receipt_hash":"sha256:0"}', b"\xff\xfe"]
)
async def test_a_line_that_is_no_receipt_is_corrupt_and_nothing_follows_it(
    receipts: FilesystemReceiptProvider, path: Path, damage: bytes
) -> None:
    await _filled(receipts, 2)
    with path.open("ab") as file:
        file.write(damage + b"\n")
    before = path.read_bytes()
    verdict = await receipts.verify()
    assert (verdict.valid, verdict.broken_at) == (False, 2)
    with pytest.raises(RecordCorrupt) as unreadable:
        await receipts.list()
    assert unreadable.value.key == "2"
    with pytest.raises(RecordCorrupt):
        await receipts.store(a_record())
    assert path.read_bytes() == before


async def test_a_torn_tail_is_told_and_the_next_receipt_follows_the_last_whole_one(
    receipts: FilesystemReceiptProvider, path: Path
) -> None:
    await _filled(receipts, 2)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:100])
    verdict = await receipts.verify()
    assert (verdict.valid, verdict.broken_at) == (False, 2)
    assert (await receipts.store(a_record())).seq == 2
    assert (await receipts.verify()).valid


async def test_a_tail_that_was_cut_off_shows_against_the_head(receipts: FilesystemReceiptProvider, path: Path) -> None:
    await _filled(receipts)
    head = (await receipts.verify()).head
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert not (await receipts.verify(head=head)).valid


async def test_receipts_of_two_chains_do_not_splice(tmp_path: Path) -> None:
    one, other = (FilesystemReceiptProvider(path=tmp_path / name) for name in ("one", "other"))
    await _filled(one)
    await _filled(other)
    mine, theirs = ((tmp_path / name).read_bytes().splitlines(keepends=True) for name in ("one", "other"))
    for cut in (1, 2):
        (tmp_path / "one").write_bytes(b"".join([*mine[:cut], *theirs[cut:]]))
        verdict = await one.verify()
        assert (verdict.valid, verdict.broken_at) == (False, cut)


_STORER = """
import asyncio, sys
from provider_runtime.adapters.backends.receipts import FilesystemReceiptProvider
from provider_runtime.testing.stages import a_record

async def main():
    receipts = FilesystemReceiptProvider(path=sys.argv[1])
    for number in range(int(sys.argv[2])):
        await receipts.store(a_record(number))

asyncio.run(main())
"""


async def test_several_processes_write_one_chain(receipts: FilesystemReceiptProvider, path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", _STORER, str(path), "25"]) for _ in range(3)]
    await _filled(receipts, 25)
    await asyncio.gather(*(asyncio.to_thread(writer.wait, timeout=60) for writer in writers))
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    kept = await receipts.list()
    assert [receipt.seq for receipt in kept] == list(range(100))
    assert len({receipt.receipt_id for receipt in kept}) == 100
    assert (await receipts.verify()).valid


async def test_receipts_cut_off_at_the_front_of_a_file_are_missed(tmp_path: Path) -> None:
    receipts = FilesystemReceiptProvider(path=tmp_path / "receipts.jsonl")
    for number in range(4):
        await receipts.store(a_record(number))
    lines = receipts.path.read_bytes().splitlines(keepends=True)
    receipts.path.write_bytes(b"".join(lines[2:]))
    verdict = await receipts.verify()
    assert (verdict.valid, verdict.broken_at) == (False, 0)
