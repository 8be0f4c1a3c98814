"""An event loop in which nobody waits: when nothing is left to do, its clock jumps to the next deadline."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Looks whether something has happened; if not, says so at once, and tells how long it was to wait."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        happened = super().select(0)
        if not happened:
            self._jump(timeout)
        return happened


class JumpingLoop(asyncio.SelectorEventLoop):
    """``jumped`` are the seconds that were skipped."""

    def __init__(self) -> None:
        self.jumped = 0.0
        super().__init__(_Jumping(self._skip))

    def time(self) -> float:
        return super().time() + self.jumped

    def _skip(self, seconds: float) -> None:
        self.jumped += seconds


def without_waiting(work: Coroutine[Any, Any, T]) -> tuple[T, float]:
    """What ``work`` comes to, and how many seconds it would have waited."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        result = runner.run(work)
        loop = runner.get_loop()
        assert isinstance(loop, JumpingLoop)
        return result, loop.jumped
