"""Clocks under which minutes pass in seconds, or not at all, while the network takes the time that it takes."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from attrs import Factory, define, field, frozen

_NOON: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)


@frozen
class FastClock:
    """Real time, ``speed`` times as fast. A call's deadline is asyncio's affair, and strikes in real time."""

    speed: float
    _began: float = field(factory=time.monotonic, init=False)

    def now(self) -> datetime:
        return _NOON + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._began) * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)


@define
class StandingClock:
    """Time stands still but for ``advance``. Waits are noted in ``due``, as the moment they end, and skipped."""

    due: list[float] = Factory(list)
    _elapsed: float = field(default=0.0, init=False)

    def now(self) -> datetime:
        return _NOON + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self.due.append(self._elapsed + seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self._elapsed += seconds


@define
class SeededRandomness:
    """Chance that repeats itself with its seed."""

    seed: int
    _die: Random = field(init=False)

    @_die.default
    def _made(self) -> Random:
        return Random(self.seed)  # noqa: S311 - nothing is kept secret by it

    def fraction(self) -> float:
        return self._die.random()

    def token(self, size: int) -> bytes:
        return self._die.randbytes(size)
