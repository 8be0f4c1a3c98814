"""Where lines can go: to the end of a file, or to an open text stream."""

import fcntl
import os
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from attrs import field, frozen

_SAFELY: Final = os.O_NOFOLLOW | os.O_CLOEXEC
_MODE: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | _SAFELY  # readable, to look at what stands last


@runtime_checkable
class TextStream(Protocol):
    """What is needed of a stream: ``sys.stderr``, an ``io.StringIO``, an open text file."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class Lines(Protocol):
    """A place that takes whole lines. It may wait, and it may raise ``OSError`` or ``ValueError``."""

    def check(self) -> None:
        """Raise what the first write would raise for a place that cannot be written to."""

    def append(self, lines: bytes) -> None: ...


@frozen
class FileLines:
    """The end of the file at ``path``, made with mode 0600 where it is absent.

    The file is opened for each batch, so one that was moved away by a log rotation is followed by a
    new one, and an idle sink holds nothing open. It is locked (``flock``) while a batch is written:
    several processes may write to one file, and their lines do not mix.
    """

    path: Path = field(converter=Path)

    def check(self) -> None:
        os.close(self._open())

    def append(self, lines: bytes) -> None:
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # closing gives it back
            # A process that was killed, or a full disk, may have left a piece of a line.
            whole = lines if _ends_with_a_line(descriptor) else b"\n" + lines
            while whole:
                whole = whole[os.write(descriptor, whole) :]
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        try:
            return os.open(self.path, _MODE, 0o600)
        except FileNotFoundError:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self.path, _MODE, 0o600)


@frozen
class StreamLines:
    """An open stream. It stays its owner's: it is flushed here, never closed."""

    stream: TextStream

    def check(self) -> None:
        self.append(b"")

    def append(self, lines: bytes) -> None:
        self.stream.write(lines.decode())
        self.stream.flush()


def lines_of(place: str | os.PathLike[str] | TextStream) -> Lines:
    """A path becomes a file, a stream stays one. Raises ``ValueError`` for anything else."""
    if isinstance(place, str | os.PathLike):
        return FileLines(place)
    if isinstance(place, TextStream):
        return StreamLines(place)
    raise ValueError("events go to a path or to a text stream")


def _ends_with_a_line(descriptor: int) -> bool:
    end = os.fstat(descriptor).st_size
    return end == 0 or os.pread(descriptor, 1, end - 1) == b"\n"
