import json
from typing import Any

import pytest
from attrs import evolve
from responses_cases import CODEC, encoded_body, fixture, request_for, warning_codes

from provider_runtime.domain.conversation.markers import CacheBoundary, CacheTtl, Signature
from provider_runtime.domain.conversation.messages import Message, MessageRole, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    DocumentPart,
    ImageDetail,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResult,
    ToolResultPart,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import (
    JsonObjectFormat,
    JsonSchemaFormat,
    ProviderRequest,
    ReasoningOff,
)
from provider_runtime.domain.conversation.tools import (
    ToolCall,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.domain.identity import ANTHROPIC, OPENAI

CITY_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = ToolDefinition(name="get_weather", description="The weather now.", parameters_schema=CITY_SCHEMA)
CITIES = ToolDefinition(name="list_cities")


def minimal() -> ProviderRequest:
    return request_for("gpt-4.1", user("What is a fjord?"))


def conversation() -> ProviderRequest:
    return request_for(
        "gpt-4.1",
        system("Answer in one word."),
        user("Capital of Norway?"),
        assistant("Oslo"),
        user("And how do I forge a passport?"),
        assistant(RefusalPart("I cannot help with that.")),
        system("Stay on geography."),
        user("Capital of Iceland?"),
    )


def tools() -> ProviderRequest:
    calls = (
        ToolCall(id="call_1", name="get_weather", arguments_json={"unit": "C", "city": "Bergen"}),
        ToolCall(id="call_2", name="get_weather", arguments_json='{"city": '),
    )
    raw = ToolResult(tool_call_id="call_5", content=ToolResultText("ignored"), raw_provider_content="verbatim")
    return request_for(
        "gpt-4.1",
        user("Weather in Bergen and Tromsø?"),
        assistant(*(ToolCallPart(call) for call in calls)),
        tool_result("call_1", {"temperature": 7, "rain": True}),
        tool_result("call_2", "no such city", is_error=True),
        tool_result("call_3", [TextPart("first line"), TextPart("second line")]),
        tool_result(
            "call_4", [TextPart("The map:"), ImagePart(source=MediaUrl(url="https://maps.example/bergen.png"))]
        ),
        Message(role=MessageRole.TOOL, content=(ToolResultPart(raw),)),
        tools=(WEATHER, CITIES),
        parallel_tool_calls=False,
    )


def media() -> ProviderRequest:
    return request_for(
        "gpt-5.6-sol",
        user(
            TextPart("Compare these.", cache=CacheBoundary()),
            ImagePart(source=InlineData(media_type="image/png", data=b"\x89PNG"), detail=ImageDetail.HIGH),
            ImagePart(source=MediaUrl(url="https://pictures.example/fjord.jpg")),
            ImagePart(source=ProviderFile(file_id="file-picture", provider=OPENAI)),
            DocumentPart(source=InlineData(media_type="application/pdf", data=b"%PDF"), name="fjords.pdf"),
            DocumentPart(source=InlineData(media_type="text/plain", data=b"hi")),
            DocumentPart(source=MediaUrl(url="https://papers.example/ice.pdf")),
            DocumentPart(source=ProviderFile(file_id="file-paper"), cache=CacheBoundary()),
        ),
    )


def controls() -> ProviderRequest:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
        "additionalProperties": False,
    }
    return request_for(
        "gpt-5.4",
        user("Name a fjord, as JSON."),
        response_format=JsonSchemaFormat(name="fjord", schema=schema),
        reasoning=ReasoningOff(),
        max_output_tokens=400,
        temperature=0.25,
        metadata={"ticket": "12", "team": "geo"},
        provider_options={
            "openai": {
                "text": {"verbosity": "low"},
                "reasoning": {"summary": "auto"},
                "include": ["web_search_call.action.sources", "reasoning.encrypted_content"],
                "tools": [{"type": "web_search"}],
                "service_tier": "flex",
            },
            "anthropic": {"thinking": {"type": "disabled"}},
        },
    )


