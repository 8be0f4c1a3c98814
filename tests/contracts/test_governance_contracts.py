"""Governance providers under their contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.governance.local import (
    FilesystemGovernanceProvider,
    LedgerGovernance,
    LocalGovernanceProvider,
    SqliteGovernanceProvider,
)
from provider_runtime.testing.contracts.governance.provider import (
    THE_LIMITS,
    THE_PROFILE,
    GovernanceProviderContract,
)
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.mocks import MockGovernanceProvider


class TestLocalGovernanceProvider(GovernanceProviderContract):
    @pytest.fixture
    async def governance(self, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[LedgerGovernance]:
        governance = self.made(clock, tmp_path)
        yield governance
        await governance.aclose()

    def made(self, clock: FrozenClock, _folder: Path) -> LedgerGovernance:
        return LocalGovernanceProvider(profile=THE_PROFILE, limits=THE_LIMITS, clock=clock)


class TestMockGovernanceProvider(TestLocalGovernanceProvider):
    def made(self, clock: FrozenClock, _folder: Path) -> LedgerGovernance:
        return MockGovernanceProvider(profile=THE_PROFILE, limits=THE_LIMITS, clock=clock)


class TestFilesystemGovernanceProvider(TestLocalGovernanceProvider):
    def made(self, clock: FrozenClock, folder: Path) -> LedgerGovernance:
        return FilesystemGovernanceProvider(
            path=folder / "governance", profile=THE_PROFILE, limits=THE_LIMITS, clock=clock
        )


class TestSqliteGovernanceProvider(TestLocalGovernanceProvider):
    def made(self, clock: FrozenClock, folder: Path) -> LedgerGovernance:
        return SqliteGovernanceProvider(
            path=folder / "governance.sqlite", profile=THE_PROFILE, limits=THE_LIMITS, clock=clock
        )
