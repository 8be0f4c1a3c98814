"""A chain of receipts held against its checkpoints: whatever is done to it, and to them, is found."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.backends.checkpoints.notary import Notary
from provider_runtime.adapters.backends.checkpoints.receipts import CheckpointedReceipts
from provider_runtime.adapters.backends.checkpoints.seals import noted_heads, sealed
from provider_runtime.adapters.backends.checkpoints.sinks import FilesystemCheckpoints, MemoryCheckpoints
from provider_runtime.adapters.backends.receipt_chain import Link, linked
from provider_runtime.adapters.backends.receipt_check import ChainCheck, verify_chain
from provider_runtime.adapters.backends.receipts import (
    FilesystemReceiptProvider,
    InMemoryReceiptProvider,
    JournalReceipts,
    SqliteReceiptProvider,
)
from provider_runtime.adapters.signing.ed25519 import Ed25519Signer, Ed25519Verifier, new_signing_key
from provider_runtime.adapters.signing.hmac_sha256 import HmacSigner
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.records.oversight.checkpoints import ChainHead, Checkpoint, NotedHead
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.stages import a_record

SIGNER = Ed25519Signer(private_key=new_signing_key(bytes(range(32))))
VERIFIER = Ed25519Verifier(trust=(SIGNER.public_key,))
Entries = list[bytes]


def chain(count: int) -> tuple[Entries, list[ChainHead]]:
    """So many receipts as they are stored, and the head of the chain behind each."""
    entries, heads = list[bytes](), list[ChainHead]()
    for number in range(count):
        entry, receipt = linked(a_record(number), _link(heads[-1]) if heads else None)
        entries.append(entry)
        heads.append(ChainHead(chain_id=receipt.chain_id, seq=number, receipt_hash=receipt.receipt_hash))
    return entries, heads


def _link(head: ChainHead) -> Link:
    return Link(head.chain_id, head.seq, head.receipt_hash)


def noted(*heads: ChainHead) -> tuple[NotedHead, ...]:
    clock = FrozenClock()
    return tuple(NotedHead(head=head, at=clock.now()) for head in heads)


@pytest.mark.parametrize("bits", [1, pytest.param(8, marks=pytest.mark.long)])
def test_every_flipped_bit_of_two_hundred_receipts_is_found_where_it_is(bits: int) -> None:
    entries, heads = chain(200)
    unnoticed = []
    for number, entry in enumerate(entries):
        for place in range(len(entry)):
            for bit in range(bits):
                flipped = bytearray(entry)
                flipped[place] ^= 1 << ((place + bit) % 8)
                check = ChainCheck()
                check.last = _link(heads[number - 1]) if number else None
                if check.add(bytes(flipped)) is None:
                    unnoticed.append((number, place, bit))
    assert unnoticed == []


@given(data=st.data())
def test_deletion_insertion_reordering_and_splices_are_found(data: st.DataObject) -> None:
    entries, heads = chain(12)
    others, _ = chain(12)
    places = st.integers(0, 11)
    one, other = data.draw(places), data.draw(places)
    done: Entries = data.draw(
        st.sampled_from(
            [
                [*entries[:one], *entries[one + 1 :]],
                [*entries[:one], entries[other], *entries[one:]],
                [*entries[:one], others[other], *entries[one:]],
                [*entries[:one], *others[one:]],
                [*entries[:one], *entries[other:]],
                sorted(entries, key=lambda _: data.draw(st.integers(0, 2))),
                entries[::-1],
            ]
        )
    )
    verdict = verify_chain(tuple(done), noted=noted(heads[5], heads[11]))
    assert verdict.valid == (done == entries)
    if not verdict.valid:
        assert verdict.error
        assert verdict.broken_at is not None
        assert done[: verdict.broken_at] == entries[: verdict.broken_at]  # what is called good is good


@given(kept=st.integers(0, 11), at=st.integers(0, 11))
def test_a_cut_tail_shows_as_soon_as_a_checkpoint_stood_in_it(kept: int, at: int) -> None:
    entries, heads = chain(12)
    verdict = verify_chain(tuple(entries[:kept]), noted=noted(heads[at]))
    assert verdict.valid == (kept > at)
    if not verdict.valid:
        assert (verdict.broken_at, verdict.count) == (kept, kept)
        assert f"{at + 1} receipts stood here" in (verdict.error or "")


@given(begin=st.integers(0, 11), at=st.integers(0, 11))
def test_a_chain_that_was_written_anew_from_somewhere_shows_at_the_next_checkpoint(begin: int, at: int) -> None:
    entries, heads = chain(12)
    anew, before = entries[:begin], _link(heads[begin - 1]) if begin else None
    for number in range(begin, 12):
        entry, receipt = linked(a_record(number + 100), before)
        before = Link(receipt.chain_id, number, receipt.receipt_hash)
        anew.append(entry)
    verdict = verify_chain(tuple(anew), noted=noted(heads[at]))
    assert verify_chain(tuple(anew)).valid  # by itself it looks whole
    assert verdict.valid == (at < begin)
    if not verdict.valid:
        assert verdict.broken_at == (0 if begin == 0 else at)  # another chain is told from its first receipt on


def test_checkpoints_that_contradict_each_other_are_told() -> None:
    entries, heads = chain(4)
    _, others = chain(4)
    assert not verify_chain(tuple(entries), noted=noted(heads[1], heads[2], others[2])).valid
    forked = evolve(heads[2], receipt_hash=others[2].receipt_hash)
    verdict = verify_chain(tuple(entries), noted=noted(heads[2], forked))
    assert (verdict.valid, verdict.broken_at) == (False, 2)


def test_a_good_verdict_says_how_much_checkpoints_cover() -> None:
    entries, heads = chain(8)
    verdict = verify_chain(tuple(entries), noted=noted(heads[5], heads[2], heads[2]))
    assert (verdict.valid, verdict.count, verdict.checkpoints, verdict.covered) == (True, 8, 3, 6)
    assert verify_chain(tuple(entries)).covered == 0


# ── over the media ──────────────────────────────────────────────────────────────────────────

Store = Callable[[], JournalReceipts]


@pytest.fixture(params=["memory", "filesystem", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """The same receipts, opened again and again."""
    if request.param == "memory":
        one = InMemoryReceiptProvider()
        return lambda: one
    if request.param == "filesystem":
        return lambda: FilesystemReceiptProvider(path=tmp_path / "receipts.jsonl")
    return lambda: SqliteReceiptProvider(path=tmp_path / "receipts.sqlite")


async def _checkpointed(store: Store, count: int, *, every: int = 10) -> tuple[JournalReceipts, tuple[Checkpoint, ...]]:
    sink = MemoryCheckpoints()
    notary = Notary(signer=SIGNER, sink=sink, clock=_Standing(), every=every)
    receipts = CheckpointedReceipts(receipts=store(), notary=notary)
    for number in range(count):
        await receipts.store(a_record(number))
        await asyncio.sleep(0)  # as every call does
    await receipts.flush()
    return store(), await sink.list()


class _Standing(FrozenClock):
    """A clock on which no time limit is ever over."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.get_running_loop().create_future()