@pytest.mark.parametrize("make", [minimal, conversation, tools, media, controls], ids=lambda make: make.__name__)
def test_a_request_becomes_the_golden_body(make: Any) -> None:
    assert encoded_body(make()) == fixture(f"request_{make.__name__}")


@pytest.mark.parametrize("make", [minimal, conversation, tools, media, controls], ids=lambda make: make.__name__)
def test_equal_requests_give_equal_bytes(make: Any) -> None:
    first, second = CODEC.encode(make(), OPENAI), CODEC.encode(make(), OPENAI)
    assert first.body == second.body
    assert first.warnings == second.warnings


def test_the_request_goes_to_the_responses_path_with_a_bearer_key() -> None:
    assert CODEC.encode(minimal(), OPENAI).path == "/v1/responses"
    assert (CODEC.auth_header, CODEC.auth_prefix, CODEC.models_path) == ("authorization", "Bearer ", "/v1/models")


# ── tools ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (ToolChoiceAuto(), "auto"),
        (ToolChoiceNone(), "none"),
        (ToolChoiceRequired(), "required"),
        (ToolChoiceSpecific("get_weather"), {"type": "function", "name": "get_weather"}),
    ],
)
def test_each_tool_choice_has_its_form(choice: Any, sent: object) -> None:
    assert encoded_body(request_for("gpt-4.1", tools=(WEATHER,), tool_choice=choice))["tool_choice"] == sent


def test_without_tools_nothing_about_tools_is_sent() -> None:
    body = encoded_body(request_for("gpt-4.1", tool_choice=ToolChoiceNone(), parallel_tool_calls=True))
    assert {"tools", "tool_choice", "parallel_tool_calls"}.isdisjoint(body)


@pytest.mark.parametrize("choice", [ToolChoiceRequired(), ToolChoiceSpecific("get_weather")])
def test_insisting_on_a_tool_without_tools_is_refused(choice: Any) -> None:
    with pytest.raises(RequestInvalid) as refused:
        CODEC.encode(request_for("gpt-4.1", tool_choice=choice), OPENAI)
    assert refused.value.field == "tool_choice"


def test_insisting_on_a_tool_that_is_not_defined_is_refused() -> None:
    with pytest.raises(RequestInvalid):
        CODEC.encode(request_for("gpt-4.1", tools=(WEATHER,), tool_choice=ToolChoiceSpecific("other")), OPENAI)


def object_of(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (object_of(), True),
        (object_of(a={"type": "string"}), True),
        (object_of(a=object_of(b={"type": "integer"})), True),
        (object_of(a={"type": "array", "items": object_of()}), True),
        (object_of(a={"type": ["string", "null"]}), True),
        (object_of(a={"$ref": "#/$defs/x"}) | {"$defs": {"x": object_of()}}, True),
        ({"type": "object", "properties": {}}, False),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, False),
        (object_of(a={"type": "string"}) | {"additionalProperties": True}, False),
        (object_of(a={"anyOf": [{"type": "string"}]}), False),
        (object_of(a={"type": "object"}), False),
        (object_of(a={"type": ["object", "null"]}), False),
        (object_of(a={"type": "array", "items": {"type": "object"}}), False),
        (object_of(a={"type": "array", "items": True}), False),
        (object_of(a={"$ref": "#/$defs/x"}) | {"$defs": {"x": {"type": "object"}}}, False),
        (object_of(a={"type": "string"}) | {"required": "a"}, False),
        ({"type": "string"}, False),
        ({}, False),
    ],
)
def test_strict_mode_is_on_for_closed_schemas_only(schema: dict[str, object], strict: bool) -> None:  # noqa: FBT001 - a table
    request = request_for("gpt-4.1", tools=(ToolDefinition(name="t", parameters_schema=schema),))
    assert encoded_body(request)["tools"][0]["strict"] is strict
    assert warning_codes(request) == ([] if strict else ["tool_schema_not_strict_compatible_strict_disabled"])


