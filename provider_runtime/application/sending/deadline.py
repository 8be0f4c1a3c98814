"""The deadlines of calls: ``asyncio.timeout`` for work that mostly ends in time, with one timer for all of it."""

import asyncio
from types import TracebackType
from typing import Self

from attrs import define, field


@define(eq=False)
class Deadlines:
    """The deadlines of one runtime's calls.

    Nearly every call ends long before its own. So one timer stands at the earliest that was set; when it is
    due, it strikes whom it has to, and is set to the earliest of the others.
    """

    _running: "set[Within]" = field(factory=set, init=False, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False, repr=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False, repr=False)
    _stays: bool = field(default=True, init=False)

    def let_go(self) -> None:
        """Leave no timer behind, once nothing is under way any more."""
        self._stays = False
        self._rest()

    def _begin(self, block: "Within", loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._loop:
            self._loop, self._timer = loop, None
            self._running.clear()  # what another loop left under way has ended with it
        self._running.add(block)
        if self._timer is None or block.until < self._timer.when():
            self._set(loop, block.until)

    def _end(self, block: "Within") -> None:
        self._running.discard(block)
        if not self._stays:
            self._rest()

    def _rest(self) -> None:
        if self._timer is not None and not self._running:
            self._timer.cancel()
            self._timer = None

    def _set(self, loop: asyncio.AbstractEventLoop, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(until, self._strike, loop, until)

    def _strike(self, loop: asyncio.AbstractEventLoop, until: float) -> None:
        now, self._timer = max(until, loop.time()), None
        later = []
        for block in self._running:
            if block.until <= now:
                block.strike()
            else:
                later.append(block.until)
        if later:
            self._set(loop, min(later))


class Within:
    """A block of the current task that may take so many seconds. Raises ``TimeoutError`` once they have passed.

    The time begins when this is made. What strikes is a cancellation, so that everything inside is left in
    order. A cancellation from elsewhere stays one, also when both come at once; so does that of a block
    around this one. With no seconds left it is struck as soon as it waits for anything.
    """

    __slots__ = ("_cancelling", "_deadlines", "_struck", "_task", "until")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline belongs to a task")
        loop = task.get_loop()
        self.until = loop.time() + seconds
        self._deadlines = deadlines
        self._task = task
        self._cancelling = task.cancelling()
        self._struck = False
        deadlines._begin(self, loop)  # noqa: SLF001 - the two are one

    def strike(self) -> None:
        """The time is over."""
        self._struck = True
        self._task.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._deadlines._end(self)  # noqa: SLF001 - as above
        if self._struck and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError
