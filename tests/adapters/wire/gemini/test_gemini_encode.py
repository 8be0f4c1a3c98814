"""Requests of the Gemini wire: what is written, what is left out with a warning, what is refused."""

import json
from itertools import pairwise
from typing import Any

import pytest
from gemini_wire import CODEC, LEVEL, a_request, config_of, encoded, sent, signed
from hypothesis import given

from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.markers import CacheBoundary, Signature
from provider_runtime.domain.conversation.messages import Message, MessageRole, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    DocumentPart,
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
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.conversation.tools import ToolCall, ToolDefinition
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.domain.identity import GEMINI, ProviderId
from provider_runtime.testing import strategies

_CALL = ToolCall(id="c1", name="look", arguments_json={"a": 1})
_PNG = ImagePart(source=InlineData(media_type="image/jpg", data=b"x"))


def _refused(request: ProviderRequest, kind: type[Exception] = IntentUnsupported) -> str:
    with pytest.raises(kind) as refused:
        CODEC.encode(request, GEMINI)
    place: str = refused.value.field  # type: ignore[attr-defined]  # both kinds name it
    return place


def _result(**fields: Any) -> Message:
    fields = {"tool_call_id": "c1", "content": ToolResultText("ok")} | fields
    return Message(role=MessageRole.TOOL, content=(ToolResultPart(ToolResult(**fields)),))


def _response(result: Message) -> tuple[dict[str, Any], list[str]]:
    body, warned = encoded(a_request(user("Hi"), assistant(ToolCallPart(_CALL)), result))
    return body["contents"][2]["parts"][0]["functionResponse"], warned


# ── the address ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("models/gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("tunedModels/mine-123", "tunedModels/mine-123"),
        ("gemini-2.5-flash@001", "models/gemini-2.5-flash@001"),
    ],
)
def test_the_model_is_a_part_of_the_path(model: str, path: str) -> None:
    encoded_request = CODEC.encode(a_request(model=model), GEMINI)
    assert encoded_request.path == f"/v1beta/{path}:generateContent"
    assert b"gemini" not in encoded_request.body


@pytest.mark.parametrize(
    "model",
    ["../x", "..", ".", "a/b", "models/a/b", "a?key=x", "a#b", "a b", "a%2fb", "a:predict", "a\n", "ä", "-", "x" * 129],
)
def test_a_model_id_that_would_change_the_address_is_refused(model: str) -> None:
    assert _refused(ProviderRequest(model=ModelRef(model_id=model), messages=(user("Hi"),)), RequestInvalid) == "model"


@given(request=strategies.requests())
def test_any_request_is_written_or_refused_before_anything_is_sent(request: ProviderRequest) -> None:
    handed = hand_off(request.messages, CODEC.handoff_target(GEMINI, "gemini-3-flash-preview"))
    wanted = a_request(*handed.messages, model=LEVEL, tools=request.tools, reasoning=request.reasoning)
    try:
        once, again = (CODEC.encode(wanted, GEMINI) for _ in range(2))
    except (IntentUnsupported, RequestInvalid):
        return
    assert once == again
    body = json.loads(once.body)
    assert all(one["role"] != other["role"] for one, other in pairwise(body["contents"]))
    assert all(turn["parts"] for turn in body["contents"])


# ── the conversation ────────────────────────────────────────────────────────────────────────


def test_turns_of_one_role_become_one() -> None:
    body = sent(a_request(user("a"), user("b"), assistant("c"), assistant("d"), user("e")))
    assert [[part["text"] for part in turn["parts"]] for turn in body["contents"]] == [["a", "b"], ["c", "d"], ["e"]]


def test_a_late_system_message_is_refused_and_handed_off_as_marked_user_text() -> None:
    messages = (user("a"), system("b"), user("c"))
    assert _refused(a_request(*messages)) == "messages[1]"
    handed = hand_off(messages, CODEC.handoff_target(GEMINI, "gemini-2.5-flash"))
    assert len(sent(a_request(*handed.messages))["contents"][0]["parts"]) == 3


def test_a_system_prompt_alone_is_no_conversation() -> None:
    assert _refused(a_request(system("a")), RequestInvalid) == "messages"


def test_an_empty_user_message_is_refused_and_an_empty_assistant_message_is_left_out() -> None:
    assert _refused(a_request(user("")), RequestInvalid) == "messages[0]"
    body, warned = encoded(a_request(user("a"), assistant(""), user("b")))
    assert len(body["contents"]) == 1
    assert warned == ["handoff_empty_message_dropped"]


