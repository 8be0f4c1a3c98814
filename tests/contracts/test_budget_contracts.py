"""Ledgers of budgets under their contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.governance.ledger import (
    FilesystemBudgetLedger,
    MemoryBudgetLedger,
    SqliteBudgetLedger,
)
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.testing.contracts.governance.budgets import BudgetLedgerContract
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.governance_server import GovernanceServer
from provider_runtime.testing.mocks import MockBudgetLedger


class TestMemoryBudgetLedger(BudgetLedgerContract):
    @pytest.fixture
    def ledger(self, clock: FrozenClock) -> BudgetLedger:
        return MemoryBudgetLedger(clock=clock)


class TestMockBudgetLedger(BudgetLedgerContract):
    @pytest.fixture
    def ledger(self, clock: FrozenClock) -> BudgetLedger:
        return MockBudgetLedger(clock=clock)


class TestFilesystemBudgetLedger(BudgetLedgerContract):
    @pytest.fixture
    async def ledger(self, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[BudgetLedger]:  # type: ignore[override]  # it ends, too
        ledger = FilesystemBudgetLedger(path=tmp_path / "ledger", clock=clock, checkpoint_every=3)
        yield ledger
        await ledger.aclose()


class TestSqliteBudgetLedger(BudgetLedgerContract):
    @pytest.fixture
    async def ledger(self, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[BudgetLedger]:  # type: ignore[override]  # it ends, too
        ledger = SqliteBudgetLedger(path=tmp_path / "ledger.sqlite", clock=clock, checkpoint_every=3)
        yield ledger
        await ledger.aclose()


class TestRemoteBudgetLedger(BudgetLedgerContract):
    @pytest.fixture
    async def ledger(self, clock: FrozenClock) -> AsyncIterator[BudgetLedger]:  # type: ignore[override]  # it ends, too
        async with GovernanceServer(ledger=MemoryBudgetLedger(clock=clock)) as server:
            ledger = server.client()
            yield ledger
            await ledger.aclose()
