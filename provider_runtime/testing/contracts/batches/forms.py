"""What every ``BatchForm`` promises."""

from datetime import UTC, datetime

import pytest

from provider_runtime.domain.batches.lines import AskedLine, BatchLine, LineCall, LineEnd, record_of
from provider_runtime.domain.errors import ErrorCode, ProviderStatusError, RecordCorrupt, RequestInvalid
from provider_runtime.domain.identity import OPENAI, CallId
from provider_runtime.ports.batches import BatchForm
from provider_runtime.testing.builders import a_response

CALL = CallId("batch_one-3")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
# No line of any form: what is no JSON, no object, too deep, cut, or too long to be read at all.
HOSTILE: tuple[bytes | None, ...] = (
    *(None, b"{", b"[]", b"null", b"\x00", b"\xff\xfe{}", b'"\\ud800"', b'{"a":1,"a":2}', b"[" * 100_000, b"{}"),
    *(b'{"id":"\\ud800","request":{}}', b'{"id":7}', b'{"model":"openai:x","messages":"' + b"x" * 100_000 + b'"}'),
    *(b'{"custom_id":"a","method":"POST","url":"/v1/files","body":{}}', b'{"custom_id":"a","body":[]}'),
)


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
