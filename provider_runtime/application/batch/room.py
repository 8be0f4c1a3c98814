"""Room: how many calls may be under way at once, when budgets cannot hold as many at their worst."""

import asyncio
from typing import Final

from attrs import define, field

_ANSWERS_PER_STEP: Final = 4


@define(kw_only=True)
class Room:
    """Lets at most ``allowed`` calls be under way, of the ``most`` that the plan wants.

    What calls may come to at worst is set aside while they are under way, and is mostly far more than they
    come to. So a budget may refuse a call only because of the others. Then fewer are made at once; each four
    answers for every place, one more is tried.
    """

    most: int
    allowed: int = field(init=False)
    running: int = field(default=0, init=False)
    _answers: int = field(default=0, init=False)
    _moved: asyncio.Event = field(factory=asyncio.Event, init=False)

    @allowed.default
    def _all_of_them(self) -> int:
        return self.most

    async def enter(self) -> None:
        """Wait for a place, and take it."""
        while self.running >= self.allowed:
            await self._moved.wait()
        self.running += 1

    def leave(self) -> None:
        """Give the place back."""
        self.running -= 1
        self._wake()

    def narrow(self) -> bool:
        """Allow no more calls than are under way, so that the next waits for an end; whether there are any."""
        self.allowed, self._answers = max(1, min(self.allowed, self.running)), 0
        return self.running > 0

    def answered(self) -> None:
        """A call came to its end within its budgets."""
        self._answers += 1
        if self.allowed < self.most and self._answers >= _ANSWERS_PER_STEP * self.allowed:
            self.allowed, self._answers = self.allowed + 1, 0
            self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
