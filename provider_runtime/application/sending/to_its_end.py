"""Steps that are not left half done when the caller leaves."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_its_end(step: Coroutine[Any, Any, T], undo: Callable[[T], Coroutine[Any, Any, None]] | None = None) -> T:
    """What ``step`` comes to. It goes on when the caller leaves, who is let go when it is over.

    For short steps whose effect is elsewhere: whoever abandoned one would not know what it has done.
    ``undo`` is for what a caller who has left has no use for; it goes to its end, too.
    """
    doing = asyncio.ensure_future(step)
    left: asyncio.CancelledError | None = None
    while not doing.done():
        try:
            await asyncio.wait([doing])
        except asyncio.CancelledError as leaving:
            left = leaving
    if left is None:
        return doing.result()
    # Looking at the exception also keeps asyncio from logging it as overlooked.
    if not doing.cancelled() and doing.exception() is None and undo is not None:
        await to_its_end(undo(doing.result()))
    raise left
