"""Media on the file system: durable, safe under several processes, for the owner's eyes only."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

from attrs import define, field
from filelock import FileLock, Timeout

from provider_runtime.domain.errors import BackendError

_LOCK_TIMEOUT_S: Final = 10.0
_BLOCK: Final = 64 * 1024
_SAFELY: Final = os.O_NOFOLLOW | os.O_CLOEXEC
_T = TypeVar("_T")


@define(kw_only=True)
class FilesystemJournal:
    """One entry a line in the file at ``path``.

    Each append takes a lock that every process respects and ends with ``fsync``. A torn last line,
    which no ``append`` ever returned, counts as an entry when reading, so that it is noticed; the
    next append moves it to ``<path>.torn``. Files are created with mode 0600. After a failed
    ``fsync`` this object refuses to write: what the disk holds is unknown.
    """

    path: Path = field(converter=Path)
    _threads: Lock = field(factory=Lock, init=False, repr=False)
    _poisoned: bool = field(default=False, init=False)

    @property
    def drops_oldest(self) -> bool:
        return False

    async def append(self, make: Callable[[bytes | None], bytes]) -> bytes:
        return await self._in_thread(lambda: self._append(make))

    async def entries(self) -> tuple[bytes, ...]:
        return await self._in_thread(self._read)

    async def clear(self) -> None:
        await self._in_thread(self._truncate)

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        # The shield lets begun work end although its caller is cancelled.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, work))

    def _append(self, make: Callable[[bytes | None], bytes]) -> bytes:
        self._refuse_if_poisoned()
        with self._threads, self._locked():
            try:
                is_new = not self.path.exists()
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | _SAFELY, 0o600)
                try:
                    last, torn, end = _last_line(descriptor)
                    entry = make(last)
                    if torn:
                        self._set_aside(torn)
                        os.ftruncate(descriptor, end)
                    os.lseek(descriptor, end, os.SEEK_SET)
                    _write_all(descriptor, entry + b"\n")
                    self._sync(descriptor)
                    if is_new:
                        _sync_folder(self.path.parent)
                finally:
                    os.close(descriptor)
            except OSError as failure:
                raise self._unavailable(failure) from None
        return entry

    def _set_aside(self, torn: bytes) -> None:
        descriptor = os.open(f"{self.path}.torn", os.O_WRONLY | os.O_CREAT | os.O_APPEND | _SAFELY, 0o600)
        try:
            _write_all(descriptor, torn + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _read(self) -> tuple[bytes, ...]:
        if not self.path.parent.exists():
            return ()
        with self._threads, self._locked():
            try:
                content = _read_all(self.path)
            except FileNotFoundError:
                return ()
            except OSError as failure:
                raise self._unavailable(failure) from None
        return tuple(content.removesuffix(b"\n").split(b"\n")) if content else ()

    def _truncate(self) -> None:
        self._refuse_if_poisoned()
        with self._threads, self._locked():
            self.path.unlink(missing_ok=True)
            _sync_folder(self.path.parent)

    def _sync(self, descriptor: int) -> None:
        try:
            os.fsync(descriptor)
        except OSError:
            self._poisoned = True
            raise

    def _refuse_if_poisoned(self) -> None:
        if self._poisoned:
            raise BackendError(
                kind="journal",
                key=self.path.name,
                message="an earlier write could not be made durable, so nothing more is written here",
                remedy="Check the disk, then open the journal anew.",
            )

    def _locked(self) -> AbstractContextManager[object]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(f"{self.path}.lock", timeout=_LOCK_TIMEOUT_S, mode=0o600, thread_local=False)
            return lock.acquire()
        except (OSError, Timeout) as failure:
            raise self._unavailable(failure) from None

    def _unavailable(self, failure: Exception) -> BackendError:
        reason = (
            os.strerror(failure.errno) if isinstance(failure, OSError) and failure.errno else type(failure).__name__
        )
        return BackendError(
            kind="journal",
            key=self.path.name,
            message=f"the journal {self.path.name} cannot be used: {reason}",
            remedy="Check that its folder exists, is writable, and has room.",
        )


def _last_line(descriptor: int) -> tuple[bytes | None, bytes, int]:
    """The last whole line, what stands torn behind it, and the offset where the next line goes."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    tail, start = b"", end
    while start > 0 and tail.count(b"\n") < 2:
        size = min(_BLOCK, start)
        start -= size
        tail = os.pread(descriptor, size, start) + tail
    whole, newline, torn = tail.rpartition(b"\n")
    if not newline:
        return None, torn, 0
    return whole.rpartition(b"\n")[2], torn, end - len(torn)


def _read_all(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | _SAFELY)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _sync_folder(folder: Path) -> None:
    """Make it durable that the folder lists a new file, or no longer an old one."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
