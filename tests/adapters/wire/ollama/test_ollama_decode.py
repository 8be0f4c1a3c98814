"""Answers of an Ollama server: what is read, what is a warning, what is a typed error."""

import json
from typing import Any

import pytest
from ollama_wire import (
    ACME,
    CODEC,
    MODEL,
    a_call,
    a_reply,
    a_request,
    an_answer,
    codec_with,
    codes,
    decoded,
    prepared,
)

from provider_runtime.adapters.wire.ollama.codec import OllamaCodec
from provider_runtime.adapters.wire.ollama.decode import window_asked
from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.conversation.parts import TextPart, ThinkingPart, ToolCallPart
from provider_runtime.domain.conversation.request import JsonObjectFormat, JsonSchemaFormat
from provider_runtime.domain.conversation.response import FinishReason
from provider_runtime.domain.errors import (
    Delivery,
    ErrorCode,
    ProtocolError,
    ProviderError,
    ProviderStatusError,
    SerializationError,
)


def refused(body: object) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        decoded(body)
    assert (raised.value.provider, raised.value.model) == (ACME, MODEL)
    return raised.value


def lines(*pieces: object) -> bytes:
    return b"".join(json.dumps(piece).encode() + b"\n" for piece in pieces)


# ── parts ───────────────────────────────────────────────────────────────────────────────────


def test_thinking_comes_first_then_text_then_calls() -> None:
    response = decoded(an_answer("Let me look.", message={"thinking": "Hm.", "tool_calls": [a_call(id="c")]}))
    assert [type(part) for part in response.output.content] == [ThinkingPart, TextPart, ToolCallPart]
    thought = response.output.content[0]
    assert isinstance(thought, ThinkingPart)
    assert (thought.provider, thought.signature) == (ACME, None)


@pytest.mark.parametrize("content", [None, ""])
def test_an_answer_without_words_is_said_to_be_empty(content: object) -> None:
    response = decoded(an_answer(content))
    assert response.output.content == ()
    assert codes(response) == ["empty_output"]


@pytest.mark.parametrize("content", [["Hi"], {"text": "Hi"}, 7])
def test_content_that_is_no_text_is_skipped_with_a_warning(content: object) -> None:
    assert codes(decoded(an_answer(content))) == ["unknown_content_block", "empty_output"]


def test_an_image_that_is_none_is_skipped_with_a_warning() -> None:
    response = decoded(an_answer(message={"images": ["?", "iV*BORw==", 7, ""]}))
    assert response.text == "Hi."
    assert codes(response) == ["unknown_content_block"] * 4


def test_ids_of_calls_are_kept_and_missing_or_repeated_ones_made() -> None:
    calls = [a_call(id="x"), a_call(), a_call(id="x"), a_call(id=""), a_call(id=None), a_call(id="call_1")]
    ids = [call.id for call in decoded(an_answer(message={"tool_calls": calls})).tool_calls]
    assert ids == ["x", "call_1", "x_2", "call_3", "call_4", "call_1_5"]


def test_arguments_come_as_an_object_or_its_text_and_what_is_neither_is_kept() -> None:
    given = [{"a": 1}, '{"a": 1}', "", '{"a', [1]]
    response = decoded(an_answer(message={"tool_calls": [a_call(arguments=one) for one in given]}))
    assert [call.arguments_json for call in response.tool_calls] == [{"a": 1}, {"a": 1}, {}, '{"a', (1,)]
    assert codes(response) == ["tool_arguments_invalid_json"]


def test_a_call_without_a_name_is_skipped_and_the_others_are_kept() -> None:
    response = decoded(an_answer(message={"tool_calls": [None, {}, a_call(""), a_call("f")]}))
    assert [call.name for call in response.tool_calls] == ["f"]
    assert codes(response) == ["unknown_content_block"] * 3


# ── why it ended ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("reason", "calls", "finish", "remarks"),
    [
        ("stop", False, FinishReason.STOP, []),
        ("stop", True, FinishReason.TOOL_CALLS, []),
        ("tool_calls", True, FinishReason.TOOL_CALLS, []),
        ("tool_calls", False, FinishReason.STOP, []),
        ("length", False, FinishReason.LENGTH, []),
        ("length", True, FinishReason.LENGTH, []),
        ("unload", False, FinishReason.OTHER, []),
        (None, False, FinishReason.OTHER, []),
        (None, True, FinishReason.TOOL_CALLS, []),
        ("", False, FinishReason.OTHER, []),
        ("weary", False, FinishReason.OTHER, ["unknown_finish_reason"]),
        (["stop"], False, FinishReason.OTHER, []),
    ],
)
def test_what_is_there_beats_what_is_said_about_the_end(
    reason: object, finish: FinishReason, remarks: list[str], *, calls: bool
) -> None:
    message = {"tool_calls": [a_call()]} if calls else {}
    response = decoded(an_answer(message=message, done_reason=reason))
    assert response.finish_reason is finish
    assert codes(response) == remarks


