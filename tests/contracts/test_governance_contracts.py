"""Governance providers under their contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.memory import MemoryDocuments
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.governance.local import (
    FilesystemGovernanceProvider,
    LedgerGovernance,
    LocalGovernanceProvider,
    SqliteGovernanceProvider,
)
from provider_runtime.adapters.governance.remote.provider import RemoteGovernanceProvider
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.servers import ServerAddress
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.contracts.governance.provider import (
    THE_LIMITS,
    THE_PROFILE,
    GovernanceProviderContract,
)
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.governance_server import TOKEN, GovernanceServer
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


class TestRemoteGovernanceProvider(GovernanceProviderContract):
    @pytest.fixture
    async def governance(self, clock: FrozenClock) -> AsyncIterator[RemoteGovernanceProvider]:  # type: ignore[override]  # it ends, too
        ledger, documents = MemoryBudgetLedger(clock=clock), MemoryDocuments()

        def govern(owner: RuntimeId) -> LedgerGovernance:
            return LedgerGovernance(
                ledger=ledger,
                documents=documents,
                profile=THE_PROFILE,
                limits=THE_LIMITS,
                owner=owner,
                clock=clock,
            )

        async def token() -> Secret:
            return Secret(TOKEN)

        async with GovernanceServer(ledger=ledger, govern=govern) as server:
            address = ServerAddress.parse(server.url, setting="url")
            governance = RemoteGovernanceProvider(address=address, token=token)
            await governance.get_profile()  # time begins when the server first hears of it
            yield governance
            await governance.aclose()
