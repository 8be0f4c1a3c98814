"""Answers of every kind: what is there is read, what is odd is remarked on, what is broken is a typed error."""

import json
from base64 import b64encode
from decimal import Decimal
from typing import Any

import pytest
from attrs import asdict
from chat_support import (
    a_reply,
    an_answer,
    codes,
    decoded,
    fixture,
    openai_codec,
    openrouter_codec,
    prepared,
    said,
)

from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    ImagePart,
    InlineData,
    MediaUrl,
    RefusalPart,
    TextPart,
)
from provider_runtime.domain.conversation.request import JsonObjectFormat, JsonSchemaFormat, TextFormat
from provider_runtime.domain.conversation.response import FinishReason
from provider_runtime.domain.errors import Billed, ProtocolError, ProviderStatusError, SerializationError

_FORMATS = {
    "text": TextFormat(),
    "json_object": JsonObjectFormat(),
    "json_schema": JsonSchemaFormat(name="city", schema={"type": "object"}),
}
GOLDEN = fixture("answers")


@pytest.mark.parametrize("name", GOLDEN)
def test_an_answer_is_read_as_the_golden_one(name: str) -> None:
    case = GOLDEN[name]
    codec = openrouter_codec() if case.get("dialect") == "openrouter" else openai_codec()
    response = decoded(case["answer"], codec, _FORMATS[case.get("wanted", "text")])
    expected = case["expect"]
    assert response.text == expected["text"]
    assert response.thinking == expected.get("thinking", "")
    calls = [[call.id, call.name, json.loads(json.dumps(call.arguments_json))] for call in response.tool_calls]
    assert calls == expected.get("tool_calls", [])
    refusals = "".join(part.text for part in response.output.content if isinstance(part, RefusalPart))
    assert refusals == expected.get("refusal", "")
    assert response.finish_reason == expected["finish_reason"]
    assert response.output.structured_output == expected.get("structured_output")
    assert {name: count for name, count in asdict(response.usage).items() if count is not None} == expected["usage"]
    assert codes(response) == expected.get("warnings", [])
    assert response.model == expected.get("model", case["answer"].get("model") or "<unknown-model>")
    assert response.response_id == expected.get("response_id", case["answer"].get("id") or None)
    assert response.raw_provider_response is None
    if "cost" in expected:
        assert response.cost is not None
        amounts = [response.cost.total_cost, response.cost.input_cost, response.cost.output_cost]
        assert [str(amount) for amount in amounts] == expected["cost"]
        assert response.cost.pricing_source == "provider_reported"
    else:
        assert response.cost is None


@pytest.mark.parametrize("name", GOLDEN)
def test_equal_answers_give_equal_responses(name: str) -> None:
    first, second = (decoded(GOLDEN[name]["answer"]) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        ("<think>hm</think>yes", "<think>hm</think>yes"),
        (None, ""),
        ("", ""),
        ([], ""),
        (["a", {"type": "text", "text": "b"}, "", {"type": "text", "text": ""}], "ab"),
        ([""], ""),
        ({"b": 1, "a": [True]}, '{"b":1,"a":[true]}'),
    ],
)
def test_content_comes_in_many_forms(content: object, text: str) -> None:
    response = decoded(said(content))
    assert response.text == text
    assert codes(response) == ([] if text else ["empty_output"])


@pytest.mark.parametrize("content", [7, 7.5, True])
def test_a_number_as_content_is_a_value_only_where_json_was_asked_for(content: float) -> None:
    assert decoded(said(content), wanted=_FORMATS["json_schema"]).output.structured_output == content
    with pytest.raises(ProtocolError) as broken:
        decoded(said(content))
    assert broken.value.field == "choices[0].message.content"


def test_an_object_as_content_is_the_structured_value_too() -> None:
    response = decoded(said({"title": "Apples"}), wanted=_FORMATS["json_schema"])
    assert response.output.structured_output == {"title": "Apples"}


@pytest.mark.parametrize(
    ("wanted", "content", "value"), [("json_object", "[1]", None), ("json_schema", "[1]", (1,)), ("text", "[1]", None)]
)
def test_structured_output_is_what_was_asked_for(wanted: str, content: str, value: object) -> None:
    response = decoded(said(content), wanted=_FORMATS[wanted])
    assert response.output.structured_output == value
    assert codes(response) == (["structured_output_parse_failed"] if wanted == "json_object" else [])


