"""Several processes at one ledger, and processes that are ended in the middle of it."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_children import Child, Children, Failpoint, opened

from provider_runtime.adapters.governance.ledger import JournalLedger
from provider_runtime.adapters.governance.ledger_entries import EntryReader
from provider_runtime.domain.policy.budgets.entries import Held, Settled
from provider_runtime.domain.policy.budgets.holds import Fate
from provider_runtime.testing.contracts.governance.budgets import a_claim, an_order, taken
from provider_runtime.testing.fakes import FrozenClock

KINDS = pytest.mark.parametrize("kind", ["filesystem", "sqlite"])
FAILPOINTS: list[tuple[str, Failpoint]] = [
    *(("filesystem", ("write", at, moment)) for at in (1, 4) for moment in ("before", "in", "after")),
    *(("filesystem", ("sync", at, moment)) for at in (2, 4) for moment in ("before", "after")),
    *(("filesystem", ("rename", 1, moment)) for moment in ("before", "after")),  # of the checkpoint
    *(("sqlite", ("COMMIT", at, moment)) for at in (2, 5) for moment in ("before", "after")),
    *(("sqlite", ("INSERT INTO entries", 2, moment)) for moment in ("before", "after")),
    *(("sqlite", ("INSERT INTO documents", 1, moment)) for moment in ("before", "after")),  # of the checkpoint
]


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    forking = Children()
    yield forking
    forking.close()


def _heard(child: Child, *, until: int | None = None) -> tuple[set[int], set[int]]:
    """The holds that the child was told are taken, and posted; it is ended after ``until`` lines."""
    held: set[int] = set()
    posted: set[int] = set()
    for heard, (what, number) in enumerate(child.told(), start=1):
        (held if what == b"held" else posted).add(int(number))
        if heard == until:
            os.kill(child.pid, signal.SIGKILL)
    return held, posted


async def _check(kind: str, folder: Path, held: set[int], posted: set[int]) -> None:
    """Nothing that was told is lost, nothing counts twice, and what was under way is posted in full."""
    media = opened(kind, folder)
    entries = [EntryReader().read(entry) for entry in (await media.journal("budgets").read()).entries]
    taken_there = {number for number, entry in enumerate(entries, start=1) if isinstance(entry, Held)}
    posts = [entry.hold for entry in entries if isinstance(entry, Settled)]
    assert held <= taken_there
    assert posted <= set(posts) <= taken_there
    assert len(posts) == len(set(posts))
    clock = FrozenClock()
    ledger = JournalLedger(journal=media.journal("budgets"), documents=media.documents(), clock=clock)
    hold = await taken(ledger, an_order(a_claim(0, limit=10**9)))  # the ledger goes on
    await ledger.settle(hold, Fate.VOID, [0])
    clock.advance(10**9)  # the leases began by a real clock
    lost = await ledger.reconcile()
    assert {one.number for one in lost} == taken_there - set(posts)
    (standing,) = await ledger.standings([a_claim()])
    assert standing.balance.held == 0
    assert standing.balance.posted == 7 * len(posts) + 10 * len(lost)
    await media.aclose()


@pytest.mark.parametrize(("kind", "failpoint"), FAILPOINTS, ids=lambda value: str(value).replace(" ", "_"))
def test_a_process_that_ends_at_a_failpoint_loses_nothing_it_was_told(
    children: Children, tmp_path: Path, kind: str, failpoint: Failpoint
) -> None:
    child = children.start("spend", tmp_path / "store", kind, 30, failpoint)
    held, posted = _heard(child)
    assert child.ended() == -signal.SIGKILL, "the failpoint was never reached"
    asyncio.run(_check(kind, tmp_path / "store", held, posted))


def _kill(children: Children, kind: str, folder: Path, after: int) -> None:
    child = children.start("spend", folder, kind, 2000)
    held, posted = _heard(child, until=after)
    assert child.ended() == -signal.SIGKILL
    asyncio.run(_check(kind, folder, held, posted))


@KINDS
def test_a_process_that_is_killed_loses_nothing_it_was_told(children: Children, tmp_path: Path, kind: str) -> None:
    for number in range(6):
        _kill(children, kind, tmp_path / f"{number}" / "store", after=1 + 13 * number)


@pytest.mark.long
@pytest.mark.timeout(1800)
@KINDS
def test_three_hundred_kills_of_a_ledger(children: Children, tmp_path: Path, kind: str) -> None:
    chance = random.Random(kind)  # noqa: S311 - the same moments in every run
    for number in range(300):
        _kill(children, kind, tmp_path / f"{number}" / "store", after=chance.randint(1, 200))


@KINDS
def test_of_four_processes_with_two_hundred_callers_ten_are_admitted(
    children: Children, tmp_path: Path, kind: str
) -> None:
    running = [children.start("race", tmp_path / "store", kind, 50) for _ in range(4)]
    admitted = sum(int(number) for child in running for _, number in child.told())
    assert [child.ended() for child in running] == [0] * 4
    assert admitted == 10


@pytest.mark.long
@pytest.mark.timeout(1800)
@KINDS
def test_fifty_races(children: Children, tmp_path: Path, kind: str) -> None:
    for number in range(50):
        running = [children.start("race", tmp_path / f"{number}" / "store", kind, 50) for _ in range(4)]
        assert sum(int(admitted) for child in running for _, admitted in child.told()) == 10
        assert [child.ended() for child in running] == [0] * 4


def _bank(children: Children, folder: Path, kind: str, rounds: int) -> None:
    running = [children.start("spend", folder, kind, rounds) for _ in range(4)]
    told = [_heard(child) for child in running]
    assert [child.ended() for child in running] == [0] * 4
    held = set().union(*(one for one, _ in told))
    assert len(held) == 4 * 4 * rounds, "two processes were given the same hold"
    asyncio.run(_check(kind, folder, held, set().union(*(posted for _, posted in told))))


@KINDS
def test_four_processes_spend_from_one_budget(children: Children, tmp_path: Path, kind: str) -> None:
    _bank(children, tmp_path / "store", kind, 8)


@pytest.mark.long
@pytest.mark.timeout(1800)
@KINDS
def test_four_processes_spend_from_one_budget_at_length(children: Children, tmp_path: Path, kind: str) -> None:
    _bank(children, tmp_path / "store", kind, 1250)
