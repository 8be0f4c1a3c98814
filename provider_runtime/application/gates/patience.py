"""Patience: how long a gate is waited for. One that never waits itself costs nothing to watch."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any, Generic, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen
class Waiting(Generic[T]):
    """Work that has begun, and waits for something."""

    work: Coroutine[Any, Any, T]
    awaited: Any

    async def within(self, limit_s: float) -> T:
        """What the work comes to. Raises ``TimeoutError`` once it has waited for so long; it is cancelled then."""
        async with asyncio.timeout(limit_s):
            return await _rest_of(self.work, self.awaited)

    async def rest(self) -> T:
        """What the work comes to, however long that takes."""
        return await _rest_of(self.work, self.awaited)


def begun(work: Coroutine[Any, Any, T]) -> T | Waiting[T]:
    """What ``work`` comes to if it waits for nothing; else it is left where it waits."""
    try:
        awaited = work.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # the result of the coroutine
    return Waiting(work, awaited)


def at_once(work: Coroutine[Any, Any, T]) -> T | Coroutine[Any, Any, T]:
    """What ``work`` comes to if it waits for nothing; else the rest of it, to be waited for."""
    try:
        awaited = work.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # as above
    return Waiting(work, awaited).rest()


async def within(limit_s: float, work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` comes to, waited for that long at most."""
    so_far = begun(work)
    return await so_far.within(limit_s) if isinstance(so_far, Waiting) else so_far


@coroutine
def _rest_of(work: Coroutine[Any, Any, T], awaited: Any) -> Generator[Any, Any, T]:
    """``work`` from where it waits for ``awaited``, in the same task: the timeouts inside it know no other."""
    resume: Callable[[], Any]
    while True:
        try:
            sent = yield awaited
        except GeneratorExit:
            work.close()
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the work
            resume = partial(work.throw, error)
        else:
            resume = partial(work.send, sent)
        try:
            awaited = resume()
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # as above
