"""Lines in the canonical form: bare requests, requests with a name and options, and what is wrong with others."""

import json
from typing import Any

import pytest
from hypothesis import given

from provider_runtime import CallOptions, ProviderRequest, RequestInvalid
from provider_runtime.adapters.batches.canonical import CanonicalForm
from provider_runtime.adapters.serialization import make_converter, request_to_json, response_from_json
from provider_runtime.domain.batches.lines import AskedLine, BatchLine, LineCall, record_of
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.identity import CallId
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.contracts.batches.forms import CALL, NOON
from provider_runtime.testing.strategies.requests import requests
from provider_runtime.testing.strategies.responses import responses

FORM = CanonicalForm()
CONVERTER = make_converter()
REQUEST = json.loads(request_to_json(CONVERTER, a_request(model="openai:gpt-5-mini")))


def read(value: object) -> AskedLine:
    return FORM.read(BatchLine(number=3, content=json.dumps(value).encode()))


def call_in(asked: AskedLine) -> LineCall:
    assert isinstance(asked.asks, LineCall)
    return asked.asks


def fault_in(asked: AskedLine) -> RequestInvalid:
    assert isinstance(asked.asks, RequestInvalid)
    return asked.asks


@given(request=requests())
def test_any_request_is_read_as_it_was_written(request: ProviderRequest) -> None:
    content = request_to_json(CONVERTER, request)
    assert call_in(FORM.read(BatchLine(number=1, content=content))) == LineCall(request=request)
    named = b'{"id":"a","request":' + content + b"}"
    assert call_in(FORM.read(BatchLine(number=1, content=named))) == LineCall(request=request)


@given(response=responses())
def test_any_answer_stands_in_its_line_whole(response: ProviderResponse) -> None:
    asked = read(REQUEST)
    record = record_of(asked, response, CallId("batch_one-3"), ended_at=NOON)
    answer = json.loads(FORM.write(asked, response, record))
    assert response_from_json(CONVERTER, json.dumps(answer["response"]).encode()) == response
    assert (answer["line"], answer["call_id"], answer["outcome"]) == (3, CALL, "answered")
    assert answer["ended_at"] == "2026-01-31T12:00:00Z"


def test_options_are_those_of_a_call() -> None:
    given = {"metadata": {"tenant": "acme"}, "deadline_s": 30, "parameters": {"temperature": 0.5}, "retry": {}}
    asked = read({"id": "row 7", "request": REQUEST, "options": given})
    options = call_in(asked).options
    assert (options.metadata, options.deadline_s, options.parameters.temperature) == ({"tenant": "acme"}, 30, 0.5)
    assert asked.name == "row 7"
    assert call_in(read({"request": REQUEST})).options == CallOptions()


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"request": REQUEST, "optoins": {}}, "optoins"),
        ({"id": "a"}, "request"),
        ({"id": 7, "request": REQUEST}, "id"),
        ({"id": "", "request": REQUEST}, "id"),
        ({"id": "a\nb", "request": REQUEST}, "id"),
        ({"id": "a" * 513, "request": REQUEST}, "id"),
        ({"request": [REQUEST]}, "request"),
        ({"request": {**REQUEST, "temprature": 1}}, "request.temprature"),
        ({"request": {**REQUEST, "messages": [{"role": "user"}]}}, "request.messages[0].content"),
        ({**REQUEST, "temperature": "hot"}, "request.temperature"),
        ({"request": REQUEST, "options": {"call_id": "mine"}}, "options.call_id"),
        ({"request": REQUEST, "options": {"credential": "sk-abc"}}, "options.credential"),
        ({"request": REQUEST, "options": []}, "options"),
        ({"request": REQUEST, "options": {"metadata": {"UPPER": "x"}}}, "options.metadata"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_line_says_where_and_quotes_nothing(value: dict[str, Any], field: str) -> None:
    fault = fault_in(read(value))
    assert fault.field == field
    assert "sk-abc" not in str(fault)


def test_a_bad_line_keeps_the_name_that_it_has() -> None:
    assert read({"id": "row 7", "request": {}}).name == "row 7"