@pytest.mark.parametrize("wish", [True, False])
def test_what_a_definition_says_about_strictness_is_obeyed(wish: bool) -> None:  # noqa: FBT001 - a table
    request = request_for("gpt-4.1", tools=(evolve(WEATHER, strict=wish), evolve(CITIES, strict=wish)))
    assert [tool["strict"] for tool in encoded_body(request)["tools"]] == [wish, wish]
    assert warning_codes(request) == []


# ── formats ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("word", ["JSON", "json", "a Json object"])
def test_a_json_object_may_be_asked_for_if_the_conversation_says_so(word: str) -> None:
    body = encoded_body(request_for("gpt-4.1", user(f"Give me {word}"), response_format=JsonObjectFormat()))
    assert body["text"] == {"format": {"type": "json_object"}}


def test_a_json_object_that_nobody_spoke_of_is_refused() -> None:
    with pytest.raises(RequestInvalid) as refused:
        CODEC.encode(request_for("gpt-4.1", response_format=JsonObjectFormat()), OPENAI)
    assert refused.value.field == "response_format"


def test_a_schema_that_need_not_be_enforced_says_so() -> None:
    wanted = JsonSchemaFormat(name="any", schema={"type": "object"}, strict=False)
    sent = encoded_body(request_for("gpt-4.1", response_format=wanted))["text"]["format"]
    assert sent == {"type": "json_schema", "name": "any", "schema": {"type": "object"}, "strict": False}


# ── parts ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "message",
    [
        user(AudioPart(source=InlineData(media_type="audio/wav", data=b"RIFF"))),
        assistant(AudioPart(source=InlineData(media_type="audio/wav", data=b"RIFF"), transcript="hello")),
        assistant(ImagePart(source=InlineData(media_type="image/png", data=b"x"))),
        tool_result("call_1", [AudioPart(source=InlineData(media_type="audio/wav", data=b"RIFF"))]),
        user(ImagePart(source=ProviderFile(file_id="file-1", provider=ANTHROPIC))),
        user(DocumentPart(source=ProviderFile(file_id="file-1", provider=ANTHROPIC))),
    ],
)
def test_media_that_this_api_cannot_take_is_refused_with_its_place(message: Message) -> None:
    with pytest.raises(IntentUnsupported) as refused:
        CODEC.encode(request_for("gpt-4.1", user("first"), message), OPENAI)
    assert refused.value.field.startswith("messages[1].content[0]")


@pytest.mark.parametrize(
    "message",
    [
        user(ThinkingPart(text="hm")),
        Message(role=MessageRole.TOOL, content=(TextPart("loose text"),)),
        assistant(ToolResultPart(ToolResult(tool_call_id="c", content=ToolResultText("x")))),
        system(ToolCallPart(ToolCall(id="c", name="t"))),
    ],
)
def test_a_part_in_the_wrong_role_is_refused(message: Message) -> None:
    with pytest.raises(RequestInvalid) as refused:
        CODEC.encode(request_for("gpt-4.1", message), OPENAI)
    assert refused.value.field == "messages[0].content[0]"


def test_messages_that_leave_nothing_to_send_are_refused() -> None:
    with pytest.raises(RequestInvalid) as refused:
        CODEC.encode(request_for("gpt-4.1", assistant()), OPENAI)
    assert refused.value.field == "messages"


def test_unsigned_and_foreign_reasoning_is_left_out_with_one_warning() -> None:
    foreign = Signature(provider=ANTHROPIC, wire="anthropic_messages", value="sig")
    request = request_for(
        "gpt-5",
        user("Hi"),
        assistant(ThinkingPart(text="a"), ThinkingPart(text="b", signature=foreign), "Hello"),
        user("Bye"),
    )
    assert [item["type"] for item in encoded_body(request)["input"]] == ["message", "message", "message"]
    assert warning_codes(request) == ["dropped_thinking_on_encode"]


