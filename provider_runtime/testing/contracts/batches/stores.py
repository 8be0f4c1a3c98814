"""What every ``BatchStore`` promises."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from provider_runtime.ports.batches import BatchStore


class BatchStoreContract:
    """Subclass it, and give it a fixture ``next_run``: each call opens the next run of one batch of twenty lines."""

    @pytest.fixture
    def next_run(self) -> Callable[[], AbstractAsyncContextManager[BatchStore]]:
        raise NotImplementedError

    async def test_what_is_kept_stays_kept_and_its_line_is_not_asked_again(
        self, next_run: Callable[[], AbstractAsyncContextManager[BatchStore]]
    ) -> None:
        async with next_run() as store:
            assert not store.has_kept(3)
            await store.begin(3)
            await store.keep(3, an_answer(3, store))
            assert store.has_kept(3)
            name = store.batch_id
        async with next_run() as store:
            assert (store.has_kept(3), store.interruptions(3), store.batch_id) == (True, 0, name)

    async def test_a_line_that_was_begun_and_not_answered_is_told_to_the_next_run_and_not_to_its_own(
        self, next_run: Callable[[], AbstractAsyncContextManager[BatchStore]]
    ) -> None:
        for run in range(3):
            async with next_run() as store:
                assert (store.interruptions(3), store.interruptions(4)) == (run, 0)
                await store.begin(3)
                assert store.interruptions(3) == run

    async def test_a_line_that_was_withdrawn_is_as_if_it_had_not_been_begun(
        self, next_run: Callable[[], AbstractAsyncContextManager[BatchStore]]
    ) -> None:
        async with next_run() as store:
            await store.begin(3)
        async with next_run() as store:
            await store.begin(3)
            await store.withdraw(3)
            await store.begin(4)
            await store.withdraw(4)
        async with next_run() as store:
            assert (store.interruptions(3), store.interruptions(4)) == (1, 0)

    async def test_a_parked_answer_is_there_for_the_next_run_until_it_is_kept(
        self, next_run: Callable[[], AbstractAsyncContextManager[BatchStore]]
    ) -> None:
        async with next_run() as store:
            await store.begin(5)
            answer = an_answer(5, store)
            await store.park(5, answer)
            assert not store.has_kept(5)
        async with next_run() as store:
            assert dict(store.parked) == {5: answer}
            await store.keep(5, answer)
        async with next_run() as store:
            assert (dict(store.parked), store.has_kept(5)) == ({}, True)

    async def test_many_lines_at_once_are_all_kept(
        self, next_run: Callable[[], AbstractAsyncContextManager[BatchStore]]
    ) -> None:
        async with next_run() as store:
            await asyncio.gather(*(store.begin(number) for number in range(1, 21)))
            await asyncio.gather(*(store.keep(number, an_answer(number, store)) for number in range(1, 21)))
            await store.finish()
        async with next_run() as store:
            assert all(store.has_kept(number) for number in range(1, 21))


def an_answer(number: int, store: BatchStore) -> bytes:
    """An answer in the canonical form, as a store of files reads it back."""
    name = b'{"line":%d,"call_id":"%s-%d","outcome":"failed","error":{"code":"overloaded"}}'
    return name % (number, store.batch_id.encode(), number)
