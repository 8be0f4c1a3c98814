"""The deadline of a block: what ``asyncio.timeout`` does, for the same reasons."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from provider_runtime.application.sending.deadline import Within


@asynccontextmanager
async def _ours(seconds: float) -> Any:
    with Within(seconds):
        yield


Block = Callable[[float], AbstractAsyncContextManager[Any]]
both = pytest.mark.parametrize("block", [_ours, asyncio.timeout], ids=["ours", "asyncio's"])


async def _told(doing: Any) -> str:
    """How a task ended, and how many cancellations it still owes."""
    task = asyncio.current_task()
    assert task is not None
    try:
        ended = repr(await doing)
    except BaseException as error:  # noqa: BLE001 - it is what is asked for
        ended = type(error).__name__
    return f"{ended}, {task.cancelling()}"


@both
async def test_what_ends_in_time_is_left_alone(block: Block) -> None:
    async def work() -> str:
        async with block(60):
            await asyncio.sleep(0)
        return "done"

    assert await _told(work()) == "'done', 0"


@both
@pytest.mark.parametrize("seconds", [0.001, 0, -5])
async def test_what_waits_too_long_ends_in_a_timeout_and_owes_nothing(block: Block, seconds: float) -> None:
    async def work() -> None:
        async with block(seconds):
            await asyncio.Event().wait()

    assert await _told(work()) == "TimeoutError, 0"


@both
async def test_what_never_waits_is_never_struck(block: Block) -> None:
    async def work() -> int:
        async with block(-1):
            return 1

    assert await _told(work()) == "1, 0"
    await asyncio.sleep(0)  # nothing is left over that would strike later


@both
async def test_an_error_of_the_block_is_its_own(block: Block) -> None:
    async def work() -> None:
        async with block(0):
            try:
                await asyncio.Event().wait()
            finally:
                raise LookupError

    assert await _told(work()) == "LookupError, 0"


@both
@pytest.mark.parametrize(("outer", "inner", "who"), [(0, 60, "outer"), (60, 0, "inner"), (0, 0, "both")])
async def test_of_two_blocks_the_one_whose_time_is_up_says_so(
    block: Block, outer: float, inner: float, who: str
) -> None:
    said: list[str] = []

    async def work() -> None:
        try:
            async with block(outer):
                try:
                    async with block(inner):
                        await asyncio.Event().wait()
                except TimeoutError:
                    said.append("inner")
                    await asyncio.sleep(0)
                    raise
        except TimeoutError:
            said.append("outer")

    ended = await _told(work())
    assert ended == "None, 0"
    assert said == {"outer": ["outer"], "inner": ["inner", "outer"], "both": ["outer"]}[who]


@both
async def test_a_cancellation_from_elsewhere_stays_one(block: Block) -> None:
    async def work() -> None:
        async with block(60):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel("because")
    with pytest.raises(asyncio.CancelledError, match="because"):
        await task
    assert task.cancelled()


@both
async def test_a_cancellation_that_comes_with_the_deadline_is_not_lost(block: Block) -> None:
    waits = asyncio.Event()

    async def work() -> None:
        async with block(0):
            waits.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await waits.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_a_task_that_was_asked_to_go_before_still_gets_its_timeout() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        with pytest.raises(TimeoutError), Within(0):
            await asyncio.Event().wait()
    assert task.uncancel() == 0


def test_it_belongs_to_a_task() -> None:
    async def nothing() -> None:
        with Within(1):
            pass

    with pytest.raises(RuntimeError):
        nothing().send(None)
