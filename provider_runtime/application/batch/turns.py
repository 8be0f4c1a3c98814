"""Turns: in which order answers are kept."""

import asyncio
from typing import Protocol

from attrs import define, field

from provider_runtime.ports.batches import BatchStore


class Turns(Protocol):
    """Lets answers be kept in an order. Lines enter in the order of the input, each once."""

    def enter(self, number: int) -> None:
        """The line is the next to be asked."""
        ...

    async def room(self, number: int) -> None:
        """Wait until the line may be asked, or until ``close``."""
        ...

    async def finish(self, number: int, answer: bytes) -> tuple[int, ...]:
        """The answer has come and is kept, or parked until its turn; the lines that are kept by now."""
        ...

    def close(self) -> None:
        """Let nobody wait any more: no other line will be asked."""
        ...


@define(kw_only=True)
class AsTheyCome:
    """Answers are kept as they come."""

    store: BatchStore

    def enter(self, number: int) -> None:
        """Nothing to remember."""

    async def room(self, number: int) -> None:
        """There always is."""

    async def finish(self, number: int, answer: bytes) -> tuple[int, ...]:
        await self.store.keep(number, answer)
        return (number,)

    def close(self) -> None:
        """Nobody waits."""


@define(kw_only=True)
class InOrder:
    """Answers are kept in the order of the lines; those that come early are parked, so that none is lost.

    At most ``window`` lines are asked beyond the first without an answer: what is parked stays in memory, too.
    """

    store: BatchStore
    window: int
    _waiting: dict[int, bytes | None] = field(factory=dict, init=False, repr=False)  # in order; None: no answer yet
    _places: dict[int, int] = field(factory=dict, init=False)
    _entered: int = field(default=0, init=False)
    _kept: int = field(default=0, init=False)
    _keeping: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _moved: asyncio.Event = field(factory=asyncio.Event, init=False)
    _closed: bool = field(default=False, init=False)

    def enter(self, number: int) -> None:
        self._waiting[number] = None
        self._places[number] = self._entered
        self._entered += 1

    async def room(self, number: int) -> None:
        while self._places[number] >= self._kept + self.window and not self._closed:
            await self._moved.wait()

    async def finish(self, number: int, answer: bytes) -> tuple[int, ...]:
        if number != next(iter(self._waiting)) and number not in self.store.parked:
            await self.store.park(number, answer)
        self._waiting[number] = answer
        async with self._keeping:
            due = self._due()
            # Asked for in order, they are kept in order, and share their waits for the disk.
            await asyncio.gather(*(self.store.keep(first, content) for first, content in due))
            for first, _ in due:
                del self._waiting[first], self._places[first]
            self._kept += len(due)
        self._wake()
        return tuple(first for first, _ in due)

    def close(self) -> None:
        self._closed = True
        self._wake()

    def _due(self) -> list[tuple[int, bytes]]:
        due: list[tuple[int, bytes]] = []
        for number, answer in self._waiting.items():
            if answer is None:
                break
            due.append((number, answer))
        return due

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
