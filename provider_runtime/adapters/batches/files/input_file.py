"""InputFile: the lines of a batch from a file that must not change while it is asked."""

import hashlib
import stat
from collections import deque
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from provider_runtime.adapters.backends.filesystem.locking import unavailable
from provider_runtime.adapters.backends.threads import Reader
from provider_runtime.adapters.batches.splitting import LineSplitter
from provider_runtime.domain.batches.lines import BatchLine
from provider_runtime.domain.errors import BatchConflict

_BLOCK: Final = 256 * 1024
LONGEST_LINE: Final = 64 * 1024 * 1024


@frozen(kw_only=True)
class InputFacts:
    """What a look through the whole file shows. ``lines`` counts those not blank, ``last`` is the last one's number."""

    sha256: str
    size: int
    lines: int
    last: int
    first: BatchLine | None


def facts_of(path: Path, longest: int = LONGEST_LINE) -> InputFacts:
    """Look through the file at ``path``, block by block. Raises ``BatchConflict`` and ``BackendError``."""
    splitter, digest = LineSplitter(longest=longest), hashlib.sha256()
    size = lines = 0
    first: BatchLine | None = None
    try:
        with opened(path) as file:
            for block in _blocks(file):
                digest.update(block)
                size += len(block)
                found = splitter.feed(block)
                lines += len(found)
                first = first or next(iter(found), None)
    except OSError as failure:
        raise unavailable("batch input", path.name, failure) from None
    found = splitter.end()
    return InputFacts(
        sha256=digest.hexdigest(),
        size=size,
        lines=lines + len(found),
        last=splitter.number,
        first=first or next(iter(found), None),
    )


@define(kw_only=True, eq=False)
class InputFile:
    """The lines of the file at ``path``, read ahead by a block or so. See ``BatchSource``.

    At its end, what was read is held against ``sha256``: a file that changed meanwhile is found out.
    """

    path: Path
    sha256: str
    longest: int = LONGEST_LINE
    _ready: "deque[BatchLine]" = field(factory=deque, init=False, repr=False)
    _splitter: LineSplitter = field(init=False, repr=False)
    _digest: Any = field(factory=hashlib.sha256, init=False, repr=False)
    _file: FileIO | None = field(default=None, init=False, repr=False)
    _ended: bool = field(default=False, init=False)
    _reader: Reader = field(factory=lambda: Reader(kind="batch input"), init=False, repr=False)

    @_splitter.default
    def _make_splitter(self) -> LineSplitter:
        return LineSplitter(longest=self.longest)

    async def next_line(self) -> BatchLine | None:
        while not self._ready and not self._ended:
            self._ready.extend(await self._reader.run(self._next_lines))
        return self._ready.popleft() if self._ready else None

    async def aclose(self) -> None:
        """Let go of the file."""
        await self._reader.end(self._close, for_good=True)

    def _next_lines(self) -> list[BatchLine]:
        try:
            if self._file is None:
                self._file = opened(self.path)
            block = self._file.read(_BLOCK) or b""
        except OSError as failure:
            raise unavailable("batch input", self.path.name, failure) from None
        self._digest.update(block)
        if block:
            return self._splitter.feed(block)
        self._ended = True
        if self._digest.hexdigest() != self.sha256:
            raise BatchConflict(
                field="input_sha256",
                message="the input was changed while it was asked, so nobody knows which lines it had",
                remedy="Give the batch an input that nobody writes to, and another file for its answers.",
            )
        return self._splitter.end()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()


def opened(path: Path) -> FileIO:
    """The file at ``path``, to be read. Raises ``OSError``, and ``BatchConflict`` for what is no file."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise BatchConflict(
            field="input",
            message="the input is read twice, and what is given is no file but a folder, a pipe or a device",
            remedy="Write the lines to a file first.",
        )
    return FileIO(path, "r")


def _blocks(file: FileIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block
