"""The deadline of a call: ``asyncio.timeout`` for work that mostly ends in time, at half the price."""

import asyncio
from types import TracebackType
from typing import Self


class Within:
    """A block of the current task that may take so many seconds. Raises ``TimeoutError`` once they have passed.

    What strikes is a cancellation, so that everything inside is left in order. A cancellation from
    elsewhere stays one, also when both come at once; so does that of a block around this one.
    """

    __slots__ = ("_cancelling", "_struck", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        """Starts to count at once. None left: strikes as soon as the block waits for anything."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline belongs to a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._struck = False
        loop = task.get_loop()
        self._timer = loop.call_at(loop.time() + seconds, self._strike)

    def _strike(self) -> None:
        self._struck = True
        self._task.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._struck and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError
