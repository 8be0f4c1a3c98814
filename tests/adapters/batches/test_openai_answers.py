"""Answers in OpenAI's form: what its own readers find there is what was answered, and what is left out is said."""

import json
from typing import Any

import pytest
from all_wires import WIRES, a_reply
from hypothesis import given

from provider_runtime import (
    AssistantOutput,
    CallRefused,
    Citation,
    FinishReason,
    ImagePart,
    InlineData,
    ProviderResponse,
    ProviderStatusError,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    TransportError,
    Usage,
)
from provider_runtime.adapters.batches.openai.batch_file import OpenAIBatchForm
from provider_runtime.adapters.batches.openai.chat_answers import chat_answer
from provider_runtime.adapters.batches.openai.responses_answers import responses_answer
from provider_runtime.domain.batches.lines import AskedLine, BatchLine, record_of
from provider_runtime.domain.conversation.markers import Signature
from provider_runtime.domain.errors import ErrorCode, ProtocolError, ProviderError
from provider_runtime.domain.identity import OPENAI
from provider_runtime.testing.builders import a_response, a_tool_call
from provider_runtime.testing.contracts.batches.forms import CALL, NOON
from provider_runtime.testing.strategies.responses import responses

BY_NAME = {wire.name: wire for wire in WIRES}
FORM = OpenAIBatchForm()
URLS = {"openai_chat": "/v1/chat/completions", "openai_responses": "/v1/responses"}
WRITERS = {"openai_chat": chat_answer, "openai_responses": responses_answer}
WIRE_NAMES = pytest.mark.parametrize("name", sorted(URLS))


def asked_as(name: str) -> AskedLine:
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hi."}], "input": "Hi."}
    body.pop("input" if name == "openai_chat" else "messages")
    line = {"custom_id": "row-1", "method": "POST", "url": URLS[name], "body": body}
    return FORM.read(BatchLine(number=1, content=json.dumps(line).encode()))


def written(name: str, end: ProviderResponse | ProviderError | CallRefused) -> dict[str, Any]:
    asked = asked_as(name)
    line: dict[str, Any] = json.loads(FORM.write(asked, end, record_of(asked, end, CALL, ended_at=NOON)))
    return line


def read_back(name: str, body: dict[str, Any]) -> ProviderResponse:
    wire = BY_NAME[name]
    return wire.codec.decode(a_reply(body), wire.prepared())


@WIRE_NAMES
def test_a_vendors_own_answer_says_the_same_after_it_went_through_us(name: str) -> None:
    wire, seen = BY_NAME[name], 0
    captured = [one["response"].get("json") for one in wire.captured_exchanges() if one["response"]["status"] == 200]
    for body in [*wire.golden_answers(), *captured]:
        try:
            response = wire.codec.decode(a_reply(body), wire.prepared())
        except ProviderError:
            continue
        seen += 1
        again = read_back(name, WRITERS[name](response, record_of(asked_as(name), response, CALL, ended_at=NOON))[0])
        assert (again.text, again.thinking) == (response.text, response.thinking)
        assert [(call.id, call.name, call.arguments_json) for call in again.tool_calls] == [
            (call.id, call.name, call.arguments_json) for call in response.tool_calls
        ]
        refusals = [part.text for part in response.output.content if isinstance(part, RefusalPart)]
        assert [part.text for part in again.output.content if isinstance(part, RefusalPart)] == refusals[:1]
        assert again.usage.input_tokens == response.usage.input_tokens or response.usage.input_tokens is None
        if response.finish_reason not in {FinishReason.ERROR, FinishReason.OTHER}:
            assert again.finish_reason in {response.finish_reason, FinishReason.STOP}
    assert seen > 3


@WIRE_NAMES
def test_openais_own_library_reads_every_answer_by_its_types(name: str) -> None:
    pytest.importorskip("pydantic", reason="the extra `sdks` is not installed")
    types = pytest.importorskip("openai.types", reason="the extra `sdks` is not installed")
    kind = types.chat.ChatCompletion if name == "openai_chat" else types.responses.Response
    full = a_response(
        output=AssistantOutput(
            content=(
                ThinkingPart(text="Hm."),
                TextPart("Bonn.", citations=[Citation(url="https://example.com", title="Atlas", start_index=0)]),
                RefusalPart("No more."),
                ToolCallPart(a_tool_call()),
            )
        ),
        finish_reason=FinishReason.TOOL_CALLS,
        response_id="resp_1",
    )
    for response in (full, a_response(finish_reason=FinishReason.LENGTH), a_response(usage=Usage())):
        line = written(name, response)
        assert (line["custom_id"], line["error"], line["response"]["status_code"]) == ("row-1", None, 200)
        read = kind.model_validate(line["response"]["body"])
        assert read.model == response.model


@WIRE_NAMES
@given(response=responses())
def test_any_answer_can_be_written_and_nothing_of_its_text_is_lost(name: str, response: ProviderResponse) -> None:
    line = written(name, response)
    body = json.dumps(line["response"]["body"], ensure_ascii=False)
    for part in response.output.content:
        if isinstance(part, TextPart | RefusalPart):
            inside = json.dumps(part.text, ensure_ascii=False)[1:-1]
            assert inside in body


@WIRE_NAMES
def test_what_has_no_place_is_named_beside_the_answer(name: str) -> None:
    hidden = ThinkingPart(redacted=True, signature=Signature(provider=OPENAI, wire="x", value="opaque"))
    cited = TextPart("Bonn.", citations=[Citation(file_id="file-1")])
    content = (hidden, cited, ImagePart(source=InlineData(media_type="image/png", data=b"\x89PNG")))
    line = written(name, a_response(output=AssistantOutput(content=content), finish_reason=FinishReason.OTHER))
    ours = line["provider_runtime"]
    assert (ours["left_out"], ours["finish_reason"]) == (["citation", "thinking"], "other")
    assert (ours["provider"], ours["line"], ours["call_id"], ours["outcome"]) == ("openai", 1, CALL, "answered")


@WIRE_NAMES
def test_an_error_of_the_provider_is_its_answer_and_any_other_has_a_field_of_its_own(name: str) -> None:
    status = ProviderStatusError(
        provider=OPENAI, model="gpt-4.1", status_code=400, request_id="req_1", provider_code="bad_thing", message="No."
    )
    line = written(name, status)
    assert line["error"] is None
    assert line["response"] == {
        "status_code": 400,
        "request_id": "req_1",
        "body": {"error": {"message": "No.", "type": "provider_status", "param": None, "code": "bad_thing"}},
    }
    lost = TransportError(provider=OPENAI, message="the connection was lost")
    line = written(name, lost)
    assert (line["response"], line["error"]) == (
        None,
        {"code": "connection_lost", "message": "the connection was lost"},
    )
    assert line["provider_runtime"]["error"]["billed"] == "maybe"
    refused = CallRefused(gate="budget", code=ErrorCode.BUDGET_EXCEEDED, message="nothing is left")
    ours = written(name, refused)["provider_runtime"]
    assert (ours["outcome"], ours["error"]["gate"]) == ("refused", "budget")


def test_a_broken_answer_is_a_failure_that_was_billed() -> None:
    broken = ProtocolError(provider=OPENAI, message="no choice", field="choices")
    assert written("openai_chat", broken)["provider_runtime"]["error"]["billed"] == "yes"