async def test_an_honest_chain_agrees_with_its_checkpoints(store: Store) -> None:
    receipts, checkpoints = await _checkpointed(store, 35)
    verdict = await receipts.verify(noted=await noted_heads(checkpoints, VERIFIER))
    assert (verdict.valid, verdict.count, verdict.covered) == (True, 35, 35)
    assert verdict.checkpoints == len(checkpoints) >= 2
    await receipts.aclose()


async def _rewritten(receipts: JournalReceipts, edit: Callable[[Entries], Entries]) -> None:
    entries = edit(list((await receipts.journal.read()).entries))
    await receipts.journal.clear()
    for entry in entries:
        await receipts.journal.append(partial(_as_it_is, entry))


def _as_it_is(entry: bytes, _last: bytes | None) -> bytes:
    return entry


async def test_a_cut_tail_and_another_chain_are_found_in_every_medium(store: Store) -> None:
    receipts, checkpoints = await _checkpointed(store, 25)
    heads = await noted_heads(checkpoints, VERIFIER)
    await _rewritten(receipts, lambda entries: entries[:-1])
    cut = await receipts.verify(noted=heads)
    assert (cut.valid, cut.broken_at) == (False, 24)
    assert "tail was cut off: 25 receipts stood here at 2026" in (cut.error or "")
    await receipts.clear()
    for number in range(30):
        await receipts.store(a_record(number))
    assert (await receipts.verify()).valid
    replaced = await receipts.verify(noted=heads)
    assert (replaced.valid, replaced.broken_at) == (False, 0)
    await receipts.clear()
    assert "tail was cut off" in ((await receipts.verify(noted=heads)).error or "")
    await receipts.aclose()