@pytest.mark.parametrize("value", ["not json", "[]", '"text"', '{"item": 5}', '{"segment": ["x"], "of": {}}', "{"])
def test_a_signature_that_does_not_read_counts_as_foreign(value: str) -> None:
    broken = Signature(provider=OPENAI, wire="openai_responses", value=value)
    parts = (ThinkingPart(text="a", signature=broken), TextPart("Hello", signature=broken))
    call = ToolCallPart(ToolCall(id="c", name="t", signature=broken))
    items = encoded_body(request_for("gpt-5", assistant(*parts, call)))["input"]
    assert [item["type"] for item in items] == ["message", "function_call"]
    assert "namespace" not in items[1]


def test_citations_do_not_go_back() -> None:
    said = TextPart("Sogn", citations=(Citation(url="https://maps.example"),))
    request = request_for("gpt-4.1", user(said), assistant(said), user("more"))
    assert warning_codes(request) == ["dropped_citations", "dropped_citations"]


def test_texts_of_one_turn_are_one_message() -> None:
    items = encoded_body(request_for("gpt-4.1", assistant("a", "b", RefusalPart("no"))))["input"]
    assert [piece["type"] for piece in items[0]["content"]] == ["output_text", "output_text", "refusal"]
    assert len(items) == 1


# ── tool results ────────────────────────────────────────────────────────────────────────────


def test_what_becomes_of_tool_results_is_announced_once_each() -> None:
    assert warning_codes(tools()) == [
        "tool_schema_not_strict_compatible_strict_disabled",
        "tool_result_coerced",
        "tool_result_error_flag_as_text",
        "tool_result_coerced",
    ]


def test_a_raw_result_that_is_no_text_is_ignored_with_a_warning() -> None:
    raw = ToolResult(tool_call_id="c", content=ToolResultText("kept"), raw_provider_content=["x"])
    request = request_for("gpt-4.1", Message(role=MessageRole.TOOL, content=(ToolResultPart(raw),)))
    assert encoded_body(request)["input"][0]["output"] == "kept"
    assert warning_codes(request) == ["tool_result_raw_provider_content_ignored"]


def test_a_failed_tool_with_media_carries_its_mark_as_a_text_of_its_own() -> None:
    shot = ImagePart(source=MediaUrl(url="https://shots.example/1.png"))
    output = encoded_body(request_for("gpt-4.1", tool_result("c", [shot], is_error=True)))["input"][0]["output"]
    assert output[0] == {"type": "input_text", "text": "[tool error]"}
    assert output[1]["type"] == "input_image"


# ── cache boundaries ────────────────────────────────────────────────────────────────────────


def test_a_model_without_cache_marks_drops_them_with_one_warning() -> None:
    request = request_for("gpt-4.1", user(TextPart("a", cache=CacheBoundary()), TextPart("b", cache=CacheBoundary())))
    assert "prompt_cache_breakpoint" not in json.dumps(encoded_body(request))
    assert warning_codes(request) == ["dropped_cache_boundary"]


def test_a_mark_on_a_tool_result_stands_on_its_text() -> None:
    result = ToolResultPart(ToolResult(tool_call_id="c", content=ToolResultText("x")), cache=CacheBoundary())
    body = encoded_body(request_for("gpt-5.6-sol", Message(role=MessageRole.TOOL, content=(result,))))
    assert body["input"][0]["output"] == [
        {"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}
    ]


def test_marks_that_have_no_place_or_last_too_long_are_announced() -> None:
    hour = CacheBoundary(ttl=CacheTtl.ONE_HOUR)
    request = request_for(
        "gpt-5.6-sol",
        user(TextPart("a", cache=hour)),
        assistant(TextPart("b", cache=hour)),
        user("c"),
        tools=(evolve(WEATHER, cache=hour),),
    )
    messages = [warning.message for warning in CODEC.encode(request, OPENAI).warnings]
    assert [message.split()[-1] for message in messages] == ["definition", "least", "said"]
