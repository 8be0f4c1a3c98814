"""Documents and Journal: what a store asks of a medium, in bytes, so that readers share no object.

Every family of records is written once over these two. A medium keeps whatever bytes it is given
and knows nothing of what they mean. What all operations promise:

- Nothing is opened, created or started before the first use.
- No file is read or written in the event loop.
- What has returned is kept as firmly as the medium promises: until exit (memory), or on the disk
  (files, SQLite).
- A caller that is cancelled while it waits leaves the old or the new, never neither, and what it
  asked for still takes its turn: whatever this process asks for later comes later.
- ``BackendError``: the medium failed, and nothing was kept; after a failed ``fsync`` nobody knows,
  so the object then refuses to write until the store is opened anew. ``RecordCorrupt``, a
  ``BackendError``: what is stored does not read back; ``kind`` and ``key`` name the place.
- ``flush`` waits for what was asked for, and lets go of threads and files until the next use.
- ``aclose`` does so for good; it may be called twice. Using a medium afterwards, or in a process
  forked from the one that used it, is a ``BackendError``.
"""

from collections.abc import Callable
from typing import Protocol, Self
from zlib import crc32

from attrs import field, frozen

from provider_runtime.domain.values import sealed


@frozen(kw_only=True)
class Document:
    """What stands under a key. ``version`` is another after each write, also one of equal bytes."""

    content: bytes = field(repr=False)
    version: str


class Documents(Protocol):
    """Bytes by collection and key.

    A name is any text of 1 to 1,000 characters that UTF-8 can write; two names that differ in
    anything (case, accents composed or not) are two names. Any other is refused with the code
    ``name_invalid``.
    """

    async def get(self, collection: str, key: str) -> Document | None:
        """What stands there, or ``None``."""
        ...

    async def put(self, collection: str, key: str, content: bytes) -> str:
        """Set ``content`` there, whatever stood there before; returns its version."""
        ...

    async def put_if(self, collection: str, key: str, content: bytes, *, version: str | None) -> str | None:
        """Set ``content`` if ``version`` is what stands there (``None``: if nothing does).

        Comparing and setting is one step, whoever else writes. Returns the new version, or
        ``None`` when something else stands there: then nothing was changed.
        """
        ...

    async def delete(self, collection: str, key: str) -> bool:
        """Leave nothing there; whether something was."""
        ...

    async def exists(self, collection: str, key: str) -> bool:
        """Whether something stands there."""
        ...

    async def keys(self, collection: str, *, prefix: str = "") -> tuple[str, ...]:
        """Every key that begins with ``prefix``, sorted by code point."""
        ...

    async def flush(self) -> None:
        """See the module."""
        ...

    async def aclose(self) -> None:
        """See the module."""
        ...


@sealed(kw_only=True)
class Position:
    """A place between two entries of a journal, to be noted and read on from.

    ``check`` recognises the entry before it, so that a journal which was cleared, cut or replaced
    since is found out. It proves nothing about the entries before that one. Only the medium that
    gave a position knows what ``offset`` counts.
    """

    offset: int
    check: str = ""

    def __str__(self) -> str:
        return f"{self.offset}.{self.check}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The position that ``str`` made this text of. Raises ``ValueError``."""
        offset, dot, check = text.partition(".")
        if not (offset.isascii() and offset.isdigit() and dot):
            raise ValueError("not a position in a journal")
        return cls(offset=int(offset), check=check)


START = Position(offset=0)
"""Before the first entry, in every journal."""


def first_denied(count: int, entry_at: Callable[[int], bytes], is_before: Callable[[bytes], bool]) -> int:
    """The place, from 0 to ``count``, of the first entry that ``is_before`` denies. See ``Journal.locate``."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if is_before(entry_at(middle)):
            low = middle + 1
        else:
            high = middle
    return low


def check_of(entry: bytes) -> str:
    """How a position recognises the entry before it."""
    return f"{crc32(entry):08x}"


@frozen(kw_only=True)
class Page:
    """Entries of a journal, oldest first, and the position behind the last of them.

    ``torn``: so many bytes lie behind it that are no whole entry. A writer was stopped there, and
    was not told that its entry is kept. The next append sets them aside.
    """

    entries: tuple[bytes, ...] = field(repr=False)
    end: Position
    torn: int = 0


class Tail(Protocol):
    """The end of a journal, as seen by a step that nobody can come between."""

    @property
    def last(self) -> bytes | None:
        """The last entry."""
        ...

    @property
    def end(self) -> Position:
        """Behind the last entry."""
        ...

    def since(self, position: Position) -> tuple[bytes, ...]:
        """Every entry behind ``position``. Raises ``RecordCorrupt`` when it is not of this journal."""
        ...


Step = Callable[[Tail], bytes | None]


class Journal(Protocol):
    """Entries of bytes, appended one after another and never changed.

    ``drops_oldest``: entries may be missing at the front.
    """

    @property
    def drops_oldest(self) -> bool: ...

    async def append(self, make: Callable[[bytes | None], bytes]) -> bytes:
        """Keep ``make(last entry)`` at the end, as one step that no other writer can come between.

        Returns the entry. ``make`` may run in another thread, and must not wait for anything.
        """
        ...

    async def decide(self, step: Step, *, soon: bool = False) -> Position:
        """Keep what ``step(tail)`` returns, or nothing for ``None``, as one step like ``append``.

        For records that depend on more than the last one: ``step`` reads what was added since it
        last looked. Returns the end of the journal behind the step. ``soon``: whoever reads has it at
        once, and the end of this process does it no harm; but a medium may leave it to the next entry,
        or to ``flush``, to wait for the disk. A loss of power before that may take it back.
        """
        ...

    async def read(self, *, after: Position = START, limit: int | None = None) -> Page:
        """At most ``limit`` entries behind ``after``. Raises ``RecordCorrupt`` for a position that was lost."""
        ...

    async def tail(self, limit: int) -> Page:
        """The last ``limit`` entries."""
        ...

    async def locate(self, is_before: Callable[[bytes], bool]) -> Position:
        """Before the first entry that ``is_before`` denies; the end where it affirms all.

        The entries must be in that order, as numbered ones are, and hold no line break. The cost
        grows with the logarithm of their number. ``is_before`` may run in another thread, and must
        not wait for anything; what it raises is raised.
        """
        ...

    async def count(self) -> int:
        """How many entries are kept."""
        ...

    async def clear(self) -> None:
        """Forget every entry."""
        ...

    async def flush(self) -> None:
        """See the module."""
        ...

    async def aclose(self) -> None:
        """See the module."""
        ...


class Media(Protocol):
    """One place that holds documents and any number of journals."""

    def documents(self) -> Documents:
        """The documents kept here."""
        ...

    def journal(self, name: str) -> Journal:
        """The journal of this name. Raises ``BackendError``, code ``name_invalid``."""
        ...

    async def flush(self) -> None:
        """Flush every journal and the documents."""
        ...

    async def aclose(self) -> None:
        """Close every journal and the documents."""
        ...
