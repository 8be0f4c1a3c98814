"""Ledgers of consents under their contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.governance.consents import (
    FilesystemConsentLedger,
    MemoryConsentLedger,
    SqliteConsentLedger,
)
from provider_runtime.ports.governance.consent import ConsentLedger
from provider_runtime.testing.contracts.governance.consents import ConsentLedgerContract
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.mocks import MockConsentLedger


class TestMemoryConsentLedger(ConsentLedgerContract):
    @pytest.fixture
    def ledger(self, clock: FrozenClock) -> ConsentLedger:
        return MemoryConsentLedger(clock=clock)


class TestMockConsentLedger(ConsentLedgerContract):
    @pytest.fixture
    def ledger(self, clock: FrozenClock) -> ConsentLedger:
        return MockConsentLedger(clock=clock)


class TestFilesystemConsentLedger(ConsentLedgerContract):
    @pytest.fixture
    async def ledger(self, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[ConsentLedger]:  # type: ignore[override]  # it ends, too
        ledger = FilesystemConsentLedger(path=tmp_path / "consents", clock=clock, checkpoint_every=3)
        yield ledger
        await ledger.aclose()


class TestSqliteConsentLedger(ConsentLedgerContract):
    @pytest.fixture
    async def ledger(self, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[ConsentLedger]:  # type: ignore[override]  # it ends, too
        ledger = SqliteConsentLedger(path=tmp_path / "consents.sqlite", clock=clock, checkpoint_every=3)
        yield ledger
        await ledger.aclose()
