"""Several processes at one governance server, which is ended in the middle of it, as a power cut does."""

import asyncio
import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from governance_program import TOKEN, GovernanceProgram
from store_children import Child, Children, Failpoint, opened

from provider_runtime.adapters.governance.ledger import JournalLedger
from provider_runtime.adapters.governance.ledger_entries import EntryReader
from provider_runtime.domain.policy.budgets.entries import Held, Settled
from provider_runtime.domain.policy.budgets.holds import Fate
from provider_runtime.testing.contracts.governance.budgets import a_claim, an_order, taken
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.governance_server import client_of


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    forking = Children()
    yield forking
    forking.close()


async def _check(folder: Path, held: set[int], posted: set[int]) -> None:
    """Nothing that was told is lost, and nothing is there twice: every hold was settled, by whoever took it."""
    media = opened("sqlite", folder)
    reader = EntryReader()
    entries = [reader.read(entry) for entry in (await media.journal("budgets").read()).entries]
    holds = {number: entry for number, entry in enumerate(entries, start=1) if isinstance(entry, Held)}
    settled = [entry for entry in entries if isinstance(entry, Settled)]
    assert held <= set(holds)
    assert posted <= {entry.hold for entry in settled} == set(holds)
    assert len(settled) == len(holds)
    assert len({entry.order_id for entry in holds.values()}) == len(holds)
    paid = [entry.hold for entry in settled if entry.charges == (7,)]
    assert set(paid) == posted == held
    ledger = JournalLedger(journal=media.journal("budgets"), documents=media.documents(), clock=FrozenClock())
    (standing,) = await ledger.standings([a_claim()])
    assert (standing.balance.held, standing.balance.posted) == (0, 7 * len(paid))
    await media.aclose()


def _spend(children: Children, folder: Path, rounds: int, kills: list[int]) -> None:
    """Four processes spend; the server is killed and started again after so many lines of the first one."""
    folder.mkdir(parents=True)
    with GovernanceProgram(folder / "store.sqlite") as program:
        (folder / "url").write_text(program.url)
        running = [children.start("spend", folder, "remote", rounds) for _ in range(4)]
        held: set[int] = set()
        posted: set[int] = set()
        for number, child in enumerate(running):
            for heard, (what, hold) in enumerate(child.told(), start=1):
                (held if what == b"held" else posted).add(int(hold))
                if number == 0 and heard in kills:
                    program.kill()
                    program.start()
        assert [child.ended() for child in running] == [0] * 4
        assert program.end() == (0, "")
    assert len(held) == len(posted) == 4 * 4 * rounds
    asyncio.run(_check(folder, held, posted))


def test_four_processes_spend_from_one_budget_at_a_server(children: Children, tmp_path: Path) -> None:
    _spend(children, tmp_path / "store", 8, kills=[])


def test_a_server_that_is_killed_and_started_again_loses_and_doubles_nothing(
    children: Children, tmp_path: Path
) -> None:
    _spend(children, tmp_path / "store", 12, kills=[5, 60])


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_server_that_is_killed_sixty_times(children: Children, tmp_path: Path) -> None:
    chance = random.Random("kills")  # noqa: S311 - the same moments in every run
    for number in range(6):
        kills = chance.sample(range(1, 4 * 2 * 60), 10)
        _spend(children, tmp_path / f"{number}" / "store", 60, kills=kills)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_four_processes_spend_from_one_budget_at_a_server_at_length(children: Children, tmp_path: Path) -> None:
    _spend(children, tmp_path / "store", 500, kills=[])


FAILPOINTS: list[Failpoint] = [
    *(("COMMIT", at, moment) for at in (2, 5) for moment in ("before", "after")),
    *(("INSERT INTO entries", 2, moment) for moment in ("before", "after")),
]


@pytest.mark.parametrize("failpoint", FAILPOINTS, ids=lambda value: str(value).replace(" ", "_"))
def test_a_server_that_ends_at_a_failpoint_loses_and_doubles_nothing(
    children: Children, tmp_path: Path, failpoint: Failpoint
) -> None:
    folder = tmp_path / "store"
    serving = children.start("serve", folder, "sqlite", 0, failpoint)
    lines = serving.told()
    port = int(next(lines)[1])
    again: list[Child] = []

    def start_again() -> None:
        assert serving.ended() == -signal.SIGKILL
        again.append(children.start("serve", folder, "sqlite", port))

    async def spend() -> tuple[set[int], set[int]]:
        held: set[int] = set()
        async with aclosing(client_of(f"http://127.0.0.1:{port}", TOKEN, timeout_s=60, try_s=20)) as ledger:
            for _ in range(6):
                hold = await taken(ledger, an_order(a_claim(10, limit=10**9)))
                await ledger.settle(hold, Fate.POSTED, [7])
                held.add(hold.number)
        return held, held

    restarting = threading.Thread(target=start_again)
    restarting.start()
    held, posted = asyncio.run(spend())
    restarting.join(30)
    lines.close()
    assert again, "the failpoint was never reached"
    os.kill(again[0].pid, signal.SIGKILL)
    again[0].ended()
    for _ in again[0].told():
        pass
    asyncio.run(_check(folder, held, posted))


def _race(children: Children, folder: Path) -> None:
    folder.mkdir(parents=True)
    with GovernanceProgram(folder / "store.sqlite") as program:
        (folder / "url").write_text(program.url)
        running = [children.start("race", folder, "remote", 50) for _ in range(4)]
        admitted = sum(int(number) for child in running for _, number in child.told())
        assert [child.ended() for child in running] == [0] * 4
    assert admitted == 10


def test_of_four_processes_with_two_hundred_callers_ten_are_admitted(children: Children, tmp_path: Path) -> None:
    _race(children, tmp_path / "store")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_thirty_races(children: Children, tmp_path: Path) -> None:
    for number in range(30):
        _race(children, tmp_path / f"{number}" / "store")