# ── numbers ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "made", "remarks"),
    [
        (0, 5, []),
        (None, 5, ["usage_partial"]),
        (10, None, ["usage_partial"]),
        (None, None, ["usage_missing"]),
        (-1, "5", ["usage_missing"]),
        (10.0, True, ["usage_partial"]),
    ],
)
def test_counts_are_those_reported_and_nothing_else(given: object, made: object, remarks: list[str]) -> None:
    response = decoded(an_answer(prompt_eval_count=given, eval_count=made))
    assert response.usage.input_tokens == (given if type(given) in {int, float} and given != -1 else None)
    assert response.usage.output_tokens == (made if type(made) is int else None)
    assert response.usage.total_tokens is None
    assert codes(response) == remarks


def test_a_missing_model_is_unknown_and_a_request_id_comes_from_the_headers() -> None:
    response = CODEC.decode(a_reply(an_answer(model=None), x_request_id="req-1"), prepared())
    assert (response.model, response.response_id, response.provider_request_id) == ("<unknown-model>", None, "req-1")


# ── asked and got ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("thinking", "remarks"), [("Hm.", []), ("", ["reasoning_not_used"])])
def test_reasoning_that_was_asked_for_and_is_not_there_is_a_warning(thinking: str, remarks: list[str]) -> None:
    reply = a_reply(an_answer(message={"thinking": thinking}))
    assert codes(CODEC.decode(reply, prepared(thinks=True))) == remarks
    assert codes(CODEC.decode(reply, prepared(thinks=False))) == []


def test_a_local_server_that_passed_the_call_on_is_found_out() -> None:
    reply = a_reply(an_answer(remote_model="gpt-oss:120b", remote_host="https://ollama.com:443"))
    assert codes(OllamaCodec(cloud_models=False).decode(reply, prepared())) == ["another_model_answered"]
    assert codes(OllamaCodec(cloud_models=True).decode(reply, prepared())) == []
    assert codes(OllamaCodec(cloud_models=False).decode(a_reply(an_answer()), prepared())) == []


# What servers were seen to evaluate of longer prompts, by the size of their window.
CUT = [(2048, 2048), (2048, 1026), (4096, 2050), (4096, 2051), (8192, 4099), (4096, 4095)]


@pytest.mark.parametrize(("window", "counted"), CUT)
def test_a_prompt_that_counts_what_is_kept_of_a_longer_one_is_a_warning(window: int, counted: int) -> None:
    asked = codec_with(num_ctx=window, min_p=0.1).encode(a_request(temperature=0), ACME).body
    response = CODEC.decode(a_reply(an_answer(prompt_eval_count=counted)), prepared(body=asked))
    assert codes(response) == ["prompt_truncated"]
    response = CODEC.decode(a_reply(an_answer(prompt_eval_count=counted - 5)), prepared(body=asked))
    assert codes(response) == []


@pytest.mark.parametrize("counted", [1, 2049, 2052, 4094])
def test_a_prompt_that_fits_the_window_is_not_said_to_be_cut(counted: int) -> None:
    asked = codec_with(num_ctx=4096).encode(a_request(), ACME).body
    assert codes(CODEC.decode(a_reply(an_answer(prompt_eval_count=counted)), prepared(body=asked))) == []


def test_without_a_known_window_nothing_is_said_about_it() -> None:
    asked = CODEC.encode(a_request(temperature=0), ACME).body
    assert codes(CODEC.decode(a_reply(an_answer(prompt_eval_count=2051)), prepared(body=asked))) == []


@pytest.mark.parametrize(
    "said", ['"options":{"num_ctx":7}', '{"options":{"num_ctx":7}}', 'x","options":{"num_ctx":7,"y":"']
)
def test_the_window_is_that_of_the_request_whatever_the_conversation_says(said: str) -> None:
    assert window_asked(codec_with(num_ctx=4096).encode(a_request(user(said)), ACME).body) == 4096
    assert window_asked(CODEC.encode(a_request(user(said)), ACME).body) is None


# ── structured output ───────────────────────────────────────────────────────────────────────


def test_a_value_that_was_asked_for_is_parsed_and_anything_else_is_a_warning() -> None:
    schema = JsonSchemaFormat(name="city", schema={"type": "object"})
    assert decoded(an_answer('{\n "city": "Rome"\n}\n'), schema).output.structured_output == {"city": "Rome"}
    assert codes(decoded(an_answer("Rome"), JsonObjectFormat())) == ["structured_output_parse_failed"]
    assert decoded(an_answer('{"city": "Rome"}')).output.structured_output is None


