"""Hand-written requests and answers of the Gemini wire, one or more for each feature."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from gemini_wire import BUDGET, CODEC, LEVEL, a_reply, a_request, codes, decoded, encoded, fixtures, signed

from provider_runtime.domain.conversation.markers import CacheBoundary, Signature
from provider_runtime.domain.conversation.messages import assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    DocumentPart,
    ImageDetail,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from provider_runtime.domain.conversation.request import (
    Effort,
    JsonObjectFormat,
    JsonSchemaFormat,
    ProviderRequest,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.conversation.tools import (
    ToolCall,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.identity import GEMINI, ProviderId

_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_WEATHER = ToolDefinition(name="get_weather", description="The weather in a city.", parameters_schema=_SCHEMA)
_STRICT = ToolDefinition(
    name="get_weather", description="The weather in a city.", parameters_schema=_SCHEMA, strict=True
)
_PNG = InlineData(media_type="image/png", data=b"\x89PNG")


def _call(city: str, call_id: str, signature: Signature | None = None) -> ToolCall:
    return ToolCall(id=call_id, name="get_weather", arguments_json={"city": city}, signature=signature)


_PARIS, _ROME = _call("Paris", "call_1"), _call("Rome", "call_2")
_NAMELESS = (_call("Paris", "gemini-call-x-0"), _call("Rome", "gemini-call-x-1"))
_FOREIGN = Signature(provider=ProviderId("acme"), wire="gemini", value="theirs")

_REQUESTS: dict[str, Callable[[], ProviderRequest]] = {
    "minimal": a_request,
    "system_and_turns": lambda: a_request(
        system("You are terse.", "Answer in French."), user("Hello"), assistant("Bonjour."), user("And you?")
    ),
    "tools_auto": lambda: a_request(user("Weather?"), tools=(_WEATHER,)),
    "tools_none": lambda: a_request(user("Weather?"), tools=(_WEATHER,), tool_choice=ToolChoiceNone()),
    "tools_required": lambda: a_request(user("Weather?"), tools=(_WEATHER,), tool_choice=ToolChoiceRequired()),
    "tools_specific": lambda: a_request(
        user("Weather?"), tools=(_WEATHER,), tool_choice=ToolChoiceSpecific("get_weather")
    ),
    "tools_strict": lambda: a_request(user("Weather?"), tools=(_STRICT,)),
    "tools_one_at_a_time": lambda: a_request(user("Weather?"), tools=(_WEATHER,), parallel_tool_calls=False),
    "tool_without_arguments": lambda: a_request(user("Weather?"), tools=(ToolDefinition(name="now"),)),
    "tool_results": lambda: a_request(
        user("Weather in Paris and Rome?"),
        assistant("Let me look.", ToolCallPart(_PARIS), ToolCallPart(_ROME)),
        tool_result(_ROME, "no such station", is_error=True),
        tool_result(_PARIS, {"degrees": 18}),
        user("In a word?"),
        tools=(_WEATHER,),
    ),
    "tool_results_without_ids": lambda: a_request(
        user("Weather in Paris and Rome?"),
        assistant(*map(ToolCallPart, _NAMELESS)),
        tool_result(_NAMELESS[1], "21 degrees"),
        tool_result(_NAMELESS[0], "18 degrees"),
        tools=(_WEATHER,),
    ),
    "tool_result_with_an_image": lambda: a_request(
        user("Draw."),
        assistant(ToolCallPart(_call("Paris", "call_1", signed("c2ln")))),
        tool_result("call_1", [TextPart("A map."), ImagePart(source=_PNG)]),
        tools=(_WEATHER,),
        model=LEVEL,
    ),
    "tool_result_with_pointers": lambda: a_request(
        user("Describe."),
        assistant(ToolCallPart(_PARIS)),
        tool_result(_PARIS, {"schema": {"$ref": "#/$defs/City"}}),
        tools=(_WEATHER,),
    ),
    "media": lambda: a_request(
        user(
            "What is this?",
            ImagePart(source=_PNG),
            ImagePart(source=MediaUrl(url="https://example.org/a.jpg")),
            DocumentPart(source=InlineData(media_type="application/pdf; v=1", data=b"%PDF")),
            DocumentPart(
                source=ProviderFile(file_id="files/abc", provider=GEMINI, media_type="application/pdf"),
            ),
            AudioPart(source=InlineData(media_type="audio/wav", data=b"RIFF")),
        )
    ),
    "image_resolution": lambda: a_request(user(ImagePart(source=_PNG, detail=ImageDetail.HIGH)), model=LEVEL),
    "signatures_replayed": lambda: a_request(
        user("Weather in Paris and Rome?"),
        assistant(
            ThinkingPart(text="They want the weather.", provider=GEMINI),
            TextPart("", signature=signed("dGV4dA==")),
            ToolCallPart(_call("Paris", "call_1", signed("Y2FsbA=="))),
            ToolCallPart(_ROME),
            ImagePart(source=_PNG, signature=signed("aW1n")),
        ),
        tool_result("call_1", "18"),
        tool_result("call_2", "21"),
        tools=(_WEATHER,),
        model=LEVEL,
    ),
    "calls_of_another_model": lambda: a_request(
        user("Weather in Paris and Rome?"),
        assistant(ToolCallPart(_PARIS), ToolCallPart(_ROME)),
        tool_result(_PARIS, "18"),
        tool_result(_ROME, "21"),
        tools=(_WEATHER,),
        model=LEVEL,
    ),
    "thinking_off": lambda: a_request(reasoning=ReasoningOff()),
    "thinking_budget": lambda: a_request(reasoning=ReasoningBudget(5000)),
    "thinking_level": lambda: a_request(model=LEVEL, reasoning=ReasoningEffort(Effort.HIGH)),
    "json_schema": lambda: a_request(
        response_format=JsonSchemaFormat(
            name="answer",
            schema={
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": {"name": {"type": "string"}},
                "required": ["name"],
            },
        )
    ),
    "json_object": lambda: a_request(user("A person."), response_format=JsonObjectFormat()),
    "controls": lambda: a_request(
        temperature=0.5,
        top_k=40,
        max_output_tokens=7,
        stop=("END", "###"),
        seed=42,
        presence_penalty=0.5,
        frequency_penalty=-0.5,
    ),
    "left_out": lambda: a_request(user(TextPart("Hello", cache=CacheBoundary())), seed=2**40, metadata={"team": "a"}),
    "options": lambda: a_request(
        temperature=0.5,
        tools=(_WEATHER,),
        provider_options={
            "gemini": {
                "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
                "generationConfig": {"responseModalities": ["TEXT"]},
                "tools": [{"googleSearch": {}}],
            },
            "openai": {"ignored": True},
        },
    ),
}
_FIXTURES = fixtures("request_")


def test_every_request_fixture_is_used() -> None:
    assert set(_FIXTURES) == set(_REQUESTS)


@pytest.mark.parametrize("name", sorted(_REQUESTS))
def test_a_request_is_written_as_the_fixture_says(name: str) -> None:
    body, warned = encoded(_REQUESTS[name]())
    assert body == _FIXTURES[name]["body"]
    assert warned == _FIXTURES[name].get("warnings", [])


@pytest.mark.parametrize("name", sorted(_REQUESTS))
def test_equal_requests_give_equal_bytes_on_the_path_of_their_model(name: str) -> None:
    once, again = (CODEC.encode(_REQUESTS[name](), GEMINI) for _ in range(2))
    assert once == again
    assert once.path == f"/v1beta/models/{_REQUESTS[name]().model.model_id}:generateContent"


_ANSWERS = fixtures("answer_")
_FORMATS = {"json_object": JsonObjectFormat(), "json_schema": JsonSchemaFormat(name="answer", schema={})}


def _told(name: str) -> dict[str, Any]:
    """What the response to an answer fixture tells, with defaults left out."""
    fixture = _ANSWERS[name]
    response = decoded(fixture["body"], _FORMATS.get(fixture.get("wanted", "")))
    usage = response.usage
    told = {
        "text": response.text,
        "thinking": response.thinking,
        "tool_calls": [[call.id, call.name, call.arguments_json] for call in response.tool_calls],
        "finish_reason": response.finish_reason.value,
        "structured_output": response.output.structured_output,
        "usage": {
            "input": usage.input_tokens,
            "cached": usage.cached_input_tokens,
            "output": usage.output_tokens,
            "reasoning": usage.reasoning_tokens,
            "input_audio": usage.input_audio_tokens,
            "output_audio": usage.output_audio_tokens,
            "total": usage.total_tokens,
        },
        "warnings": codes(response),
    }
    plain: dict[str, Any] = json.loads(json.dumps(told))
    return plain


@pytest.mark.parametrize("name", sorted(_ANSWERS))
def test_an_answer_is_read_as_the_fixture_says(name: str) -> None:
    told = _told(name)
    nothing: list[Any] = [None, "", []]
    usage = {key: value for key, value in told.pop("usage").items() if value is not None}
    expected = _ANSWERS[name]["expected"]
    assert {key: value for key, value in told.items() if value not in nothing} | {"usage": usage} == expected
    assert decoded(_ANSWERS[name]["body"]) == decoded(_ANSWERS[name]["body"])


_ERRORS = fixtures("error_")


@pytest.mark.parametrize("name", sorted(_ERRORS))
def test_an_error_is_read_as_the_fixture_says(name: str) -> None:
    fixture = _ERRORS[name]
    body = fixture["text"].encode() if "text" in fixture else fixture["body"]
    reply = a_reply(body, fixture["status"], **fixture.get("headers", {}))
    error, again = (CODEC.decode_error(reply, GEMINI, BUDGET) for _ in range(2))
    assert {
        "type": type(error).__name__,
        "code": error.code.value,
        "message": error.message,
        "retryable": error.retryable,
        "retry_after_s": error.retry_after_s,
        "provider_type": error.provider_type,
        "provider_code": error.provider_code,
    } == fixture["expected"]
    assert str(error) == str(again)
