"""Outbox: what the server has to be told yet, told as soon as it listens."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from attrs import define, field

from provider_runtime.domain.errors import BackendError, LedgerUnavailable
from provider_runtime.ports.system import Clock

Telling: TypeAlias = Callable[[], Awaitable[None]]
"""Tells one thing. Raises ``LedgerUnavailable`` while nobody listens; may be done again and again."""

_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 30.0


@define(kw_only=True, eq=False)
class Outbox:
    """Tells things in the order in which they were added, in the background.

    Of more than ``most`` the oldest is given up: its lease decides at the server.
    """

    clock: Clock = field(repr=False)
    most: int = 10_000
    _waiting: deque[Telling] = field(factory=deque, init=False, repr=False)
    _telling: "asyncio.Task[None] | None" = field(default=None, init=False, repr=False)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, telling: Telling) -> None:
        """See to it that this is told."""
        if len(self._waiting) >= self.most:
            self._waiting.popleft()
        self._waiting.append(telling)
        self.wake()

    def wake(self) -> None:
        """Begin to tell, if anything is waiting and nobody does."""
        ours = self._telling is not None and self._telling.get_loop() is asyncio.get_running_loop()
        if self._waiting and not (ours and self._telling is not None and not self._telling.done()):
            self._telling = asyncio.ensure_future(self._tell_all())

    async def flush(self) -> None:
        """Try once more to tell what is waiting, as far as anybody listens; then rest until ``wake`` or ``add``."""
        telling, self._telling = self._telling, None
        if telling is not None and telling.get_loop() is asyncio.get_running_loop():
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
        while self._waiting and await self._told(self._waiting[0]):
            pass

    async def _tell_all(self) -> None:
        wait_s = _FIRST_WAIT_S
        while self._waiting:
            if await self._told(self._waiting[0]):
                wait_s = _FIRST_WAIT_S
            else:
                await self.clock.sleep(wait_s)
                wait_s = min(_LONGEST_WAIT_S, 2 * wait_s)

    async def _told(self, telling: Telling) -> bool:
        """Whether this need not be told any more."""
        try:
            await telling()
        except LedgerUnavailable:
            return False
        except BackendError:
            pass  # the server says no, and would again
        if self._waiting and self._waiting[0] is telling:
            self._waiting.popleft()
        return True