def test_a_missing_message_content_is_an_empty_answer() -> None:
    assert codes(decoded(an_answer({"role": "assistant"}))) == ["empty_output"]


def test_unknown_content_is_skipped_with_a_remark_and_never_shown() -> None:
    response = decoded(said([{"type": "reference", "reference_ids": [1]}, 5, {"type": "text", "text": "ok"}]))
    assert response.text == "ok"
    assert codes(response) == ["unknown_content_block"] * 2


@pytest.mark.parametrize(
    ("said_reason", "reason", "remarks"),
    [
        ("stop", FinishReason.STOP, []),
        ("end_turn", FinishReason.STOP, []),
        ("eos", FinishReason.STOP, []),
        ("STOP", FinishReason.STOP, []),
        ("length", FinishReason.LENGTH, []),
        ("model_length", FinishReason.LENGTH, []),
        ("content_filter", FinishReason.CONTENT_FILTER, []),
        ("insufficient_system_resource", FinishReason.ERROR, []),
        ("tool_calls", FinishReason.OTHER, []),
        ("", FinishReason.OTHER, []),
        (None, FinishReason.OTHER, []),
        ("new_reason", FinishReason.OTHER, ["unknown_finish_reason"]),
    ],
)
def test_finish_reasons_of_plain_answers(said_reason: str | None, reason: FinishReason, remarks: list[str]) -> None:
    response = decoded(an_answer({"content": "x"}, said_reason))
    assert response.finish_reason is reason
    assert codes(response) == remarks


@pytest.mark.parametrize(
    ("said_reason", "reason"),
    [
        ("tool_calls", FinishReason.TOOL_CALLS),
        ("stop", FinishReason.TOOL_CALLS),
        ("function_call", FinishReason.TOOL_CALLS),
        (None, FinishReason.TOOL_CALLS),
        ("length", FinishReason.LENGTH),
        ("content_filter", FinishReason.CONTENT_FILTER),
    ],
)
def test_tool_calls_that_are_there_beat_what_the_reason_says(said_reason: str | None, reason: FinishReason) -> None:
    call = {"id": "1", "function": {"name": "f", "arguments": "{}"}}
    assert decoded(an_answer({"tool_calls": [call]}, said_reason)).finish_reason is reason


def test_an_older_answer_names_its_end_in_finish_details() -> None:
    answer = said("A cat.")
    answer["choices"][0] |= {"finish_reason": None, "finish_details": {"type": "stop"}}
    assert decoded(answer).finish_reason is FinishReason.STOP


def calls_of(*calls: object) -> list[tuple[str, str, Any]]:
    response = decoded(an_answer({"tool_calls": list(calls)}, "tool_calls"))
    return [(call.id, call.name, call.arguments_json) for call in response.tool_calls]


def test_tool_call_ids_are_made_where_they_are_missing_empty_or_used_twice() -> None:
    def call(**fields: object) -> dict[str, object]:
        return {"function": {"name": "f", "arguments": "{}"}} | fields

    assert [made[0] for made in calls_of(call(), call(id=""), call(id=0))] == ["call_0", "call_1", "0"]
    ids = [made[0] for made in calls_of(call(id="same"), call(id="same"), call(id="call_3"), call())]
    assert ids[0] == "same"
    assert len(set(ids)) == 4


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ("", {}),
        (None, {}),
        ("{}", {}),
        ('{"big": 12345678901234567890123}', {"big": 12345678901234567890123}),
    ],
)
def test_tool_arguments_come_in_many_forms(arguments: object, value: object) -> None:
    assert calls_of({"id": "1", "function": {"name": "f", "arguments": arguments}}) == [("1", "f", value)]
    assert calls_of({"id": "1", "function": {"name": "f"}}) == [("1", "f", {})]


def test_cut_arguments_are_kept_as_text_with_a_remark() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": '}}
    response = decoded(an_answer({"tool_calls": [call]}, "length"))
    assert response.tool_calls[0].arguments_json == '{"a": '
    assert codes(response) == ["tool_arguments_invalid_json"]


