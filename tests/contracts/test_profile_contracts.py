"""Stores of work profiles under their contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.profiles import (
    FilesystemWorkProfileStore,
    MemoryWorkProfileStore,
    SqliteWorkProfileStore,
)
from provider_runtime.ports.registry.profiles import WorkProfileStore
from provider_runtime.testing.contracts.registry.profiles import WorkProfileStoreContract
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.mocks import MockWorkProfileStore


class TestMemoryWorkProfileStore(WorkProfileStoreContract):
    @pytest.fixture
    async def store(self, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[WorkProfileStore]:
        store = self.made(clock, tmp_path)
        yield store
        await store.aclose()

    def made(self, clock: FrozenClock, _folder: Path) -> WorkProfileStore:
        return MemoryWorkProfileStore(clock=clock)


class TestMockWorkProfileStore(TestMemoryWorkProfileStore):
    def made(self, clock: FrozenClock, _folder: Path) -> WorkProfileStore:
        return MockWorkProfileStore(clock=clock)


class TestFilesystemWorkProfileStore(TestMemoryWorkProfileStore):
    def made(self, clock: FrozenClock, folder: Path) -> WorkProfileStore:
        return FilesystemWorkProfileStore(root=folder / "profiles", clock=clock)


class TestSqliteWorkProfileStore(TestMemoryWorkProfileStore):
    def made(self, clock: FrozenClock, folder: Path) -> WorkProfileStore:
        return SqliteWorkProfileStore(path=folder / "records" / "records.sqlite", clock=clock)
