"""Stores of call traces, and the sink that fills them, under their contracts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.call_traces.sink import CallTraceSink
from provider_runtime.adapters.call_traces.store import (
    FilesystemCallTraces,
    MediaCallTraces,
    MemoryCallTraces,
    SqliteCallTraces,
)
from provider_runtime.ports.telemetry import EventSink
from provider_runtime.testing.contracts.oversight.call_traces import CallTraceProviderContract
from provider_runtime.testing.contracts.telemetry import EventSinkContract
from provider_runtime.testing.mocks import MockCallTraceProvider


class TestMemoryCallTraces(CallTraceProviderContract):
    @pytest.fixture
    async def traces(self, tmp_path: Path) -> AsyncIterator[MediaCallTraces]:
        traces = self.made(tmp_path)
        yield traces
        await traces.aclose()

    def made(self, _folder: Path) -> MediaCallTraces:
        return MemoryCallTraces()


class TestFilesystemCallTraces(TestMemoryCallTraces):
    def made(self, folder: Path) -> MediaCallTraces:
        return FilesystemCallTraces(root=folder / "store")


class TestSqliteCallTraces(TestMemoryCallTraces):
    def made(self, folder: Path) -> MediaCallTraces:
        return SqliteCallTraces(path=folder / "store.sqlite")


class TestMockCallTraceProvider(TestMemoryCallTraces):
    def made(self, _folder: Path) -> MediaCallTraces:
        return MockCallTraceProvider()


class TestCallTraceSink(EventSinkContract):
    @pytest.fixture
    def sink(self) -> EventSink:
        return CallTraceSink(MemoryCallTraces())
