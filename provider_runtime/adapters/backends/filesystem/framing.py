"""How entries stand in the file of a journal, and how a cut one differs from a damaged one."""

from collections.abc import Iterator
from typing import Final, Protocol
from zlib import crc32

from attrs import frozen

from provider_runtime.adapters.backends.filesystem.calls import FileSystemCalls, read_between
from provider_runtime.domain.errors import BackendError

_BLOCK: Final = 64 * 1024
_LINE: Final = 4 * 1024
"""Most lines are shorter."""
_HEX: Final = frozenset(b"0123456789abcdef")


class Damaged(Exception):
    """What stands at ``offset`` was once a whole entry, and is none now."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


@frozen(kw_only=True)
class Extent:
    """The bytes of an open file from its beginning to ``size``."""

    files: FileSystemCalls
    descriptor: int
    size: int

    def between(self, start: int, end: int) -> bytes:
        """The bytes from ``start`` to ``end``."""
        return read_between(self.files, self.descriptor, max(start, 0), min(end, self.size))


class Framing(Protocol):
    """How entries are laid out one behind another."""

    def wrap(self, entry: bytes) -> bytes:
        """``entry`` as it stands in the file. Raises ``BackendError`` for one that cannot stand there."""
        ...

    def take(self, data: bytes, start: int) -> tuple[bytes, int] | None:
        """The entry at ``start`` and where it ends; ``None`` when the data ends before the entry does.

        Raises ``Damaged`` where no entry begins.
        """
        ...

    def back(self, file: Extent, end: int) -> int | None:
        """Where the entry begins that ends at ``end``; ``None`` when none does."""
        ...

    def begins_behind(self, file: Extent, start: int, end: int) -> int | None:
        """Where the first entry begins behind ``start`` and before ``end``, if one does.

        An entry with a line break in it may be mistaken for several.
        """
        ...

    def is_cut(self, file: Extent, start: int) -> bool:
        """Whether what stands from ``start`` on, which is no whole entry, was cut off while it was written.

        Else whole entries follow, and it is damage.
        """
        ...


class Lines:
    """One entry a line, for entries that prove themselves, as receipts do: any tool can read the file.

    An entry has no line break in it. What is behind the last line break was cut off.
    """

    def wrap(self, entry: bytes) -> bytes:
        if b"\n" in entry:
            raise BackendError(
                kind="journal",
                message="an entry of a journal of lines cannot hold a line break",
                remedy="Keep it in a journal of frames.",
            )
        return entry + b"\n"

    def take(self, data: bytes, start: int) -> tuple[bytes, int] | None:
        end = data.find(b"\n", start)
        return None if end < 0 else (data[start:end], end + 1)

    def back(self, file: Extent, end: int) -> int | None:
        if end <= 0 or file.between(end - 1, end) != b"\n":
            return None
        return self._behind_break(file, end - 1)

    def begins_behind(self, file: Extent, start: int, end: int) -> int | None:
        return next(_breaks(file, start, end), None)

    def is_cut(self, file: Extent, start: int) -> bool:  # noqa: ARG002 - a line has no other mark than its end
        return True

    def _behind_break(self, file: Extent, end: int) -> int:
        """Behind the last line break before ``end``."""
        size = _LINE
        while end > 0:
            block = file.between(end - size, end)
            found = block.rfind(b"\n")
            if found >= 0:
                return end - len(block) + found + 1
            end, size = end - len(block), _BLOCK
        return 0


_HEAD: Final = len("00000000 00000000 ")
_FOOT: Final = len(" 00000000\n")


class Frames:
    """Each entry with its length before and behind it and a checksum: any bytes, and damage is found out.

    ``<length> <CRC-32 of length and entry> <entry> <length>`` and a line break, numbers as eight
    hex digits. The length behind lets a reader walk backwards.
    """

    def wrap(self, entry: bytes) -> bytes:
        length = b"%08x" % len(entry)
        return b"%s %08x %s %s\n" % (length, crc32(entry, crc32(length)), entry, length)

    def take(self, data: bytes, start: int) -> tuple[bytes, int] | None:
        try:
            end = start + _HEAD + int(data[start : start + 8], 16) + _FOOT
        except ValueError:
            return self._told_apart(data, start)
        entry = data[start + _HEAD : end - _FOOT]
        if data[start:end] == self.wrap(entry):
            return entry, end
        return self._told_apart(data, start)

    def _told_apart(self, data: bytes, start: int) -> tuple[bytes, int] | None:
        """What stands at ``start`` is not plainly an entry: whether it was cut off, or is damaged."""
        head = data[start : start + _HEAD]
        length = _number(head[:8])
        if len(head) < _HEAD and (len(head) < 8 or length is not None):
            return None
        if length is None:
            raise Damaged(start)
        end = start + _HEAD + length + _FOOT
        if end > len(data):
            return None
        entry = data[start + _HEAD : end - _FOOT]
        if data[start:end] != self.wrap(entry):
            raise Damaged(start)
        return entry, end

    def back(self, file: Extent, end: int) -> int | None:
        length = _number(file.between(end - _FOOT + 1, end - 1)) if end >= _HEAD + _FOOT else None
        if length is None:
            return None
        start = end - _FOOT - length - _HEAD
        try:
            whole = start >= 0 and self.take(file.between(start, end), 0) is not None
        except Damaged:
            return None
        return start if whole else None

    def begins_behind(self, file: Extent, start: int, end: int) -> int | None:
        return next(_breaks(file, start, end), None)

    def is_cut(self, file: Extent, start: int) -> bool:
        rest = file.between(start, file.size)
        at = rest.find(b"\n")
        while at >= 0:
            begins = self.back(file, start + at + 1)
            if begins is not None and begins > start:
                return False
            at = rest.find(b"\n", at + 1)
        return True


def walk(framing: Framing, file: Extent, start: int) -> Iterator[tuple[bytes, int]]:
    """Each whole entry from ``start`` on with the place where it ends, up to a cut one.

    Reads ahead by blocks. Raises ``Damaged`` with the place in the file.
    """
    data, base, at = b"", start, 0
    while True:
        try:
            taken = framing.take(data, at)
        except Damaged as damage:
            raise Damaged(base + damage.offset) from None
        if taken is not None:
            entry, at = taken
            yield entry, base + at
            continue
        data, base, at = data[at:], base + at, 0
        behind = base + len(data)
        if behind >= file.size:
            return
        data += file.between(behind, behind + max(_BLOCK, len(data)))


def _breaks(file: Extent, start: int, end: int) -> Iterator[int]:
    """Behind each line break from ``start`` on that has something behind it before ``end``."""
    while start < end:
        block = file.between(start, min(start + _LINE, end))
        at = block.find(b"\n")
        while at >= 0:
            if start + at + 1 < end:
                yield start + at + 1
            at = block.find(b"\n", at + 1)
        start += len(block)


def sound_end(framing: Framing, file: Extent) -> int:
    """Where the last whole entry ends. What follows was cut off. Raises ``Damaged`` when it was not."""
    if file.size == 0 or framing.back(file, file.size) is not None:
        return file.size
    end = 0
    try:
        for _, behind in walk(framing, file, 0):
            end = behind
    except Damaged:
        pass  # perhaps a cut one: what follows tells
    if not framing.is_cut(file, end):
        raise Damaged(end)
    return end


def _number(text: bytes) -> int | None:
    return int(text, 16) if len(text) == 8 and _HEX.issuperset(text) else None
