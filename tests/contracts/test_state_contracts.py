"""Stores of states, sessions, snapshots and steps under their contracts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.families.sessions import (
    FilesystemSessionProvider,
    MediaSessions,
    MemorySessionProvider,
    SqliteSessionProvider,
)
from provider_runtime.adapters.backends.families.snapshots import (
    FilesystemSnapshotProvider,
    MediaSnapshots,
    MemorySnapshotProvider,
    SqliteSnapshotProvider,
)
from provider_runtime.adapters.backends.families.states import (
    FilesystemStateProvider,
    MediaStates,
    MemoryStateProvider,
    SqliteStateProvider,
)
from provider_runtime.adapters.backends.families.traces import (
    FilesystemTraceProvider,
    JournalTraces,
    MemoryTraceProvider,
    SqliteTraceProvider,
    StreamingTraceProvider,
)
from provider_runtime.domain.records.traces import TraceEntry
from provider_runtime.testing.contracts.stores.sessions import SessionProviderContract, SnapshotProviderContract
from provider_runtime.testing.contracts.stores.state import StateProviderContract
from provider_runtime.testing.contracts.stores.traces import LIMIT, TraceProviderContract
from provider_runtime.testing.mocks import (
    MockSessionProvider,
    MockSnapshotProvider,
    MockStateProvider,
    MockTraceProvider,
)


class TestMemoryStateProvider(StateProviderContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[MediaStates]:
        store = self.made(tmp_path)
        yield store
        await store.aclose()

    def made(self, _folder: Path) -> MediaStates:
        return MemoryStateProvider()


class TestFilesystemStateProvider(TestMemoryStateProvider):
    def made(self, folder: Path) -> MediaStates:
        return FilesystemStateProvider(root=folder / "store")


class TestSqliteStateProvider(TestMemoryStateProvider):
    def made(self, folder: Path) -> MediaStates:
        return SqliteStateProvider(path=folder / "store.sqlite")


class TestMockStateProvider(TestMemoryStateProvider):
    def made(self, _folder: Path) -> MediaStates:
        return MockStateProvider()


class TestMemorySessionProvider(SessionProviderContract):
    @pytest.fixture
    async def sessions(self, tmp_path: Path) -> AsyncIterator[MediaSessions]:
        sessions = self.made(tmp_path)
        yield sessions
        await sessions.aclose()

    def made(self, _folder: Path) -> MediaSessions:
        return MemorySessionProvider()


class TestFilesystemSessionProvider(TestMemorySessionProvider):
    def made(self, folder: Path) -> MediaSessions:
        return FilesystemSessionProvider(root=folder / "store")


class TestSqliteSessionProvider(TestMemorySessionProvider):
    def made(self, folder: Path) -> MediaSessions:
        return SqliteSessionProvider(path=folder / "store.sqlite")


class TestMockSessionProvider(TestMemorySessionProvider):
    def made(self, _folder: Path) -> MediaSessions:
        return MockSessionProvider()


class TestMemorySnapshotProvider(SnapshotProviderContract):
    @pytest.fixture
    async def snapshots(self, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MediaSnapshots]:
        snapshots = self.made(tmp_path_factory.mktemp("snapshots"))
        yield snapshots
        await snapshots.aclose()

    def made(self, _folder: Path) -> MediaSnapshots:
        return MemorySnapshotProvider()


class TestFilesystemSnapshotProvider(TestMemorySnapshotProvider):
    def made(self, folder: Path) -> MediaSnapshots:
        return FilesystemSnapshotProvider(root=folder / "store")


class TestSqliteSnapshotProvider(TestMemorySnapshotProvider):
    def made(self, folder: Path) -> MediaSnapshots:
        return SqliteSnapshotProvider(path=folder / "store.sqlite")


class TestMockSnapshotProvider(TestMemorySnapshotProvider):
    def made(self, _folder: Path) -> MediaSnapshots:
        return MockSnapshotProvider()


class TestMemoryTraceProvider(TraceProviderContract):
    @pytest.fixture
    async def traces(self, tmp_path: Path) -> AsyncIterator[JournalTraces]:
        traces = self.made(tmp_path)
        yield traces
        await traces.aclose()

    def made(self, _folder: Path) -> JournalTraces:
        return MemoryTraceProvider(max_history_size=LIMIT)


class TestStreamingTraceProvider(TestMemoryTraceProvider):
    def made(self, _folder: Path) -> JournalTraces:
        return StreamingTraceProvider(sink=_take, max_history_size=LIMIT)


class TestFilesystemTraceProvider(TestMemoryTraceProvider):
    def made(self, folder: Path) -> JournalTraces:
        return FilesystemTraceProvider(path=folder / "store" / "kept.jsonl", max_history_size=LIMIT)


class TestSqliteTraceProvider(TestMemoryTraceProvider):
    def made(self, folder: Path) -> JournalTraces:
        return SqliteTraceProvider(path=folder / "store.sqlite", max_history_size=LIMIT)


class TestMockTraceProvider(TestMemoryTraceProvider):
    def made(self, _folder: Path) -> JournalTraces:
        return MockTraceProvider(max_history_size=LIMIT)


async def _take(_entry: TraceEntry) -> None:
    pass