# ── several lines ───────────────────────────────────────────────────────────────────────────


def test_a_stream_that_nobody_asked_for_is_joined() -> None:
    def piece(**message: Any) -> dict[str, Any]:
        return {"model": MODEL, "message": {"role": "assistant", "content": "", **message}, "done": False}

    said = [piece(thinking="H"), piece(thinking="m."), piece(content="He"), piece(content="llo.")]
    body = lines(*said, piece(tool_calls=[a_call()]), an_answer("", prompt_eval_count=7))
    response = decoded(body)
    assert (response.thinking, response.text) == ("Hm.", "Hello.")
    assert [call.name for call in response.tool_calls] == ["get_weather"]
    assert (response.finish_reason, response.usage.input_tokens) == (FinishReason.TOOL_CALLS, 7)
    assert codes(response) == []


def test_one_object_between_blank_lines_is_one_object() -> None:
    assert decoded(b"\n\n" + json.dumps(an_answer()).encode() + b"\r\n\n").text == "Hi."


def test_a_stream_that_broke_off_is_a_protocol_error() -> None:
    piece = {"message": {"content": "He"}, "done": False}
    for body in (lines(piece, piece), lines(piece), lines(piece, {"done": None}), lines(piece, 7)):
        error = refused(body)
        assert isinstance(error, ProtocolError)
        assert error.field == "done"


def test_a_stream_that_ended_in_an_error_may_have_been_billed() -> None:
    error = refused(lines({"message": {"content": "He"}, "done": False}, {"error": "an error was encountered"}))
    assert isinstance(error, ProviderStatusError)
    assert (error.message, error.delivery) == ("an error was encountered", Delivery.AMBIGUOUS)


# ── what cannot be understood ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("body", [b"", b" \n", b"<html></html>", b"\xff\xfe", b'{"message": ', b"{}\n{", b"[" * 5000])
def test_what_is_no_json_is_a_serialization_error_that_quotes_nothing(body: bytes) -> None:
    error = refused(body)
    assert isinstance(error, SerializationError)
    assert error.message == "the answer is no JSON"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ("Hi", "body"),
        (None, "body"),
        ({}, "message"),
        ({"message": "Hi", "done": True}, "message"),
        ({"response": "Hi", "done": True}, "message"),
        (an_answer(message={"tool_calls": "f"}), "message.tool_calls"),
        (an_answer(message={"tool_calls": {"function": {}}}), "message.tool_calls"),
        (an_answer(done=False), "done"),
    ],
)
def test_what_the_protocol_does_not_promise_is_named_by_its_place(body: object, field: str) -> None:
    error = refused(body)
    assert isinstance(error, ProtocolError)
    assert (error.field, error.delivery) == (field, Delivery.ANSWERED_BAD)


@pytest.mark.parametrize(
    ("told", "code", "message"),
    [
        ("something went wrong", ErrorCode.PROVIDER_STATUS, "something went wrong"),
        ({"message": "no", "code": 429}, ErrorCode.RATE_LIMITED, "no"),
        ('{"error": {"message": "deep", "code": 503}}', ErrorCode.OVERLOADED, "deep"),
        ("model not found", ErrorCode.PROVIDER_STATUS, "model not found"),
    ],
)
def test_an_error_under_200_is_the_error_it_tells_of(told: object, code: ErrorCode, message: str) -> None:
    error = refused({"error": told})
    assert isinstance(error, ProviderStatusError)
    assert (error.code, error.message) == (code, message)


@pytest.mark.parametrize("error", ["", None, [], {}, ["x"], 7])
def test_an_error_that_says_nothing_leaves_the_word_to_the_message_beside_it(error: object) -> None:
    told = CODEC.decode_error(a_reply({"error": error, "message": "beside"}, 400), ACME, None)
    assert told.message == "beside"


@pytest.mark.parametrize(
    ("code", "status"), [(400, 400), (599, 599), (399, 200), (600, 200), ("429", 200), (True, 200)]
)
def test_only_a_number_that_is_an_error_status_is_one(code: object, status: int) -> None:
    error = refused({"error": {"message": "no", "code": code}})
    assert isinstance(error, ProviderStatusError)
    assert error.status_code == status


def test_an_error_wrapped_beyond_reason_is_still_an_error() -> None:
    body: object = {"message": "innermost"}
    for _ in range(12):
        body = {"error": json.dumps(body)}
    error = CODEC.decode_error(a_reply(body, 500), ACME, None)
    assert error.code is ErrorCode.SERVER_ERROR
    assert len(error.message) <= 501
