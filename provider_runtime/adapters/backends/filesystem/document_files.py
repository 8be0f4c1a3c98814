"""One document in one file: what stands in it, and how it gets there."""

import errno
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from attrs import define, field, frozen

from provider_runtime.adapters.backends.filesystem.calls import FileSystemCalls, read_all, write_all
from provider_runtime.adapters.backends.filesystem.framing import Damaged, Frames
from provider_runtime.adapters.backends.filesystem.locking import corrupt, make_folders, unavailable
from provider_runtime.adapters.backends.medium import Document

_FRAMES: Final = Frames()
_UNFINISHED: Final = ".new-"
"""No file name of a key has a dot."""
_T = TypeVar("_T")


@frozen(kw_only=True)
class StoredDocument:
    """What stands in a file: a frame that says which document it is, and a frame with its content."""

    collection: str
    key: str
    version: str
    content: bytes = field(repr=False)

    def encoded(self) -> bytes:
        """The bytes of the file."""
        head = msgspec.json.encode([self.collection, self.key, self.version])
        return _FRAMES.wrap(head) + _FRAMES.wrap(self.content)


@define(kw_only=True)
class DocumentFiles:
    """Some changes under one lock, of which the folders are made durable together.

    ``swept``: the folders that were freed of what a stopped writer had left unfinished.
    """

    files: FileSystemCalls = field(repr=False)
    swept: set[Path] = field(repr=False)
    is_unsure: bool = field(default=False, init=False)
    """Whether something was changed that could not be made durable."""
    _changed: set[Path] = field(factory=set, init=False)

    def present(self, path: Path, collection: str, key: str) -> Document | None:
        """What stands at ``path``."""
        return translated(lambda: found(self.files, path, collection, key))

    def put(self, path: Path, collection: str, key: str, content: bytes) -> str:
        """Replace what stands at ``path``; returns the version of what then does."""
        stored = StoredDocument(collection=collection, key=key, version=secrets.token_hex(8), content=content)
        translated(lambda: self._put(path, stored.encoded()))
        return stored.version

    def delete(self, path: Path) -> bool:
        """Remove the file at ``path``, if there is one."""
        return translated(lambda: self._delete(path))

    def sync_folders(self) -> None:
        """Make durable what was renamed and deleted."""
        try:
            for folder in sorted(self._changed):
                self.files.sync_folder(folder)
        except OSError:
            self.is_unsure = True
            raise

    def _put(self, path: Path, content: bytes) -> None:
        refuse_link(path.parent)
        make_folders(self.files, path.parent)
        self._sweep(path.parent)
        unfinished = path.with_name(_UNFINISHED + secrets.token_hex(8))
        descriptor = self.files.create(unfinished)
        try:
            try:
                write_all(self.files, descriptor, content)
                self.files.sync(descriptor)
            finally:
                self.files.close(descriptor)
            self.files.rename(unfinished, path)
        except OSError:
            with suppress(OSError):
                self.files.unlink(unfinished)
            raise
        self._changed.add(path.parent)

    def _delete(self, path: Path) -> bool:
        refuse_link(path.parent)
        try:
            self.files.unlink(path)
        except FileNotFoundError:
            return False
        self._changed.add(path.parent)
        return True

    def _sweep(self, folder: Path) -> None:
        if folder in self.swept:
            return
        for name in self.files.names(folder):
            if name.startswith(_UNFINISHED):  # nobody else is writing: the lock is held
                self.files.unlink(folder / name)
        self.swept.add(folder)


def found(files: FileSystemCalls, path: Path, collection: str, key: str) -> Document | None:
    """The document at ``path``. Raises ``RecordCorrupt`` when something else is there."""
    refuse_link(path.parent)
    stored = stored_at(files, path)
    if stored is None:
        return None
    if (stored.collection, stored.key) != (collection, key):
        raise corrupt("documents", path.name, f"the file {path.name} holds another document than its name says")
    return Document(content=stored.content, version=stored.version)


def stored_at(files: FileSystemCalls, path: Path) -> StoredDocument | None:
    """What stands in the file at ``path``. Raises ``RecordCorrupt`` when that is no document."""
    try:
        data = read_all(files, path)
    except FileNotFoundError:
        return None
    try:
        head = _FRAMES.take(data, 0)
        body = None if head is None else _FRAMES.take(data, head[1])
        if head is not None and body is not None and body[1] == len(data):
            collection, key, version = msgspec.json.decode(head[0], type=tuple[str, str, str])
            return StoredDocument(collection=collection, key=key, version=version, content=body[0])
    except (Damaged, msgspec.MsgspecError):
        pass  # raised below as what it means
    raise corrupt("documents", path.name, f"the document in the file {path.name} is damaged")


def refuse_link(folder: Path) -> None:
    """Raise ``OSError`` for a symbolic link in the place of a collection: it could lead anywhere."""
    if folder.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def translated(work: Callable[[], _T]) -> _T:
    """What ``work`` returns; an error of the system is raised as one of ours."""
    try:
        return work()
    except OSError as failure:
        raise unavailable("documents", "documents", failure) from None
