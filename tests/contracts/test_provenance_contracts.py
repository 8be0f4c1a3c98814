"""Stores of evidence under their contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.families.provenance import (
    FilesystemProvenanceProvider,
    MediaProvenance,
    MemoryProvenanceProvider,
    SqliteProvenanceProvider,
)
from provider_runtime.testing.contracts.stores.provenance import ProvenanceProviderContract, TextSources
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.mocks import MockProvenanceProvider


class TestMemoryProvenanceProvider(ProvenanceProviderContract):
    @pytest.fixture
    async def provenance(
        self, tmp_path: Path, sources: TextSources, clock: FrozenClock
    ) -> AsyncIterator[MediaProvenance]:
        provenance = self.made(tmp_path, sources, clock)
        yield provenance
        await provenance.aclose()

    def made(self, _folder: Path, sources: TextSources, clock: FrozenClock) -> MediaProvenance:
        return MemoryProvenanceProvider(sources=sources, clock=clock)


class TestFilesystemProvenanceProvider(TestMemoryProvenanceProvider):
    def made(self, folder: Path, sources: TextSources, clock: FrozenClock) -> MediaProvenance:
        return FilesystemProvenanceProvider(root=folder / "store", sources=sources, clock=clock)


class TestSqliteProvenanceProvider(TestMemoryProvenanceProvider):
    def made(self, folder: Path, sources: TextSources, clock: FrozenClock) -> MediaProvenance:
        return SqliteProvenanceProvider(path=folder / "store.sqlite", sources=sources, clock=clock)


class TestMockProvenanceProvider(TestMemoryProvenanceProvider):
    def made(self, _folder: Path, sources: TextSources, clock: FrozenClock) -> MediaProvenance:
        return MockProvenanceProvider(sources=sources, clock=clock)
