"""FilesystemDocuments: a folder for each collection, a file for each document."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field

from provider_runtime.adapters.backends.filesystem.calls import FileSystemCalls, SystemFiles
from provider_runtime.adapters.backends.filesystem.document_files import (
    DocumentFiles,
    found,
    refuse_link,
    stored_at,
    translated,
)
from provider_runtime.adapters.backends.filesystem.locking import StoreLock, make_folders, poisoned, unavailable
from provider_runtime.adapters.backends.filesystem.names import file_name, is_shortened, name_of
from provider_runtime.adapters.backends.medium import Document
from provider_runtime.adapters.backends.names import checked_name
from provider_runtime.adapters.backends.threads import Done, GroupWriter, Reader, attempt


@define(kw_only=True)
class FilesystemDocuments:
    """Documents below ``root``. See ``Documents``; files are for their owner alone (0600).

    A document is written beside its place, made durable, and renamed: a reader finds the old or
    the new one, whole. Its file says which collection, key and version it is, with a checksum.
    Writers of all processes take turns by a lock; readers need none.
    """

    root: Path = field(converter=Path)
    files: FileSystemCalls = field(factory=SystemFiles, repr=False)
    _writer: "GroupWriter[DocumentFiles]" = field(init=False, repr=False)
    _reader: Reader = field(factory=lambda: Reader(kind="documents"), init=False, repr=False)
    _lock: StoreLock = field(init=False, repr=False)
    _swept: set[Path] = field(factory=set, init=False, repr=False)
    _poisoned: bool = field(default=False, init=False)

    @_writer.default
    def _make_writer(self) -> "GroupWriter[DocumentFiles]":
        return GroupWriter(kind="documents", commit=self._commit)

    @_lock.default
    def _make_lock(self) -> StoreLock:
        return StoreLock(path=self.root / ".lock")

    async def get(self, collection: str, key: str) -> Document | None:
        path = self._path(collection, key)
        return await self._reader.run(lambda: translated(lambda: found(self.files, path, collection, key)))

    async def put(self, collection: str, key: str, content: bytes) -> str:
        path = self._path(collection, key)
        return await self._writer.run(lambda writing: writing.put(path, collection, key, content))

    async def put_if(self, collection: str, key: str, content: bytes, *, version: str | None) -> str | None:
        path = self._path(collection, key)

        def job(writing: "DocumentFiles") -> str | None:
            present = writing.present(path, collection, key)
            if (present.version if present else None) != version:
                return None
            return writing.put(path, collection, key, content)

        return await self._writer.run(job)

    async def delete(self, collection: str, key: str) -> bool:
        path = self._path(collection, key)
        return await self._writer.run(lambda writing: writing.delete(path))

    async def exists(self, collection: str, key: str) -> bool:
        return await self.get(collection, key) is not None

    async def keys(self, collection: str, *, prefix: str = "") -> tuple[str, ...]:
        folder = self.root / file_name(checked_name("collection", collection))
        return await self._reader.run(lambda: translated(lambda: self._keys(folder, prefix)))

    async def flush(self) -> None:
        await self._writer.end(for_good=False)
        await self._reader.end(for_good=False)

    async def aclose(self) -> None:
        await self._writer.end(for_good=True)
        await self._reader.end(for_good=True)

    def _path(self, collection: str, key: str) -> Path:
        return self.root / file_name(checked_name("collection", collection)) / file_name(checked_name("key", key))

    def _keys(self, folder: Path, prefix: str) -> tuple[str, ...]:
        refuse_link(folder)
        try:
            files = self.files.names(folder)
        except FileNotFoundError:
            return ()
        known = (self._key(folder / file) if is_shortened(file) else name_of(file) for file in files)
        return tuple(sorted(key for key in known if key is not None and key.startswith(prefix)))

    def _key(self, path: Path) -> str | None:
        """The key of a file whose name is too short to tell it."""
        stored = stored_at(self.files, path)
        return None if stored is None else stored.key  # None: deleted since the folder was listed

    def _commit(self, jobs: "Sequence[Callable[[DocumentFiles], Any]]") -> Sequence[Done]:
        if self._poisoned:
            raise poisoned("documents", self.root.name)
        writing = DocumentFiles(files=self.files, swept=self._swept)
        try:
            make_folders(self.files, self.root)
            with self._lock.held():
                done = [attempt(job, writing) for job in jobs]
                writing.sync_folders()
        except OSError as failure:
            raise unavailable("documents", self.root.name, failure) from None
        finally:
            self._poisoned = self._poisoned or writing.is_unsure
        return done
