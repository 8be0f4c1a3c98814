import json
from typing import Any

import pytest
from attrs import evolve
from responses_cases import CODEC, codes, decoded, fixture, fixture_names, prepared_for, reply_of

from provider_runtime.domain.conversation.parts import (
    Citation,
    ImagePart,
    InlineData,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from provider_runtime.domain.conversation.request import JsonObjectFormat, JsonSchemaFormat, TextFormat
from provider_runtime.domain.conversation.response import FinishReason
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.errors import ProtocolError, SerializationError
from provider_runtime.domain.identity import OPENAI
from provider_runtime.domain.json_values import freeze

SCHEMA = JsonSchemaFormat(name="any", schema={})


def answer(*output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": "resp_1", "status": "completed", "model": "m", "output": list(output), "usage": {}} | fields


def message(*texts: str, **fields: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "role": "assistant", "content": content} | fields


def call(**fields: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": "call_1", "name": "t", "arguments": "{}"} | fields


def test_a_text_answer_is_read_whole() -> None:
    reply = reply_of(fixture("answer_text"), headers={"x-request-id": "req_7"})
    response = CODEC.decode(reply, prepared_for())
    assert response.output.content == (TextPart("A long, narrow inlet."),)
    assert (response.model, response.response_id) == ("gpt-5-mini-2025-08-07", "resp_text")
    assert (response.provider, response.provider_request_id) == (OPENAI, "req_7")
    assert response.finish_reason is FinishReason.STOP
    assert response.raw_provider_response is None
    assert response.warnings == ()
    assert response.usage == Usage(
        input_tokens=50,
        output_tokens=222,
        total_tokens=272,
        cached_input_tokens=16,
        cache_write_tokens=8,
        reasoning_tokens=192,
        input_audio_tokens=2,
        output_audio_tokens=1,
    )


def test_tool_calls_are_read_with_whatever_arguments_they_have() -> None:
    response = decoded(fixture("answer_tool_calls"))
    assert response.text == "Let me look."
    assert [(tool.id, tool.name, tool.arguments_json) for tool in response.tool_calls] == [
        ("call_1", "get_weather", freeze({"city": "Bergen"})),
        ("call_2", "list_cities", freeze({})),
        ("call_3", "get_weather", '{"city": '),
    ]
    assert response.finish_reason is FinishReason.TOOL_CALLS
    assert codes(response) == ["tool_arguments_invalid_json"]
    assert response.usage == Usage(input_tokens=60)


def test_reasoning_comes_in_its_order_with_what_it_needs_to_go_back() -> None:
    response = decoded(fixture("answer_reasoning"), SCHEMA)
    shown = [
        (type(part).__name__, getattr(part, "text", None), getattr(part, "redacted", None))
        for part in response.output.content
    ]
    assert shown == [
        ("ThinkingPart", "**Looking it up**", False),
        ("ThinkingPart", "**Deciding on a tool**", False),
        ("TextPart", "I will ask the register.", None),
        ("ThinkingPart", "", True),
        ("ThinkingPart", "An open model shows what it thinks.", False),
        ("TextPart", '{"fjord":"Sogn"}', None),
        ("TextPart", " ", None),
    ]
    thinking = [part for part in response.output.content if isinstance(part, ThinkingPart)]
    assert all(part.provider == OPENAI and part.signature is not None for part in thinking)
    assert response.usage.reasoning_tokens == 64


def test_commentary_is_no_part_of_a_structured_answer() -> None:
    assert decoded(fixture("answer_reasoning"), SCHEMA).output.structured_output == freeze({"fjord": "Sogn"})


def test_a_structured_answer_is_parsed() -> None:
    response = decoded(fixture("answer_structured"), SCHEMA)
    assert response.output.structured_output == freeze({"ok": True, "city": "SF"})
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total) == (110, 97, 207)
    assert response.warnings == ()


@pytest.mark.parametrize(
    ("wanted", "text", "value", "warned"),
    [
        (TextFormat(), '{"a": 1}', None, False),
        (JsonObjectFormat(), '{"a": 1}', freeze({"a": 1}), False),
        (JsonObjectFormat(), "[1]", None, True),
        (SCHEMA, "[1]", (1,), False),
        (SCHEMA, "no json", None, True),
        (SCHEMA, "  ", None, False),
    ],
)
def test_a_structured_value_comes_where_one_was_asked_for(wanted: Any, text: str, value: object, warned: bool) -> None:  # noqa: FBT001 - a table
    response = decoded(answer(message(text)), wanted)
    assert response.output.structured_output == value
    assert ("structured_output_parse_failed" in codes(response)) is warned


def test_a_refusal_is_a_part_of_its_own() -> None:
    response = decoded(fixture("answer_refusal"), SCHEMA)
    assert response.output.content == (RefusalPart("I cannot help with that."),)
    assert response.finish_reason is FinishReason.STOP
    assert codes(response) == ["model_refusal"]


def test_a_refusal_as_an_item_is_read_too() -> None:
    assert decoded(answer({"type": "refusal", "refusal": "No."})).output.content == (RefusalPart("No."),)


def test_what_the_provider_did_itself_is_skipped_and_said_once_for_each_kind() -> None:
    response = decoded(fixture("answer_server_tools"))
    image, text = response.output.content
    assert isinstance(image, ImagePart)
    assert image.source == InlineData(media_type="image/webp", data=b"RIFF")
    assert text == TextPart(
        "Sognefjord is 205 km long.",
        citations=(
            Citation(url="https://maps.example/sogn", title="Sogn", start_index=0, end_index=10),
            Citation(file_id="file-1", title="fjords.pdf", start_index=26),
            Citation(file_id="cfile_1", title="plot.png", start_index=11, end_index=14),
        ),
    )
    assert [warning.message for warning in response.warnings] == [
        "an output item web_search_call was skipped",
        "an output item mcp_call was skipped",
        "an output item image_generation_call was skipped",
        "a piece of a message hologram was skipped",
    ]


# ── how it ended ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("details", "finish", "warning"),
    [
        ({"reason": "max_output_tokens"}, FinishReason.LENGTH, "openai_incomplete_max_output_tokens"),
        ({"reason": "max_tokens"}, FinishReason.LENGTH, "openai_incomplete_max_output_tokens"),
        ({"reason": "content_filter"}, FinishReason.CONTENT_FILTER, "openai_incomplete_content_filter"),
        ({"reason": "boredom"}, FinishReason.OTHER, "openai_incomplete_unknown_reason"),
        ({}, FinishReason.OTHER, "openai_incomplete_missing_reason"),
        (None, FinishReason.OTHER, "openai_incomplete_missing_reason"),
    ],
)
def test_an_incomplete_answer_says_why(details: object, finish: FinishReason, warning: str) -> None:
    response = decoded(answer(message("cut"), status="incomplete", incomplete_details=details))
    assert response.finish_reason is finish
    assert codes(response) == [warning]


@pytest.mark.parametrize(
    ("output", "finish"),
    [
        ([message("a")], FinishReason.STOP),
        ([call()], FinishReason.TOOL_CALLS),
        ([message("a"), call()], FinishReason.TOOL_CALLS),
        ([call(), message("done")], FinishReason.STOP),
        ([call(), message("  ")], FinishReason.TOOL_CALLS),
        ([], FinishReason.STOP),
    ],
)
def test_a_complete_answer_ends_in_tool_calls_or_stops(output: list[dict[str, Any]], finish: FinishReason) -> None:
    assert decoded(answer(*output)).finish_reason is finish


def test_an_answer_cut_short_while_thinking_keeps_its_reasoning() -> None:
    response = decoded(fixture("answer_incomplete"))
    assert response.finish_reason is FinishReason.LENGTH
    assert [type(part) for part in response.output.content] == [ThinkingPart]


def test_an_empty_answer_is_a_warning() -> None:
    response = decoded(answer(message("", "")))
    assert response.output.content == ()
    assert codes(response) == ["empty_output"]


# ── what may be missing ─────────────────────────────────────────────────────────────────────


def test_an_answer_with_nothing_but_its_output_is_read() -> None:
    response = decoded({"output": [{"content": "plain"}]})
    assert response.text == "plain"
    assert (response.model, response.response_id) == ("<unknown-model>", None)
    assert response.usage == Usage()
    assert codes(response) == ["unknown_finish_reason", "usage_missing"]


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": "3", "output_tokens": -1, "total_tokens": 2.5},
        {"input_tokens": None, "input_tokens_details": None, "output_tokens_details": []},
        {"input_tokens": 10**30, "input_tokens_details": {"cached_tokens": True}},
    ],
)
def test_counts_that_cannot_be_right_are_not_reported(usage: dict[str, Any]) -> None:
    assert decoded(answer(message("a"), usage=usage)).usage == Usage()