@pytest.mark.parametrize(
    ("message", "place"),
    [
        (system(_PNG), "messages[0].content[0]"),
        (user("a", ToolCallPart(_CALL)), "messages[0].content[1]"),
        (user(ThinkingPart(text="x")), "messages[0].content[0]"),
        (assistant(DocumentPart(source=InlineData(media_type="application/pdf", data=b"x"))), "messages[0].content[0]"),
        (Message(role=MessageRole.TOOL, content=(TextPart("x"),)), "messages[0].content[0]"),
    ],
)
def test_a_part_in_the_wrong_place_is_refused(message: Message, place: str) -> None:
    assert _refused(a_request(message)) == place


def test_arguments_that_are_no_object_are_refused() -> None:
    call = ToolCall(id="c1", name="look", arguments_json="{")
    place = _refused(a_request(user("a"), assistant(ToolCallPart(call)), tool_result(call, "x")))
    assert place == "messages[1].content[0].tool_call.arguments_json"


def test_a_result_without_its_call_is_refused() -> None:
    place = _refused(a_request(user("a"), tool_result("nobody", "x")), RequestInvalid)
    assert place == "messages[1].content[0].tool_result.tool_call_id"


def test_a_result_belongs_to_the_latest_call_of_its_id() -> None:
    other = ToolCall(id="c1", name="listen")
    turns = [
        assistant(ToolCallPart(_CALL)),
        tool_result(_CALL, "x"),
        assistant(ToolCallPart(other)),
        tool_result(other, "y"),
    ]
    body = sent(a_request(user("a"), *turns))
    names = [
        part["functionResponse"]["name"]
        for turn in body["contents"]
        for part in turn["parts"]
        if "functionResponse" in part
    ]
    assert names == ["look", "listen"]


def test_what_is_lost_on_the_way_is_announced() -> None:
    cited = TextPart("b", citations=(Citation(url="https://example.org"),))
    foreign = Signature(provider=ProviderId("acme"), wire="gemini", value="theirs")
    body, warned = encoded(
        a_request(
            user(TextPart("a", cache=CacheBoundary())),
            assistant(cited, TextPart("c", signature=foreign), ThinkingPart(text="d", provider=ProviderId("acme"))),
            user(DocumentPart(source=InlineData(media_type="application/pdf", data=b"x"), name="a.pdf")),
            tools=(ToolDefinition(name="now", cache=CacheBoundary()),),
        )
    )
    assert warned == [
        "dropped_cache_boundary",
        "dropped_citations",
        "dropped_thinking_on_encode",
        "dropped_thinking_on_encode",
        "dropped_control",
        "dropped_cache_boundary",
    ]
    assert "theirs" not in json.dumps(body)


def test_a_refusal_goes_back_as_text() -> None:
    assert sent(a_request(user("a"), assistant(RefusalPart("No.")), user("b")))["contents"][1]["parts"] == [
        {"text": "No."}
    ]


# ── media ───────────────────────────────────────────────────────────────────────────────────


def test_a_misnamed_image_type_is_put_right() -> None:
    assert sent(a_request(user(_PNG)))["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "image/jpeg", "data": "eA=="}}
    ]


