"""Steps that go to their end: in a task of their own, or at once where they wait for nobody."""

import asyncio

import pytest

from provider_runtime.application.sending.to_its_end import Patience, to_its_end


async def whose_task() -> object:
    return asyncio.current_task()


async def test_a_step_that_waits_for_nobody_is_taken_at_once() -> None:
    assert await to_its_end(whose_task(), waits=False) is asyncio.current_task()
    assert await to_its_end(whose_task()) is not asyncio.current_task()


async def test_what_it_raises_is_raised() -> None:
    async def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await to_its_end(fails(), waits=False)


@pytest.mark.parametrize("waits", [True, False])
async def test_it_goes_to_its_end_and_is_undone_if_it_waits_after_all_and_the_caller_leaves(*, waits: bool) -> None:
    asked, answer, undone = asyncio.Event(), asyncio.Event(), []

    async def step() -> int:
        asked.set()
        await answer.wait()
        return 7

    async def undo(result: int) -> None:
        undone.append(result)

    caller = asyncio.ensure_future(to_its_end(step(), undo, waits=waits))
    await asked.wait()
    caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()
    answer.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert undone == [7]


async def test_a_step_that_waits_too_long_after_all_is_left_behind() -> None:
    patience = Patience(limit_s=0.0)
    with pytest.raises(TimeoutError):
        await to_its_end(asyncio.Event().wait(), patience=patience, waits=False)
    assert len(patience.behind) == 1
    await patience.let_go()
