"""Artifacts, streams, effect handlers, logic and experts under their contracts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.families.artifacts import (
    FilesystemArtifactProvider,
    MediaArtifacts,
    MemoryArtifactProvider,
    SqliteArtifactProvider,
)
from provider_runtime.adapters.backends.families.live import (
    DefaultEffectHandlerRegistry,
    DefaultExpertProvider,
    MemoryStreamProvider,
)
from provider_runtime.adapters.backends.families.logic import MemoryLogicProvider
from provider_runtime.ports.stores.evaluation import EffectHandlerRegistry, StreamProvider
from provider_runtime.ports.stores.knowledge import ExpertProvider, LogicProvider
from provider_runtime.testing.contracts.stores.evaluation import (
    CAPACITY,
    ArtifactProviderContract,
    EffectHandlerRegistryContract,
    StreamProviderContract,
)
from provider_runtime.testing.contracts.stores.knowledge import ExpertProviderContract, LogicProviderContract
from provider_runtime.testing.mocks import (
    MockArtifactProvider,
    MockEffectHandlerRegistry,
    MockExpertProvider,
    MockLogicProvider,
    MockStreamProvider,
)


class TestMemoryArtifactProvider(ArtifactProviderContract):
    @pytest.fixture
    async def artifacts(self, tmp_path: Path) -> AsyncIterator[MediaArtifacts]:
        artifacts = self.made(tmp_path)
        yield artifacts
        await artifacts.aclose()

    def made(self, _folder: Path) -> MediaArtifacts:
        return MemoryArtifactProvider(capacity=CAPACITY)


class TestFilesystemArtifactProvider(TestMemoryArtifactProvider):
    def made(self, folder: Path) -> MediaArtifacts:
        return FilesystemArtifactProvider(root=folder / "store", capacity=CAPACITY)


class TestSqliteArtifactProvider(TestMemoryArtifactProvider):
    def made(self, folder: Path) -> MediaArtifacts:
        return SqliteArtifactProvider(path=folder / "store.sqlite", capacity=CAPACITY)


class TestMockArtifactProvider(TestMemoryArtifactProvider):
    def made(self, _folder: Path) -> MediaArtifacts:
        return MockArtifactProvider(capacity=CAPACITY)


class TestMemoryStreamProvider(StreamProviderContract):
    @pytest.fixture
    def streams(self) -> StreamProvider:
        return MemoryStreamProvider()


class TestMockStreamProvider(StreamProviderContract):
    @pytest.fixture
    def streams(self) -> StreamProvider:
        return MockStreamProvider()


class TestDefaultEffectHandlerRegistry(EffectHandlerRegistryContract):
    @pytest.fixture
    def registry(self) -> EffectHandlerRegistry:
        return DefaultEffectHandlerRegistry()


class TestMockEffectHandlerRegistry(EffectHandlerRegistryContract):
    @pytest.fixture
    def registry(self) -> EffectHandlerRegistry:
        return MockEffectHandlerRegistry()


class TestMemoryLogicProvider(LogicProviderContract):
    @pytest.fixture
    def logic(self) -> LogicProvider:
        return MemoryLogicProvider()


class TestMockLogicProvider(LogicProviderContract):
    @pytest.fixture
    def logic(self) -> LogicProvider:
        return MockLogicProvider()


class TestDefaultExpertProvider(ExpertProviderContract):
    @pytest.fixture
    def experts(self) -> ExpertProvider:
        return DefaultExpertProvider()


class TestMockExpertProvider(ExpertProviderContract):
    @pytest.fixture
    def experts(self) -> ExpertProvider:
        return MockExpertProvider()
