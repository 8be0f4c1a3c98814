"""Media in memory: gone at exit."""

from collections import deque
from collections.abc import Callable

from attrs import define, field


@define(kw_only=True)
class MemoryJournal:
    """Keeps the last ``keep`` entries; older ones are dropped, so that memory stays flat."""

    keep: int = 1000
    _entries: deque[bytes] = field(init=False)

    @_entries.default
    def _make_entries(self) -> deque[bytes]:
        return deque(maxlen=self.keep)

    @property
    def drops_oldest(self) -> bool:
        return True

    async def append(self, make: Callable[[bytes | None], bytes]) -> bytes:
        entries = self._entries
        entry = make(entries[-1] if entries else None)
        entries.append(entry)
        return entry

    async def entries(self) -> tuple[bytes, ...]:
        return tuple(self._entries)

    async def clear(self) -> None:
        self._entries.clear()
