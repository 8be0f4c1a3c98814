"""Security providers under their contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.governance.security import (
    FilesystemSecurityProvider,
    LocalSecurityProvider,
    SqliteSecurityProvider,
)
from provider_runtime.ports.governance.security import SecurityProvider
from provider_runtime.testing.contracts.governance.security import SecurityProviderContract, the_grants
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.mocks import MockSecurityProvider


class TestLocalSecurityProvider(SecurityProviderContract):
    @pytest.fixture
    async def security(self, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[SecurityProvider]:
        security = self.made(clock, tmp_path)
        yield security
        await security.aclose()

    def made(self, clock: FrozenClock, _folder: Path) -> SecurityProvider:
        return LocalSecurityProvider(clock=clock, capabilities=the_grants(clock))


class TestMockSecurityProvider(TestLocalSecurityProvider):
    def made(self, clock: FrozenClock, _folder: Path) -> SecurityProvider:
        return MockSecurityProvider(clock=clock, capabilities=the_grants(clock))


class TestFilesystemSecurityProvider(TestLocalSecurityProvider):
    def made(self, clock: FrozenClock, folder: Path) -> SecurityProvider:
        return FilesystemSecurityProvider(path=folder / "audit.jsonl", clock=clock, capabilities=the_grants(clock))


class TestSqliteSecurityProvider(TestLocalSecurityProvider):
    def made(self, clock: FrozenClock, folder: Path) -> SecurityProvider:
        return SqliteSecurityProvider(path=folder / "audit.sqlite", clock=clock, capabilities=the_grants(clock))
