"""Receipts, sessions and traces of a process that is ended in the middle: what was told is kept, and proves itself."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from store_children import NOTARY, Children, Failpoint, opened, receipts_in

from provider_runtime.adapters.backends.checkpoints.seals import noted_heads
from provider_runtime.adapters.backends.checkpoints.sinks import FilesystemCheckpoints
from provider_runtime.adapters.backends.families.sessions import MediaSessions
from provider_runtime.adapters.call_traces.store import MediaCallTraces
from provider_runtime.domain.records.sessions import SessionEvent, SessionEventKind
from provider_runtime.testing.contracts.oversight.call_traces import a_trace
from provider_runtime.testing.stages import a_record

KINDS = pytest.mark.parametrize("kind", ["filesystem", "sqlite"])
Told = list[list[bytes]]
FAILPOINTS: list[tuple[str, Failpoint]] = [
    *(("filesystem", ("write", at, moment)) for at in (1, 4) for moment in ("before", "in", "after")),
    *(("filesystem", ("sync", at, moment)) for at in (1, 4) for moment in ("before", "after")),
    *(
        ("sqlite", (statement, at, moment))
        for statement in ("INSERT INTO entries", "COMMIT")
        for at in (3, 6)
        for moment in ("before", "after")
    ),
]


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    forking = Children()
    yield forking
    forking.close()


async def _check_receipts(kind: str, folder: Path, told: Told) -> None:
    """The chain is whole, holds what was told, agrees with every checkpoint, and goes on."""
    receipts = receipts_in(kind, folder)
    promised = {int(seq): hashed.decode() for _, seq, hashed in told}
    after_the_kill = await receipts.verify()
    assert after_the_kill.valid or after_the_kill.error == "a receipt was cut off while it was written"
    added = await receipts.store(a_record())
    sink = FilesystemCheckpoints(path=folder / "elsewhere" / "checkpoints.jsonl")
    noted = await noted_heads(await sink.list(), NOTARY)
    verdict = await receipts.verify(noted=noted)
    assert (verdict.valid, verdict.checkpoints) == (True, len(noted)), verdict.error
    kept = {receipt.seq: receipt.receipt_hash for receipt in await receipts.list()}
    assert list(kept) == list(range(len(kept)))
    assert promised.items() <= kept.items()
    assert added.seq == len(kept) - 1
    await sink.aclose()
    await receipts.aclose()


async def _check_work(kind: str, folder: Path, told: Told) -> None:
    """What was told of events, answers and calls is there, in order, and one more may be."""
    media = opened(kind, folder)
    sessions, traces = MediaSessions(media=media), MediaCallTraces(media=media)
    promised = {what: max(int(n) for w, n in told if w == what) for what in {w for w, _ in told}}
    if await sessions.exists("work"):
        history = await sessions.history("work")
        assert [logged.seq for logged in history] == list(range(len(history)))
        assert len(history) - 1 in {promised.get(b"event", -1), promised.get(b"event", -1) + 1}
        for seq in range(len(history)):
            moment = await sessions.jump("work", seq)
            assert moment.state.control == seq - seq % 5
        for number in range(promised.get(b"answer", -1) + 1):
            found = await sessions.answer_to("work", "a" * 64, number)
            assert found is not None
            assert found.response == number
        await sessions.record("work", SessionEvent(kind=SessionEventKind.STEP))
    else:
        assert b"session" not in promised
    for number in range(promised.get(b"trace", -1) + 1):
        assert await traces.get(f"call_{number}") == a_trace(f"call_{number}")
    await traces.keep(a_trace("call_last"))
    assert [trace.call_id for trace in await traces.latest(1)] == ["call_last"]
    await media.aclose()


CHECKS: dict[str, Callable[[str, Path, Told], Awaitable[None]]] = {"record": _check_receipts, "tell": _check_work}


async def _checked(work: str, kind: str, folder: Path, told: Told) -> None:
    await CHECKS[work](kind, folder, told)


def _kill(children: Children, work: str, kind: str, folder: Path, after: int) -> None:
    child, told = children.start(work, folder, kind, 1000), list[list[bytes]]()
    for heard, line in enumerate(child.told(), start=1):
        told.append(line)
        if heard == after:
            os.kill(child.pid, signal.SIGKILL)
    assert child.ended() == -signal.SIGKILL
    asyncio.run(_checked(work, kind, folder, told))


@pytest.mark.parametrize("work", CHECKS)
@pytest.mark.parametrize(("kind", "failpoint"), FAILPOINTS, ids=lambda value: str(value).replace(" ", "_"))
def test_a_process_that_ends_at_a_failpoint_leaves_what_it_was_told_is_kept(
    children: Children, tmp_path: Path, work: str, kind: str, failpoint: Failpoint
) -> None:
    child = children.start(work, tmp_path / "store", kind, 20, failpoint)
    told = list(child.told())
    assert child.ended() == -signal.SIGKILL, "the failpoint was never reached"
    asyncio.run(_checked(work, kind, tmp_path / "store", told))


@KINDS
@pytest.mark.parametrize("work", CHECKS)
def test_a_process_that_is_killed_leaves_what_it_was_told_is_kept(
    children: Children, tmp_path: Path, work: str, kind: str
) -> None:
    for number in range(6):
        _kill(children, work, kind, tmp_path / f"{number}" / "store", after=1 + 5 * number)


@pytest.mark.long
@pytest.mark.timeout(1800)
@KINDS
@pytest.mark.parametrize("work", CHECKS)
def test_three_hundred_kills(children: Children, tmp_path: Path, work: str, kind: str) -> None:
    chance = random.Random(kind)  # noqa: S311 - the same moments in every run
    for number in range(300):
        _kill(children, work, kind, tmp_path / f"{number}" / "store", after=chance.randint(1, 60))


@KINDS
def test_two_processes_write_one_chain_and_one_file_of_checkpoints(
    children: Children, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "store"
    running = [children.start("record", folder, kind, 20) for _ in range(3)]
    told = [line for child in running for line in child.told()]
    assert [child.ended() for child in running] == [0, 0, 0]
    assert {int(line[1]) for line in told} == set(range(3 * 20 * 4))
    asyncio.run(_check_receipts(kind, folder, told))