def test_a_custom_tool_call_and_a_legacy_function_call_are_tool_calls() -> None:
    custom = {"id": "1", "type": "custom", "custom": {"name": "shell", "input": '["ls"]'}}
    assert calls_of(custom) == [("1", "shell", ("ls",))]
    response = decoded(an_answer({"function_call": {"name": "f", "arguments": '{"a":1}'}}, "function_call"))
    assert [(call.id, call.name, call.arguments_json) for call in response.tool_calls] == [("call_0", "f", {"a": 1})]
    assert response.finish_reason is FinishReason.TOOL_CALLS


def test_a_tool_call_without_a_name_is_skipped_with_a_remark() -> None:
    response = decoded(an_answer({"content": "x", "tool_calls": [{"id": "1"}, "nonsense"]}, "tool_calls"))
    assert response.tool_calls == ()
    assert codes(response) == ["unknown_content_block"] * 2


def test_of_several_choices_the_first_counts() -> None:
    answer = said("first")
    answer["choices"] += said("second")["choices"]
    response = decoded(answer)
    assert response.text == "first"
    assert codes(response) == ["extra_choices_ignored"]


def test_annotations_and_addresses_beside_the_choices_are_citations() -> None:
    cited = {"url": "https://a.example", "title": "A", "content": "said so", "start_index": 0, "end_index": 4}
    annotations = [{"type": "url_citation", "url_citation": cited}, {"type": "file", "file": {"hash": "x"}}, None]
    part = decoded(said("Yes.", annotations=annotations)).output.content[0]
    assert part == TextPart(
        "Yes.",
        citations=[
            Citation(url="https://a.example", title="A", cited_text="said so", start_index=0, end_index=4),
        ],
    )
    beside = {"citations": ["https://b.example", 5], "search_results": [{"url": "https://b.example", "title": "B"}]}
    part = decoded(said("Yes.") | beside).output.content[0]
    assert part == TextPart("Yes.", citations=[Citation(url="https://b.example", title="B")])


def test_an_audio_answer_is_sound_with_its_transcript() -> None:
    sound = b64encode(b"RIFF....WAVE").decode()
    response = decoded(said(None, audio={"id": "a", "data": sound, "expires_at": 1, "transcript": "Hello."}))
    assert response.output.content == (
        AudioPart(source=InlineData(media_type="audio/wav", data=b"RIFF....WAVE"), transcript="Hello."),
    )
    unreadable = decoded(said(None, audio={"id": "a", "data": "?", "transcript": "Hello."}))
    assert unreadable.text == "Hello."
    assert codes(unreadable) == ["unknown_content_block"]


def test_generated_images_are_image_parts() -> None:
    def image(url: object) -> dict[str, object]:
        return {"type": "image_url", "image_url": {"url": url}}

    images = [image("data:image/webp;base64,UE5H"), image("https://a.example/b.png"), image(None), image("data:x,y")]
    response = decoded(said("Here.", images=images), openrouter_codec())
    assert response.output.content[1:] == (
        ImagePart(source=InlineData(media_type="image/webp", data=b"PNG")),
        ImagePart(source=MediaUrl(url="https://a.example/b.png")),
    )
    assert codes(response) == ["unknown_content_block"] * 2


def test_a_refusal_among_the_content_is_a_refusal_too() -> None:
    response = decoded(said([{"type": "refusal", "refusal": "No."}]))
    assert response.output.content == (RefusalPart("No."),)
    assert codes(response) == ["model_refusal"]


def test_blank_lines_and_a_wrong_content_type_do_not_matter() -> None:
    body = b'\n\n   \n{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}\n'
    reply = a_reply(body, content_type="text/plain", x_request_id="req-1")
    response = openai_codec().decode(reply, prepared())
    assert response.text == "x"
    assert response.provider_request_id == "req-1"


def test_a_choice_that_the_filter_emptied_is_an_answer() -> None:
    answer = an_answer(None, "content_filter")
    del answer["choices"][0]["message"]
    response = decoded(answer)
    assert response.finish_reason is FinishReason.CONTENT_FILTER
    assert codes(response) == ["empty_output"]


