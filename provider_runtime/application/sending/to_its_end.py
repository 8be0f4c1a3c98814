"""Steps that are not left half done when the caller leaves."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from attrs import field, frozen

from provider_runtime.application.gates.patience import Waiting, begun

T = TypeVar("T")


@frozen(kw_only=True)
class Patience:
    """How long a step is waited for; ``behind`` owns what goes on although nobody waits for it any more."""

    limit_s: float
    behind: set["asyncio.Task[None]"] = field(factory=set, repr=False)

    async def let_go(self) -> None:
        """Wait once more for what was left behind; then cancel what still goes on."""
        if not self.behind:
            return
        _, late = await asyncio.wait(self.behind, timeout=self.limit_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=self.limit_s)


async def to_its_end(
    step: Coroutine[Any, Any, T],
    undo: Callable[[T], Coroutine[Any, Any, None]] | None = None,
    patience: Patience | None = None,
    *,
    waits: bool = True,
) -> T:
    """What ``step`` comes to. It goes on when the caller leaves, who is let go when it is over.

    For short steps whose effect is elsewhere: whoever abandoned one would not know what it has done.
    ``undo`` is for what a caller who has left has no use for; it goes to its end, too. Raises
    ``TimeoutError`` once ``patience`` is at its end: the step is left behind, and undone when it is over.
    ``waits`` is ``False`` for a step that waits for nobody: nothing can come between, so it is just taken,
    which costs a fraction of a task. Should it wait after all, it goes on like any other.
    """
    if not waits:
        so_far = begun(step)
        if not isinstance(so_far, Waiting):
            return so_far
        step = so_far.rest()
    doing = asyncio.ensure_future(step)
    left: asyncio.CancelledError | None = None
    time = asyncio.get_running_loop().time
    until = None if patience is None else time() + patience.limit_s
    while not doing.done():
        try:
            await asyncio.wait([doing], timeout=None if until is None else max(0.0, until - time()))
        except asyncio.CancelledError as leaving:
            left = leaving
        if patience is not None and until is not None and time() >= until and not doing.done():
            late = asyncio.ensure_future(_undone(doing, undo))
            patience.behind.add(late)
            late.add_done_callback(patience.behind.discard)
            raise left or TimeoutError
    if left is None:
        return doing.result()
    # Looking at the exception also keeps asyncio from logging it as overlooked.
    if not doing.cancelled() and doing.exception() is None and undo is not None:
        await to_its_end(undo(doing.result()))
    raise left


async def _undone(doing: "asyncio.Task[T]", undo: Callable[[T], Coroutine[Any, Any, None]] | None) -> None:
    with suppress(Exception):  # nobody is there to be told
        result = await doing
        if undo is not None:
            await undo(result)
