"""Files that people hand around: exported and imported whole, outside of any store."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from attrs import field, frozen

from provider_runtime.adapters.backends.filesystem.calls import FileSystemCalls, SystemFiles, read_all, write_all
from provider_runtime.adapters.backends.filesystem.locking import unavailable
from provider_runtime.domain.errors import RecordMissing

T = TypeVar("T")


@frozen(kw_only=True)
class HandedFile:
    """The file at ``path``, which holds a ``kind``. Nothing is read or written in the event loop."""

    path: Path = field(converter=Path)
    kind: str
    files: FileSystemCalls = field(factory=SystemFiles, repr=False)

    async def write(self, content: bytes) -> None:
        """Replace the file durably: the old or the new, never neither; mode 0600."""
        await self._done(lambda: self._write(content))

    async def read(self) -> bytes:
        """The whole file. Raises ``RecordMissing`` when there is none, ``BackendError`` when it cannot be read."""
        return await self._done(self._read)

    async def _done(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except FileNotFoundError:
            missing = RecordMissing(
                kind=self.kind,
                key=self.path.name,
                message=f"there is no file {self.path.name}, or no folder for it",
                remedy="Look at the path: it is taken from where the program runs.",
            )
        except OSError as failure:
            raise unavailable(self.kind, self.path.name, failure) from None
        raise missing

    def _write(self, content: bytes) -> None:
        unfinished = self.path.with_name(f".new-{secrets.token_hex(8)}")
        descriptor = self.files.create(unfinished)
        try:
            try:
                write_all(self.files, descriptor, content)
                self.files.sync(descriptor)
            finally:
                self.files.close(descriptor)
            self.files.rename(unfinished, self.path)
        except OSError:
            with suppress(OSError):
                self.files.unlink(unfinished)
            raise
        self.files.sync_folder(self.path.parent)

    def _read(self) -> bytes:
        return read_all(self.files, self.path)