@pytest.mark.parametrize("usage", [None, [], "many", 3])
def test_missing_usage_is_a_warning(usage: object) -> None:
    assert codes(decoded(answer(message("a"), usage=usage))) == ["usage_missing"]


@pytest.mark.parametrize(
    "item",
    [
        None,
        7,
        "text",
        [],
        {},
        {"type": None},
        {"type": ["message"]},
        {"type": {"a": 1}},
        {"type": "x" * 100_000},
        {"type": "message", "content": None},
        {"type": "message", "content": 7},
        {"type": "message", "content": [None, 7, {"type": []}, {"type": "output_text", "text": 5}]},
        {"type": "message", "content": [{"type": "refusal", "refusal": None}]},
        {"type": "function_call"},
        {"type": "function_call", "name": 3},
        {"type": "reasoning"},
        {"type": "reasoning", "summary": "s", "content": {"a": 1}, "encrypted_content": 5},
        {"type": "reasoning", "summary": [None, {"text": 5}]},
        {"type": "image_generation_call"},
        {"type": "image_generation_call", "result": "not base64!"},
        {"type": "image_generation_call", "result": ""},
        {"type": "refusal"},
    ],
)
def test_an_item_that_makes_no_sense_is_passed_over(item: object) -> None:
    body = answer(message("still here")) | {"output": [item, message("still here")]}
    response = decoded(body)
    assert response.text == "still here"
    assert all(len(warning.message) < 100 for warning in response.warnings)


