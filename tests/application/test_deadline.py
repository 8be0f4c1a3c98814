"""The deadline of a block: what ``asyncio.timeout`` does, for the same reasons."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.application.sending.deadline import Deadlines, Within


@asynccontextmanager
async def _ours(seconds: float) -> Any:
    with Within(Deadlines(), seconds):
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
        with pytest.raises(TimeoutError), Within(Deadlines(), 0):
            await asyncio.Event().wait()
    assert task.uncancel() == 0


def test_it_belongs_to_a_task() -> None:
    async def nothing() -> None:
        with Within(Deadlines(), 1):
            pass

    with pytest.raises(RuntimeError):
        nothing().send(None)


# ── many at once ────────────────────────────────────────────────────────────────────────────


def _timers() -> int:
    """How many timers stand that will strike."""
    return sum(not handle.cancelled() for handle in asyncio.get_running_loop()._scheduled)  # type: ignore[attr-defined]  # asyncio's own heap of them


@given(limits=st.lists(st.sampled_from([-1, 0, 0.001, 0.002, 60, 61]), max_size=12))
async def test_each_of_many_blocks_ends_by_its_own_deadline(limits: list[float]) -> None:
    deadlines, over = Deadlines(), asyncio.Event()

    async def work(seconds: float) -> str:
        try:
            with Within(deadlines, seconds):
                await over.wait()
        except TimeoutError:
            return "late"
        return "in time"

    async def all_late(working: list["asyncio.Task[str]"]) -> None:
        await asyncio.gather(*(task for task, limit in zip(working, limits, strict=True) if limit < 1))
        over.set()

    working = [asyncio.create_task(work(seconds)) for seconds in limits]
    await all_late(working)
    assert await asyncio.gather(*working) == ["late" if seconds < 1 else "in time" for seconds in limits]


async def test_one_timer_stands_for_all_at_the_earliest_deadline_and_is_let_go() -> None:
    deadlines, before = Deadlines(), _timers()
    with Within(deadlines, 70), Within(deadlines, 60), Within(deadlines, 80):
        assert _timers() == before + 1
        with pytest.raises(TimeoutError), Within(deadlines, 0):
            await asyncio.Event().wait()
        assert _timers() == before + 1
    assert _timers() == before + 1  # it stays for the next
    deadlines.let_go()
    assert _timers() == before


async def test_what_is_under_way_when_the_timer_is_let_go_is_still_struck() -> None:
    deadlines, before = Deadlines(), _timers()

    async def work() -> None:
        with Within(deadlines, 0.001):
            deadlines.let_go()
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await work()
    assert _timers() == before
    with Within(deadlines, 60):
        assert _timers() == before + 1
    assert _timers() == before


def test_a_runtime_that_is_used_in_another_loop_keeps_its_deadlines_there() -> None:
    deadlines = Deadlines()

    async def work() -> str:
        with Within(deadlines, 60):
            pass
        with pytest.raises(TimeoutError), Within(deadlines, 0.001):
            await asyncio.Event().wait()
        return "late"

    assert [asyncio.run(work()), asyncio.run(work())] == ["late", "late"]
