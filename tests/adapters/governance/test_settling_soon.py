"""What a SQLite ledger has on the disk after a loss of power: what it waited for, and nothing that never was."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest
from attrs import define, field
from store_faults import connection_that

from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.adapters.governance.ledger import JournalLedger, SqliteBudgetLedger
from provider_runtime.domain.policy.budgets.holds import Balance, Fate
from provider_runtime.testing.contracts.governance.budgets import LEASE_S, a_claim, an_order, balance, taken
from provider_runtime.testing.fakes import FrozenClock


@define
class Disk:
    """Keeps the files of a store as they were when it last waited for them."""

    path: Path
    waits: int = 0
    _waiting: bool = field(default=True, init=False)

    def watch(self, moment: str, statement: str) -> None:
        """Called around each statement of each connection."""
        if moment == "before":
            return
        if statement.startswith("PRAGMA synchronous="):
            self._waiting = statement.endswith("FULL")
        elif self._waiting and (statement == "COMMIT" or statement.startswith("PRAGMA user_version=")):
            self.waits += 1
            self.safe.mkdir(exist_ok=True)
            for file in (self.path, self.path.with_name(f"{self.path.name}-wal")):
                if file.exists():
                    shutil.copy(file, self.safe / file.name)

    @property
    def safe(self) -> Path:
        """Where the copies are."""
        return self.path.with_name("safe")

    async def found_again(self, clock: FrozenClock) -> Balance:
        """How the account stands for whoever comes after the power did, when all leases are over."""
        clock.advance(LEASE_S + 1)
        async with aclosing(SqliteBudgetLedger(path=self.safe / self.path.name, clock=clock)) as ledger:
            await ledger.reconcile()
            return await balance(ledger, a_claim())


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "ledger.sqlite")


@pytest.fixture
async def ledger(disk: Disk, clock: FrozenClock) -> AsyncIterator[JournalLedger]:
    media = SqliteMedia(path=disk.path, connection=connection_that(disk.watch))
    async with aclosing(media):
        yield JournalLedger(journal=media.journal("budgets"), documents=media.documents(), clock=clock)


async def test_a_settlement_within_its_hold_waits_for_nothing_and_is_in_the_books(
    ledger: JournalLedger, disk: Disk
) -> None:
    hold = await taken(ledger, an_order())
    before = disk.waits
    await ledger.settle(hold, Fate.POSTED, [7])
    assert disk.waits == before
    assert await balance(ledger, a_claim()) == Balance(posted=7)


async def test_one_that_the_power_took_is_posted_in_full(ledger: JournalLedger, disk: Disk, clock: FrozenClock) -> None:
    await ledger.settle(await taken(ledger, an_order()), Fate.POSTED, [7])
    assert await disk.found_again(clock) == Balance(posted=10)


async def test_the_next_hold_takes_it_to_the_disk(ledger: JournalLedger, disk: Disk, clock: FrozenClock) -> None:
    await ledger.settle(await taken(ledger, an_order()), Fate.POSTED, [7])
    await taken(ledger, an_order(a_claim(1), call="call_2"))
    assert await disk.found_again(clock) == Balance(posted=8)


@pytest.mark.parametrize(("fate", "charges"), [(Fate.POSTED, [15]), (Fate.ESTIMATE, [11])])
async def test_one_that_exceeds_its_hold_is_on_the_disk_at_once(
    ledger: JournalLedger, disk: Disk, clock: FrozenClock, fate: Fate, charges: Sequence[int]
) -> None:
    await ledger.settle(await taken(ledger, an_order()), fate, charges)
    assert (await disk.found_again(clock)).posted == charges[0]


async def test_a_flush_takes_it_to_the_disk(ledger: JournalLedger, disk: Disk, clock: FrozenClock) -> None:
    await ledger.settle(await taken(ledger, an_order()), Fate.VOID, [0])
    await ledger.flush()
    assert await disk.found_again(clock) == Balance()
    await taken(ledger, an_order(call="call_2"))  # and it goes on
    assert (await balance(ledger, a_claim())).held == 10
