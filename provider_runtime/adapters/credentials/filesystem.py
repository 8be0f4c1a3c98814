"""FilesystemSecretStore: keys in one file, for the eyes of its owner only."""

import asyncio
import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

from attrs import define, field
from filelock import FileLock, Timeout

from provider_runtime.adapters.credentials.names import checked_key_name
from provider_runtime.adapters.credentials.secret_file import parsed, written
from provider_runtime.domain.errors import BackendError, RecordCorrupt, StoreUnsafe
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.secrets import StoredSecret

_LOCK_TIMEOUT_S: Final = 10.0
_SAFELY: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_OWNER_ONLY: Final = 0o600
_OTHERS: Final = 0o077
_OTHERS_WRITE: Final = 0o022
_T = TypeVar("_T")


@define(kw_only=True)
class FilesystemSecretStore:
    """Keys in the file at ``path``, readable and writable for its owner alone from the moment it exists.

    A change is made under a lock that every process respects, written to a file beside it, synced,
    and put in place whole: a reader, or the next start after a crash, finds the old keys or the new
    ones. Nothing is kept in memory. A file that others can read, that is a link or belongs to
    somebody else, or a folder that others can write to, is refused with ``StoreUnsafe``.
    """

    path: Path = field(converter=Path)
    _threads: Lock = field(factory=Lock, init=False, repr=False)

    async def put(self, name: str, secret: Secret, *, bound_to: Origin) -> None:
        kept = {checked_key_name(name): StoredSecret(secret=secret, bound_to=bound_to)}
        await self._in_thread(lambda: self._change(lambda keys: keys | kept))

    async def get(self, name: str) -> StoredSecret | None:
        checked_key_name(name)
        return (await self._in_thread(self._read)).get(name)

    async def delete(self, name: str) -> bool:
        checked_key_name(name)
        before = await self._in_thread(
            lambda: self._change(lambda keys: {other: kept for other, kept in keys.items() if other != name})
        )
        return name in before

    async def names(self) -> tuple[str, ...]:
        return tuple(sorted(await self._in_thread(self._read)))

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        # The shield lets begun work end although its caller is cancelled.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, work))

    def _change(self, change: Callable[[dict[str, StoredSecret]], dict[str, StoredSecret]]) -> dict[str, StoredSecret]:
        """Put ``change`` of what is kept in its place; what was kept before."""
        with self._threads, self._locked():
            before = self._read()
            after = change(before)
            failure = self._write(after) if after != before else None
        if failure is not None:
            raise self._unavailable(failure)
        return before

    def _read(self) -> dict[str, StoredSecret]:
        descriptor = self._opened()
        if descriptor is None:
            return {}
        try:
            self._refuse_unless_private(os.fstat(descriptor))
            keys = parsed(descriptor)
        finally:
            os.close(descriptor)
        if isinstance(keys, str):
            raise RecordCorrupt(
                kind="secrets",
                key=self.path.name,
                message=f"the secret file {self.path.name} cannot be read: {keys}",
                remedy="Put it back from a copy, or move it away and store the keys anew.",
            )
        return keys

    def _opened(self) -> int | None:
        """The file, open for reading; ``None`` where there is none. Never follows a link."""
        try:
            folder = self.path.parent.stat().st_mode
            if folder & _OTHERS_WRITE and not folder & stat.S_ISVTX:
                raise self._unsafe("lies in a folder that others can write to", f"chmod 700 {self.path.parent}")
            return os.open(self.path, os.O_RDONLY | _SAFELY)
        except FileNotFoundError:
            return None
        except OSError as failure:
            reason = failure
        if self.path.is_symlink():
            raise self._unsafe("is a link", "Give the path of the file itself.")
        raise self._unavailable(reason)

    def _refuse_unless_private(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise self._unsafe("is not a regular file", "Give the path of a file.")
        if found.st_uid != os.geteuid():
            raise self._unsafe("belongs to another user", f"chown it, or run as its owner: {self.path}")
        if found.st_mode & _OTHERS:
            raise self._unsafe("can be read by others", f"chmod 600 {self.path}")

    def _write(self, keys: dict[str, StoredSecret]) -> OSError | None:
        """Put ``keys`` in place; what went wrong, as a value: its traceback would lead through what is written."""
        beside = self.path.with_name(f"{self.path.name}.new")
        try:
            beside.unlink(missing_ok=True)  # left over from a crash; whoever writes holds the lock
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFELY, _OWNER_ONLY)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, _OWNER_ONLY)
                file.write(written(keys))
                file.flush()
                os.fsync(descriptor)
            beside.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as failure:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            return failure.with_traceback(None)
        return None

    def _locked(self) -> AbstractContextManager[object]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(f"{self.path}.lock", timeout=_LOCK_TIMEOUT_S, mode=_OWNER_ONLY, thread_local=False)
            return lock.acquire()
        except (OSError, Timeout) as failure:
            reason = failure
        raise self._unavailable(reason)

    def _unsafe(self, fault: str, remedy: str) -> StoreUnsafe:
        return StoreUnsafe(
            kind="secrets", key=self.path.name, message=f"the secret file {self.path.name} {fault}", remedy=remedy
        )

    def _unavailable(self, failure: Exception) -> BackendError:
        number = failure.errno if isinstance(failure, OSError) else None
        reason = os.strerror(number) if number else type(failure).__name__
        return BackendError(
            kind="secrets",
            key=self.path.name,
            message=f"the secret file {self.path.name} cannot be used: {reason}",
            remedy="Check that its folder exists, is yours, and has room.",
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
