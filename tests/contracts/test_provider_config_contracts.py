"""Stores of provider records under their contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.provider_configs import (
    FilesystemProviderConfigStore,
    MemoryProviderConfigStore,
    SqliteProviderConfigStore,
)
from provider_runtime.ports.registry.providers import ProviderConfigStore
from provider_runtime.testing.contracts.stores.provider_configs import ProviderConfigStoreContract
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.mocks import MockProviderConfigStore


class TestMemoryProviderConfigStore(ProviderConfigStoreContract):
    @pytest.fixture
    async def store(self, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[ProviderConfigStore]:
        store = self.made(clock, tmp_path)
        yield store
        await store.aclose()

    def made(self, clock: FrozenClock, _folder: Path) -> ProviderConfigStore:
        return MemoryProviderConfigStore(clock=clock)


class TestMockProviderConfigStore(TestMemoryProviderConfigStore):
    def made(self, clock: FrozenClock, _folder: Path) -> ProviderConfigStore:
        return MockProviderConfigStore(clock=clock)


class TestFilesystemProviderConfigStore(TestMemoryProviderConfigStore):
    def made(self, clock: FrozenClock, folder: Path) -> ProviderConfigStore:
        return FilesystemProviderConfigStore(root=folder / "providers", clock=clock)


class TestSqliteProviderConfigStore(TestMemoryProviderConfigStore):
    def made(self, clock: FrozenClock, folder: Path) -> ProviderConfigStore:
        return SqliteProviderConfigStore(path=folder / "records" / "records.sqlite", clock=clock)
