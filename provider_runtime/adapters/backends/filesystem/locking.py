"""A lock that every process respects, and what the errors of the system mean for a store."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import define, field
from filelock import FileLock, Timeout

from provider_runtime.adapters.backends.filesystem.calls import FileSystemCalls
from provider_runtime.domain.errors import BackendError, RecordCorrupt

_TIMEOUT_S: Final = 10.0
_POLL_S: Final = 0.001
_REMEDY: Final = "Check that its folder exists, is writable, and has room."


@define(kw_only=True)
class StoreLock:
    """The lock file at ``path``. One object for each thread: within one, the lock counts its holders."""

    path: Path
    _lock: FileLock | None = field(default=None, init=False, repr=False)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; ``OSError`` when that takes longer than ten seconds."""
        if self._lock is None:
            self._lock = FileLock(self.path, timeout=_TIMEOUT_S, mode=0o600, thread_local=False)
        try:
            self._lock.acquire(poll_interval=_POLL_S)
        except Timeout:
            raise TimeoutError from None
        try:
            yield
        finally:
            self._lock.release()


def make_folders(files: FileSystemCalls, folder: Path) -> None:
    """``folder`` and what lies above it, each listed durably before anything is put in it."""
    missing: list[Path] = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        files.make_folder(path)
        files.sync_folder(path.parent)


def unavailable(kind: str, name: str, failure: OSError) -> BackendError:
    """What an error of the system means: the store cannot be used. No path is told, but the file's own name."""
    is_busy = isinstance(failure, TimeoutError)
    reason = "another process holds it" if is_busy else _reason(failure)
    return BackendError(
        kind=kind,
        key=name,
        message=f"the {kind} {name} cannot be used: {reason}",
        remedy="Try again later." if is_busy else _REMEDY,
        retryable=is_busy,
    )


def poisoned(kind: str, name: str) -> BackendError:
    """What writing raises once something could not be made durable."""
    return BackendError(
        kind=kind,
        key=name,
        message="an earlier write could not be made durable, so nothing more is written here",
        remedy=f"Check the disk, then open the {kind} anew.",
    )


def corrupt(kind: str, key: str, message: str) -> RecordCorrupt:
    """What reading raises where something else stands than was written."""
    return RecordCorrupt(
        kind=kind, key=key, message=message, remedy="Restore it from a copy, or move it away to begin anew."
    )


def _reason(failure: OSError) -> str:
    return os.strerror(failure.errno) if failure.errno else type(failure).__name__
