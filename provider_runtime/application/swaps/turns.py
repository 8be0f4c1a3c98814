"""Turns: one at a time for each job, in the order in which they came."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import define, field


@define
class _Turn:
    lock: asyncio.Lock = field(factory=asyncio.Lock)
    wanted_by: int = 0


@define
class Turns:
    """Lets one at a time through for each name. Remembers only names that somebody waits for or holds."""

    _turns: dict[str, _Turn] = field(factory=dict, init=False)

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        """Wait for the turn, and keep it inside the ``async with``."""
        turn = self._turns.setdefault(name, _Turn())
        turn.wanted_by += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.wanted_by -= 1
            if not turn.wanted_by:
                del self._turns[name]