def test_the_text_of_a_completion_is_read_where_there_is_no_message() -> None:
    assert decoded({"choices": [{"text": "legacy", "finish_reason": "length"}]}).text == "legacy"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ({"id": "x"}, "choices"),
        ({"choices": []}, "choices"),
        ({"choices": {}}, "choices"),
        ({"choices": ["x"]}, "choices[0]"),
        ({"choices": [{"finish_reason": "stop"}]}, "choices[0].message"),
        ({"choices": [{"message": "x"}]}, "choices[0].message"),
        ({"choices": [{"message": {"content": "x", "tool_calls": {"0": {}}}}]}, "choices[0].message.tool_calls"),
        ({"choices": [{"message": {"content": "x"}, "finish_reason": "error"}]}, "choices[0].finish_reason"),
    ],
)
def test_what_cannot_be_understood_is_a_protocol_error_naming_the_field(body: object, field: str) -> None:
    with pytest.raises(ProtocolError) as broken:
        decoded(body)
    assert broken.value.field == field
    assert broken.value.billed is Billed.YES
    with pytest.raises(ProtocolError) as again:
        decoded(body)
    assert str(again.value) == str(broken.value)


@pytest.mark.parametrize("body", [b"", b"<html>secret</html>", b"data: {}\n\n", b'{"a":', b"\xff\xfe"])
def test_what_is_no_json_is_a_serialization_error_quoting_nothing(body: bytes) -> None:
    with pytest.raises(SerializationError) as broken:
        decoded(body)
    assert "secret" not in str(broken.value)


@pytest.mark.parametrize(
    ("body", "code", "status", "retryable"),
    [
        ({"error": {"code": 429, "message": "Slow down"}}, "rate_limited", 429, True),
        ({"error": {"code": 502, "message": "Upstream"}}, "server_error", 502, True),
        ({"error": {"code": "rate_limit_exceeded", "message": "Slow"}}, "rate_limited", 200, True),
        ({"error": {"type": "insufficient_quota", "message": "Pay"}}, "quota_exhausted", 200, False),
        ({"error": "something odd"}, "provider_status", 200, False),
        ({"object": "error", "message": "no such model", "code": 404}, "not_found", 404, False),
        ({"detail": "Not Found"}, "provider_status", 200, False),
    ],
)
def test_an_error_under_200_is_the_error_it_names(body: object, code: str, status: int, retryable: bool) -> None:  # noqa: FBT001 - a column of the table
    with pytest.raises(ProviderStatusError) as failed:
        decoded(body)
    assert (failed.value.code, failed.value.status_code, failed.value.retryable) == (code, status, retryable)


def test_an_error_inside_a_choice_may_have_been_billed() -> None:
    answer = an_answer({"content": "Half an ans"}, "error")
    answer["choices"][0]["error"] = {"code": 503, "message": "Provider went away"}
    with pytest.raises(ProviderStatusError) as failed:
        decoded(answer)
    assert failed.value.code == "overloaded"
    assert failed.value.billed is Billed.MAYBE


def test_money_is_read_by_its_decimal_form() -> None:
    def cost(**usage: object) -> object:
        answer = said("x") | {"usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2} | usage}
        found = decoded(answer, openrouter_codec()).cost
        return found and (found.total_cost, found.input_cost, found.output_cost)

    zero = Decimal(0)
    assert cost(cost=0.1) == (Decimal("0.1"), zero, zero)
    assert cost(cost=0) == (zero, zero, zero)
    assert cost(cost="0.000001234") == (Decimal("0.000001234"), zero, zero)
    assert cost() is None
    assert cost(cost=-1) is None
    assert cost(cost="NaN") is None
    assert cost(cost={"total_cost": 1}) is None
    own_key = {"is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}
    assert cost(cost=0.001, **own_key) == (Decimal("0.021"), zero, zero)


@pytest.mark.parametrize("details", [{}, {"upstream_inference_cost": None}])
def test_the_fee_for_a_key_of_one_s_own_is_marked_as_a_fee_where_nothing_is_said_of_the_rest(
    details: dict[str, object],
) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 0.001, "is_byok": True}
    found = decoded(said("x") | {"usage": {**usage, "cost_details": details}}, openrouter_codec()).cost
    assert found is not None
    assert found.request_cost == found.total_cost == Decimal("0.001")
