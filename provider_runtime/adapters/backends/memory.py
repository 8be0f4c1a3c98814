"""Media in memory: gone at exit."""

import secrets
from bisect import bisect_left
from collections.abc import Callable

from attrs import define, field

from provider_runtime.adapters.backends.medium import START, Document, Page, Position, Step, check_of, first_denied
from provider_runtime.adapters.backends.names import checked_name, closed, lost_position

_KIND = "memory"


@define(kw_only=True)
class MemoryJournal:
    """A journal in memory. See ``Journal``.

    Keeps the last ``keep`` entries, so that memory stays flat; ``None`` keeps all. To be used by
    one event loop: no step waits, so none comes between another.
    """

    keep: int | None = 1000
    _entries: list[bytes] = field(factory=list, init=False, repr=False)
    _idle: int = field(default=0, init=False, repr=False)
    """So many places at the front of the list are empty; they are given back now and then."""
    _dropped: int = field(default=0, init=False, repr=False)
    """So many entries were dropped, the last of which is ``_last_dropped``."""
    _last_dropped: bytes = field(default=b"", init=False, repr=False)
    _closed: bool = field(default=False, init=False)

    @property
    def drops_oldest(self) -> bool:
        return self.keep is not None

    @property
    def last(self) -> bytes | None:
        return self._entries[-1] if self._entries else None

    @property
    def end(self) -> Position:
        return self._position(self._dropped + self._kept())

    def since(self, position: Position) -> tuple[bytes, ...]:
        return tuple(self._entries[self._place(position) :])

    async def append(self, make: Callable[[bytes | None], bytes]) -> bytes:
        if self._closed:
            raise closed(_KIND)
        entry = make(self._entries[-1] if self._entries else None)
        self._keep(entry)
        return entry

    async def decide(self, step: Step, *, soon: bool = False) -> Position:  # noqa: ARG002 - it never waits
        if self._closed:
            raise closed(_KIND)
        entry = step(self)
        if entry is not None:
            self._keep(entry)
        return self.end

    async def read(self, *, after: Position = START, limit: int | None = None) -> Page:
        if self._closed:
            raise closed(_KIND)
        place = self._place(after)
        entries = tuple(self._entries[place : None if limit is None else place + limit])
        return Page(entries=entries, end=self._position(self._dropped + place - self._idle + len(entries)))

    async def tail(self, limit: int) -> Page:
        if self._closed:
            raise closed(_KIND)
        return Page(entries=tuple(self._entries[max(len(self._entries) - limit, self._idle) :]), end=self.end)

    async def locate(self, is_before: Callable[[bytes], bool]) -> Position:
        if self._closed:
            raise closed(_KIND)
        place = first_denied(self._kept(), lambda at: self._entries[self._idle + at], is_before)
        return self._position(self._dropped + place)

    async def count(self) -> int:
        if self._closed:
            raise closed(_KIND)
        return self._kept()

    async def clear(self) -> None:
        if self._closed:
            raise closed(_KIND)
        self._entries.clear()
        self._idle, self._dropped = 0, 0

    async def flush(self) -> None:
        """Nothing is ever under way."""

    async def aclose(self) -> None:
        self._closed = True

    def _kept(self) -> int:
        return len(self._entries) - self._idle

    def _keep(self, entry: bytes) -> None:
        entries = self._entries
        entries.append(entry)
        if self.keep is None or len(entries) - self._idle <= self.keep:
            return
        self._dropped += 1
        self._last_dropped = entries[self._idle]
        entries[self._idle] = b""
        self._idle += 1
        if self._idle > self.keep:
            del self._entries[: self._idle]
            self._idle = 0

    def _place(self, position: Position) -> int:
        """Where in the list the entries behind ``position`` begin."""
        if position == START:
            return self._idle
        if self._position(position.offset) != position:
            raise lost_position("in memory")
        return self._idle + position.offset - self._dropped

    def _position(self, offset: int) -> Position:
        """The position with this offset; ``START`` when there is none."""
        kept_before = offset - self._dropped
        if offset <= 0 or not 0 <= kept_before <= self._kept():
            return START
        if kept_before == 0:
            return Position(offset=offset, check=check_of(self._last_dropped))
        return Position(offset=offset, check=check_of(self._entries[self._idle + kept_before - 1]))


@define(kw_only=True)
class MemoryDocuments:
    """Documents in memory. See ``Documents``. To be used by one event loop."""

    _collections: dict[str, dict[str, Document]] = field(factory=dict, init=False, repr=False)
    _closed: bool = field(default=False, init=False)

    async def get(self, collection: str, key: str) -> Document | None:
        return self._found(collection).get(checked_name("key", key))

    async def put(self, collection: str, key: str, content: bytes) -> str:
        self._found(collection)
        document = Document(content=bytes(content), version=secrets.token_hex(8))
        self._collections.setdefault(collection, {})[checked_name("key", key)] = document
        return document.version

    async def put_if(self, collection: str, key: str, content: bytes, *, version: str | None) -> str | None:
        present = self._found(collection).get(checked_name("key", key))
        if (present.version if present else None) != version:
            return None
        return await self.put(collection, key, content)

    async def delete(self, collection: str, key: str) -> bool:
        return self._found(collection).pop(checked_name("key", key), None) is not None

    async def exists(self, collection: str, key: str) -> bool:
        return checked_name("key", key) in self._found(collection)

    async def keys(self, collection: str, *, prefix: str = "") -> tuple[str, ...]:
        ordered = sorted(self._found(collection))
        return tuple(key for key in ordered[bisect_left(ordered, prefix) :] if key.startswith(prefix))

    async def flush(self) -> None:
        """Nothing is ever under way."""

    async def aclose(self) -> None:
        self._closed = True

    def _found(self, collection: str) -> dict[str, Document]:
        if self._closed:
            raise closed(_KIND)
        return self._collections.get(checked_name("collection", collection), {})


@define(kw_only=True)
class MemoryMedia:
    """Documents and journals in memory, each journal whole. See ``Media``."""

    _documents: MemoryDocuments = field(factory=MemoryDocuments, init=False, repr=False)
    _journals: dict[str, MemoryJournal] = field(factory=dict, init=False, repr=False)

    def documents(self) -> MemoryDocuments:
        return self._documents

    def journal(self, name: str) -> MemoryJournal:
        return self._journals.setdefault(checked_name("journal", name), MemoryJournal(keep=None))

    async def flush(self) -> None:
        """Nothing is ever under way."""

    async def aclose(self) -> None:
        await self._documents.aclose()
        for journal in self._journals.values():
            await journal.aclose()
