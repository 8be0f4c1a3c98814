"""FileSystemCalls: the few things asked of the operating system, so that a test can make each of them fail."""

import os
from pathlib import Path
from typing import Final, Protocol

from attrs import frozen

_SAFELY: Final = os.O_NOFOLLOW | os.O_CLOEXEC


@frozen(kw_only=True)
class FileFacts:
    """Which file it is, and how long."""

    identity: tuple[int, int]
    size: int


class FileSystemCalls(Protocol):
    """What the media on the file system do to files. Each raises ``OSError`` as the system does.

    No symbolic link is followed at the end of a path. A descriptor is the opener's to close.
    """

    def open_to_read(self, path: Path) -> int: ...
    def open_to_append(self, path: Path) -> tuple[int, bool]:
        """A file to read and write, and whether it is new: then with mode 0600 from the first moment."""
        ...

    def create(self, path: Path) -> int:
        """A file to write that was not there before, with mode 0600."""
        ...

    def facts(self, descriptor: int) -> FileFacts: ...
    def read(self, descriptor: int, size: int, offset: int) -> bytes: ...
    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        """Write from ``offset`` on; how many bytes were written, perhaps not all."""
        ...

    def truncate(self, descriptor: int, size: int) -> None: ...
    def sync(self, descriptor: int) -> None: ...
    def close(self, descriptor: int) -> None: ...
    def rename(self, source: Path, target: Path) -> None: ...
    def unlink(self, path: Path) -> None: ...
    def make_folder(self, path: Path) -> None:
        """A folder with mode 0700, which may be there already."""
        ...

    def sync_folder(self, path: Path) -> None:
        """Make durable what the folder lists."""
        ...

    def names(self, path: Path) -> tuple[str, ...]: ...


class SystemFiles:
    """The operating system itself."""

    def open_to_read(self, path: Path) -> int:
        return os.open(path, os.O_RDONLY | _SAFELY)

    def open_to_append(self, path: Path) -> tuple[int, bool]:
        try:
            return os.open(path, os.O_RDWR | _SAFELY), False
        except FileNotFoundError:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFELY, 0o600), True

    def create(self, path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFELY, 0o600)

    def facts(self, descriptor: int) -> FileFacts:
        found = os.fstat(descriptor)
        return FileFacts(identity=(found.st_dev, found.st_ino), size=found.st_size)

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        return os.pread(descriptor, size, offset)

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        return os.pwrite(descriptor, content, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def make_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700, exist_ok=True)

    def sync_folder(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def names(self, path: Path) -> tuple[str, ...]:
        return tuple(os.listdir(path))  # noqa: PTH208 - names are wanted, not paths


def write_all(files: FileSystemCalls, descriptor: int, content: bytes, offset: int = 0) -> None:
    """Write all of ``content``, however little the system takes at a time."""
    rest = memoryview(content)
    while rest:
        written = files.write(descriptor, bytes(rest), offset)
        rest, offset = rest[written:], offset + written


def read_all(files: FileSystemCalls, path: Path) -> bytes:
    """The whole file."""
    descriptor = files.open_to_read(path)
    try:
        size = files.facts(descriptor).size
        return read_between(files, descriptor, 0, size)
    finally:
        files.close(descriptor)


def read_between(files: FileSystemCalls, descriptor: int, start: int, end: int) -> bytes:
    """The bytes from ``start`` to ``end``, fewer where the file is shorter."""
    parts: list[bytes] = []
    while start < end:
        part = files.read(descriptor, end - start, start)
        if not part:
            break
        parts.append(part)
        start += len(part)
    return b"".join(parts)