async def test_later_checkpoints_are_held_against_what_came_after_a_mark_alone(store: Store) -> None:
    receipts, early = await _checkpointed(store, 20)
    mark = (await receipts.verify(noted=await noted_heads(early, VERIFIER))).mark
    read: list[int] = []
    last = [await receipts.store(a_record(number)) for number in range(20, 27)][-1]
    head = ChainHead(chain_id=last.chain_id, seq=last.seq, receipt_hash=last.receipt_hash)
    late = (*early, await sealed(head, FrozenClock().now(), SIGNER))

    class Counting:
        """A journal that notes how much of it is read."""

        def __getattr__(self, name: str) -> object:
            return getattr(receipts.journal, name)

        async def read(self, **how: object) -> object:
            page = await receipts.journal.read(**how)  # type: ignore[arg-type]
            read.append(len(page.entries))
            return page

    watched = JournalReceipts(journal=Counting())  # type: ignore[arg-type]
    verdict = await watched.verify(since=mark, noted=await noted_heads(late, VERIFIER))
    assert (verdict.valid, verdict.count, verdict.covered, verdict.checkpoints) == (True, 27, 27, 1)
    assert sum(read) <= 2 * 8  # of 27: the seven new ones, the one before them, and once more for the mark
    await _rewritten(receipts, lambda entries: entries[:22])
    assert not (await receipts.verify(since=mark, noted=await noted_heads(late, VERIFIER))).valid
    await receipts.aclose()


# ── checkpoints that were tampered with ─────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "change",
    [
        lambda one: evolve(one, head=evolve(one.head, seq=one.head.seq - 1)),
        lambda one: evolve(one, head=evolve(one.head, chain_id="chain_other")),
        lambda one: evolve(one, head=evolve(one.head, receipt_hash="sha256:" + "0" * 64)),
        lambda one: evolve(one, at=one.at.replace(year=2020)),
        lambda one: evolve(one, seal=evolve(one.seal, value=one.seal.value[:-1] + "0" * (one.seal.value[-1] != "0"))),
    ],
    ids=["number", "chain", "hash", "time", "seal"],
)
async def test_a_changed_checkpoint_is_no_evidence(change: Callable[[Checkpoint], Checkpoint]) -> None:
    _, heads = chain(3)
    genuine = [await sealed(head, FrozenClock().now(), SIGNER) for head in heads]
    assert len(await noted_heads(genuine, VERIFIER)) == 3
    with pytest.raises((RecordCorrupt, ValueError)) as told:
        await noted_heads([genuine[0], change(genuine[1]), genuine[2]], VERIFIER)
    if isinstance(told.value, RecordCorrupt):
        assert (told.value.kind, told.value.key) == ("checkpoint", "2")


@pytest.mark.parametrize(
    "seal",
    [
        lambda head: sealed(head, FrozenClock().now(), Ed25519Signer(private_key=new_signing_key(b"x" * 32))),
        lambda head: sealed(head, FrozenClock().now(), HmacSigner(key=Secret("guessed"))),
    ],
)
async def test_the_checkpoint_of_a_stranger_is_no_evidence(seal: Callable[[ChainHead], Awaitable[Checkpoint]]) -> None:
    _, (head,) = chain(1)
    with pytest.raises(RecordCorrupt, match="not trusted here"):
        await noted_heads([await seal(head)], VERIFIER)


async def test_a_damaged_file_of_checkpoints_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.jsonl"
    sink = FilesystemCheckpoints(path=path)
    for head in chain(3)[1]:
        await sink.take(await sealed(head, FrozenClock().now(), SIGNER))
    whole = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert whole.count(b"\n") == 3
    lines = whole.splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(b'"seq":1', b'"seq":"1"') + lines[2])
    with pytest.raises(RecordCorrupt) as corrupt:
        await sink.list()
    assert (corrupt.value.kind, corrupt.value.key) == ("checkpoint", "checkpoints.jsonl:2")
    path.write_bytes(whole[:-9])
    assert len(await sink.list()) == 2  # one that was cut off while it was written was never kept
    await sink.aclose()


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.long)])
async def test_no_flipped_bit_in_a_file_of_checkpoints_lets_a_cut_tail_pass(tmp_path: Path, step: int) -> None:
    entries, heads = chain(4)
    path = tmp_path / "checkpoints.jsonl"
    sink = FilesystemCheckpoints(path=path)
    await sink.take(await sealed(heads[3], FrozenClock().now(), SIGNER))
    content, chance = path.read_bytes(), random.Random(1)  # noqa: S311 - the same bits in every run
    for place in range(0, len(content) - 1, step):
        flipped = bytearray(content)
        flipped[place] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        try:
            kept = await noted_heads(await sink.list(), VERIFIER)
        except RecordCorrupt:
            continue
        assert not verify_chain(tuple(entries[:3]), noted=kept).valid, place
    await sink.aclose()