def test_a_hundred_thousand_unknown_items_are_skipped_in_linear_time() -> None:
    output = [{"type": f"kind_{number}"} for number in range(100_000)]
    assert len(decoded(answer(*output)).warnings) == 100_001


def test_arguments_may_be_an_object_and_ids_may_be_missing() -> None:
    response = decoded(
        answer(call(arguments={"a": [1]}), call(call_id=None, id="fc_9"), call(call_id="", id=None), call(name=""))
    )
    assert [(tool.id, tool.arguments_json) for tool in response.tool_calls] == [
        ("call_1", freeze({"a": [1]})),
        ("fc_9", freeze({})),
        ("call_2", freeze({})),
    ]
    assert codes(response) == ["unknown_content_block"]


def test_an_annotation_may_hold_anything() -> None:
    notes = [None, 5, {}, {"type": "url_citation", "url": 5, "start_index": "x", "end_index": -1, "title": []}]
    content = [{"type": "output_text", "text": "a", "annotations": notes}]
    part = decoded(answer({"type": "message", "content": content})).output.content[0]
    assert isinstance(part, TextPart)
    assert part.citations == (Citation(), Citation())


# ── what cannot be understood ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "$"),
        ("text", "$"),
        (None, "$"),
        ({}, "output"),
        (answer(output=None), "output"),
        (answer(output={"a": 1}), "output"),
        (answer(status="queued"), "status"),
        (answer(status="in_progress"), "status"),
        (answer(status="cancelled"), "status"),
        (answer(status="enchanted"), "status"),
        (answer(status=["completed"]), "status"),
        (answer(status="failed"), "error"),
        (answer(status="failed", error={}), "error"),
    ],
)
def test_an_answer_that_is_none_names_the_field(body: object, field: str) -> None:
    reply = reply_of(body, headers={"x-request-id": "req_8"})
    with pytest.raises(ProtocolError) as raised:
        CODEC.decode(reply, prepared_for("gpt-5"))
    error = raised.value
    assert (error.field, error.provider, error.model, error.request_id) == (field, OPENAI, "gpt-5", "req_8")
    assert error.status_code == 200


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"data: {}", b'{"output": [', b"\xff\xfe", b"nul"])
def test_an_answer_that_is_no_json_is_a_serialization_error_that_quotes_nothing(body: bytes) -> None:
    with pytest.raises(SerializationError) as raised:
        CODEC.decode(reply_of(body), prepared_for())
    assert raised.value.message == "the answer is not JSON"
    assert "busy" not in str(raised.value)


@pytest.mark.parametrize("name", [name for name in fixture_names("answer_") if name != "answer_failed"])
def test_decoding_twice_gives_the_same_response(name: str) -> None:
    body = fixture(name)
    assert decoded(body, SCHEMA) == decoded(body, SCHEMA)
    assert evolve(decoded(body), warnings=()) == evolve(decoded(json.loads(json.dumps(body))), warnings=())


def test_call_parts_carry_a_namespace_in_their_signature() -> None:
    part = decoded(fixture("answer_tool_calls")).output.content[-1]
    assert isinstance(part, ToolCallPart)
    assert part.tool_call.signature is not None
    assert part.tool_call.signature.belongs_to(OPENAI, "openai_responses")
