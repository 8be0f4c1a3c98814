"""Each medium under the contracts of documents and journals."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import Media
from provider_runtime.adapters.backends.memory import MemoryMedia
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.testing.contracts.media.documents import DocumentsContract
from provider_runtime.testing.contracts.media.journals import JournalContract


class TestMemoryMedia(DocumentsContract):
    @pytest.fixture
    async def media(self, tmp_path: Path) -> AsyncIterator[Media]:
        media = self.made(tmp_path)
        yield media
        await media.aclose()

    def made(self, _folder: Path) -> Media:
        return MemoryMedia()


class TestFilesystemMedia(TestMemoryMedia):
    def made(self, folder: Path) -> Media:
        return FilesystemMedia(root=folder / "store")


class TestSqliteMedia(TestMemoryMedia):
    def made(self, folder: Path) -> Media:
        return SqliteMedia(path=folder / "store" / "store.sqlite")


class TestMemoryJournal(JournalContract):
    @pytest.fixture
    async def media(self, tmp_path: Path) -> AsyncIterator[Media]:
        media = self.made(tmp_path)
        yield media
        await media.aclose()

    def made(self, _folder: Path) -> Media:
        return MemoryMedia()


class TestFilesystemJournal(TestMemoryJournal):
    def made(self, folder: Path) -> Media:
        return FilesystemMedia(root=folder / "store")


class TestSqliteJournal(TestMemoryJournal):
    def made(self, folder: Path) -> Media:
        return SqliteMedia(path=folder / "store" / "store.sqlite")
