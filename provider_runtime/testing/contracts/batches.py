"""What every ``BatchSource``, ``BatchForm`` and ``BatchStore`` promises."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

import pytest

from provider_runtime.domain.batches.lines import AskedLine, BatchLine, LineCall, LineEnd, record_of
from provider_runtime.domain.errors import ErrorCode, ProviderStatusError, RecordCorrupt, RequestInvalid
from provider_runtime.domain.identity import OPENAI, CallId
from provider_runtime.ports.batches import BatchForm, BatchSource, BatchStore
from provider_runtime.testing.builders import a_response

CALL = CallId("batch_one-3")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
# No line of any form: what is no JSON, no object, too deep, cut, or too long to be read at all.
HOSTILE: tuple[bytes | None, ...] = (
    *(None, b"{", b"[]", b"null", b"\x00", b"\xff\xfe{}", b'"\\ud800"', b'{"a":1,"a":2}', b"[" * 100_000, b"{}"),
    *(b'{"id":"\\ud800","request":{}}', b'{"id":7}', b'{"model":"openai:x","messages":"' + b"x" * 100_000 + b'"}'),
    *(b'{"custom_id":"a","method":"POST","url":"/v1/files","body":{}}', b'{"custom_id":"a","body":[]}'),
)


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


class BatchFormContract:
    """Subclass it, and give it fixtures ``form`` and ``line``: a line that asks for something, number 3."""

    @pytest.fixture
    def form(self) -> BatchForm:
        raise NotImplementedError

    @pytest.fixture
    def line(self) -> BatchLine:
        raise NotImplementedError

    def test_a_line_that_asks_for_something_is_read(self, form: BatchForm, line: BatchLine) -> None:
        asked = form.read(line)
        assert isinstance(asked.asks, LineCall)
        assert asked.number == 3

    def test_reading_is_pure(self, form: BatchForm, line: BatchLine) -> None:
        assert form.read(line) == form.read(line)

    @pytest.mark.parametrize("content", HOSTILE, ids=lambda content: repr(content)[:30])
    def test_a_bad_line_asks_for_its_own_error(self, form: BatchForm, content: bytes | None) -> None:
        asked = form.read(BatchLine(number=3, content=content))
        assert isinstance(asked.asks, RequestInvalid)
        assert asked.asks.field
        self._comes_back(form, asked, asked.asks)

    def test_the_record_of_an_answer_comes_back(self, form: BatchForm, line: BatchLine) -> None:
        self._comes_back(form, form.read(line), a_response("one\ntwo\u2028three", duration_s=0.5))

    @pytest.mark.parametrize("code", [ErrorCode.OVERLOADED, ErrorCode.INVALID_REQUEST])
    def test_the_record_of_a_failure_comes_back(self, form: BatchForm, line: BatchLine, code: ErrorCode) -> None:
        error = ProviderStatusError(provider=OPENAI, model="gpt-5-mini", status_code=500, code=code, message="no\nway")
        self._comes_back(form, form.read(line), error)

    @pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"{", b'{"line":1}', b'{"line":"1","outcome":"answered"}'])
    def test_what_is_no_answer_is_not_taken_for_one(self, form: BatchForm, content: bytes) -> None:
        with pytest.raises(RecordCorrupt):
            form.record_in(content)

    def _comes_back(self, form: BatchForm, asked: AskedLine, end: LineEnd) -> None:
        record = record_of(asked, end, CALL, ended_at=NOON, asked_again=1)
        answer = form.write(asked, end, record)
        assert b"\n" not in answer
        found = form.record_in(answer)
        wanted = (record.number, record.name, record.call_id, record.outcome, record.provider, record.model)
        assert (found.number, found.name, found.call_id, found.outcome, found.provider, found.model) == wanted
        assert (found.code, found.gate, found.asked_again) == (record.code, record.gate, 1)
        assert (found.input_tokens, found.output_tokens, found.cost_usd) == (
            record.input_tokens,
            record.output_tokens,
            record.cost_usd,
        )


class BatchSourceContract:
    """Subclass it, and give it a fixture ``source``: ``{"a":1}``, a blank line, ``{"b":2}``, ``{"c":3}``."""

    @pytest.fixture
    def source(self) -> BatchSource:
        raise NotImplementedError

    async def test_lines_come_in_order_with_their_numbers_and_blank_ones_do_not(self, source: BatchSource) -> None:
        found = []
        while (line := await source.next_line()) is not None:
            found.append((line.number, line.content))
        assert found == [(1, b'{"a":1}'), (3, b'{"b":2}'), (4, b'{"c":3}')]

    async def test_behind_the_last_line_there_is_nothing_however_often_one_asks(self, source: BatchSource) -> None:
        while await source.next_line() is not None:
            pass
        assert [await source.next_line() for _ in range(3)] == [None, None, None]