@pytest.mark.parametrize(
    ("source", "data"),
    [
        (MediaUrl(url="https://example.org/a"), {"fileUri": "https://example.org/a"}),
        (MediaUrl(url="gs://a/b.mp4", media_type="video/mp4"), {"fileUri": "gs://a/b.mp4", "mimeType": "video/mp4"}),
        (ProviderFile(file_id="files/a"), {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a"}),
        (ProviderFile(file_id="https://example.org/v1beta/files/a"), {"fileUri": "https://example.org/v1beta/files/a"}),
    ],
)
def test_files_are_named_not_fetched(source: Any, data: dict[str, str]) -> None:
    for part in (ImagePart(source=source), DocumentPart(source=source), AudioPart(source=source)):
        assert sent(a_request(user(part)))["contents"][0]["parts"] == [{"fileData": data}]


def test_a_file_uploaded_elsewhere_is_refused() -> None:
    file = ImagePart(source=ProviderFile(file_id="f", provider=ProviderId("openai")))
    assert _refused(a_request(user(file))) == "messages[0].content[0].source"


# ── tool results ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "is_error", "response", "warned"),
    [
        ("ok", False, {"result": "ok"}, []),
        ("", False, {"result": ""}, []),
        ("no", True, {"error": "no"}, []),
        ({"a": 1}, False, {"a": 1}, []),
        ({"a": 1}, True, {"error": {"a": 1}}, []),
        ([1, 2], False, {"result": [1, 2]}, []),
        (None, False, {"result": None}, []),
        ([{"$defs": {}}], False, {"result": '[{"$defs":{}}]'}, ["tool_result_coerced"]),
        ({"b": {"$ref": "x"}, "a": 1}, True, {"error": '{"a":1,"b":{"$ref":"x"}}'}, ["tool_result_coerced"]),
        ([TextPart("a"), TextPart("b")], False, {"result": "a\nb"}, []),
    ],
)
def test_a_result_is_an_object(value: object, *, is_error: bool, response: object, warned: list[str]) -> None:
    told, codes = _response(tool_result("c1", value, is_error=is_error))
    assert told == {"id": "c1", "name": "look", "response": response}
    assert codes == warned


def test_raw_provider_content_replaces_the_response_if_it_is_an_object() -> None:
    assert _response(_result(raw_provider_content={"x": 1})) == ({"id": "c1", "name": "look", "response": {"x": 1}}, [])
    told, warned = _response(_result(raw_provider_content=[1]))
    assert told["response"] == {"result": "ok"}
    assert warned == ["tool_result_raw_provider_content_ignored"]


def test_a_signed_call_keeps_its_own_signature() -> None:
    call = ToolCall(id="c1", name="look", signature=signed("c2ln"))
    body = sent(a_request(user("a"), assistant(ToolCallPart(call)), tool_result(call, "x"), model=LEVEL))
    assert body["contents"][1]["parts"][0]["thoughtSignature"] == "c2ln"


# ── tools, limits, options ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["1st", "a b", "ä", "x" * 129, "-a", "a/b"])
def test_a_tool_name_that_the_api_refuses_is_refused(name: str) -> None:
    assert _refused(a_request(tools=(ToolDefinition(name=name),))) == "tools[0].name"


def test_arguments_that_are_no_object_cannot_be_asked_for() -> None:
    tool = ToolDefinition(name="a", parameters_schema={"type": "array"})
    assert _refused(a_request(tools=(tool,))) == "tools[0].parameters_schema"


def test_what_the_api_does_not_know_of_a_schema_is_announced() -> None:
    schema = {"properties": {"a": {"type": "string", "pattern": "x"}}}
    for strict, code in (
        (True, "tool_schema_not_strict_compatible_strict_disabled"),
        (None, "schema_constraints_not_enforced"),
    ):
        body, warned = encoded(a_request(tools=(ToolDefinition(name="a", parameters_schema=schema, strict=strict),)))
        assert warned == [code]
        (declared,) = body["tools"][0]["functionDeclarations"]
        assert declared["parametersJsonSchema"] == {"type": "object", "properties": {"a": {"type": "string"}}}


def test_the_most_and_the_largest() -> None:
    assert len(config_of(a_request(stop=tuple("abcde")))[0]["stopSequences"]) == 5
    assert _refused(a_request(stop=tuple("abcdef"))) == "stop"
    assert config_of(a_request(seed=2**31)) == ({}, ["dropped_control"])
    assert config_of(a_request(top_k=2**31)) == ({}, ["dropped_control"])
    assert config_of(a_request(max_output_tokens=2**32 - 1)) == ({"maxOutputTokens": 2**31 - 1}, ["clamped_control"])
    assert config_of(a_request(temperature=1, top_p=0.5))[1] == ["both_temperature_and_top_p_set"]


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"contents": []}, "contents"),
        ({"store": True}, "store"),
        ({"model": "other"}, "model"),
        ({"generationConfig": {"temperature": 1}}, "generationConfig.temperature"),
        ({"generation_config": {"max_output_tokens": 1}}, "generation_config.max_output_tokens"),
        ({"system_instruction": {"parts": []}}, "system_instruction.parts"),
        ({"tools": [{"functionDeclarations": []}]}, "tools"),
        ({"tools": [{"function_declarations": []}]}, "tools"),
        ({"tools": "x"}, "tools"),
    ],
)
def test_an_option_may_not_say_what_the_request_says(options: dict[str, Any], place: str) -> None:
    request = a_request(
        system("a"),
        user("b"),
        temperature=0.5,
        max_output_tokens=5,
        tools=(ToolDefinition(name="now"),),
        provider_options={"gemini": options},
    )
    assert _refused(request, RequestInvalid) == f"provider_options.gemini.{place}"


def test_options_go_as_they_are_and_to_their_provider_alone() -> None:
    options = {"gemini": {"labels": {"a": [1, None]}, "generation_config": {"logprobs": 2}}, "acme": {"x": 1}}
    body = sent(a_request(provider_options=options))
    assert body["labels"] == {"a": [1, None]}
    assert body["generation_config"] == {"logprobs": 2}
    assert "x" not in body
