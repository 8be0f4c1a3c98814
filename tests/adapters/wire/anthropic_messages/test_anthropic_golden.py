"""Hand-written requests and answers of the Messages wire, one or more for each feature."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from anthropic_wire import ADAPTIVE, CLASSIC, CODEC, a_reply, a_request, codes, decoded, encoded, fixtures

from provider_runtime.domain.conversation.markers import CacheBoundary, CacheTtl, Signature
from provider_runtime.domain.conversation.messages import assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    DocumentPart,
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
from provider_runtime.domain.identity import ANTHROPIC

_WEATHER = ToolDefinition(
    name="get_weather",
    description="The weather in a city.",
    parameters_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
_PARIS = ToolCall(id="toolu_1", name="get_weather", arguments_json={"city": "Paris"})
_ROME = ToolCall(id="toolu_2", name="get_weather", arguments_json={"city": "Rome"})
_PNG = InlineData(media_type="image/png", data=b"\x89PNG")


def _signed(value: str) -> Signature:
    return Signature(provider=ANTHROPIC, wire="anthropic_messages", value=value)


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
    "tools_one_at_a_time": lambda: a_request(user("Weather?"), tools=(_WEATHER,), parallel_tool_calls=False),
    "tool_results": lambda: a_request(
        user("Weather in Paris and Rome?"),
        assistant("Let me look.", ToolCallPart(_PARIS), ToolCallPart(_ROME)),
        tool_result(_PARIS, "18 degrees"),
        tool_result(_ROME, "no such station", is_error=True),
        user("In a word?"),
        tools=(_WEATHER,),
    ),
    "media": lambda: a_request(
        user(
            "What is this?",
            ImagePart(source=_PNG),
            ImagePart(source=MediaUrl(url="https://example.org/a.jpg")),
            DocumentPart(source=InlineData(media_type="application/pdf", data=b"%PDF"), name="report.pdf"),
            DocumentPart(source=InlineData(media_type="text/plain", data=b"A note.")),
            DocumentPart(source=MediaUrl(url="https://example.org/b.pdf", media_type="application/pdf")),
            DocumentPart(source=ProviderFile(file_id="file_1", provider=ANTHROPIC)),
        )
    ),
    "thinking_replayed": lambda: a_request(
        user("Weather in Paris?"),
        assistant(
            ThinkingPart(text="They want the weather.", signature=_signed("sig=="), provider=ANTHROPIC),
            ThinkingPart(text="", signature=_signed("sig2=="), provider=ANTHROPIC),
            ThinkingPart(redacted=True, signature=_signed("opaque=="), provider=ANTHROPIC),
            ToolCallPart(_PARIS),
        ),
        tool_result(_PARIS, "18 degrees"),
        tools=(_WEATHER,),
        reasoning=ReasoningBudget(2000),
        max_output_tokens=4000,
    ),
    "thinking_off": lambda: a_request(reasoning=ReasoningOff()),
    "effort": lambda: a_request(model=ADAPTIVE, reasoning=ReasoningEffort(Effort.XHIGH)),
    "json_schema": lambda: a_request(
        response_format=JsonSchemaFormat(
            name="answer",
            schema={
                "type": "object",
                "properties": {"name": {"type": "string"}},
                "required": ["name"],
                "additionalProperties": False,
            },
        )
    ),
    "json_object": lambda: a_request(system("You are terse."), user("A person."), response_format=JsonObjectFormat()),
    "controls": lambda: a_request(
        temperature=0.5, top_k=40, stop=("END", "###"), metadata={"user_id": "user-1"}, max_output_tokens=7
    ),
    "caching": lambda: a_request(
        system(TextPart("A long rulebook.", cache=CacheBoundary(ttl=CacheTtl.ONE_HOUR))),
        user(TextPart("A long text.", cache=CacheBoundary()), "And a question."),
        tools=(
            ToolDefinition(
                name="noop", cache=CacheBoundary(ttl=CacheTtl.ONE_HOUR), parameters_schema={"type": "object"}
            ),
        ),
    ),
    "options": lambda: a_request(
        provider_options={"anthropic": {"service_tier": "auto", "container": "c_1"}, "openai": {"ignored": True}}
    ),
    "late_system": lambda: a_request(
        user("Hello"), system("From now on, answer in Spanish."), assistant("Hola."), user("Color?"), model=ADAPTIVE
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
def test_equal_requests_give_equal_bytes_on_the_path_of_messages(name: str) -> None:
    once, again = (CODEC.encode(_REQUESTS[name](), ANTHROPIC) for _ in range(2))
    assert once == again
    assert once.path == "/v1/messages"


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
            "written": usage.cache_write_tokens,
            "written_1h": usage.cache_write_1h_tokens,
            "output": usage.output_tokens,
            "reasoning": usage.reasoning_tokens,
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
    assert {key: value for key, value in told.items() if value not in nothing} | {"usage": usage} == _ANSWERS[name][
        "expected"
    ]
    assert decoded(_ANSWERS[name]["body"]) == decoded(_ANSWERS[name]["body"])


_ERRORS = fixtures("error_")


@pytest.mark.parametrize("name", sorted(_ERRORS))
def test_an_error_is_read_as_the_fixture_says(name: str) -> None:
    fixture = _ERRORS[name]
    body = fixture["text"].encode() if "text" in fixture else fixture["body"]
    reply = a_reply(body, fixture["status"], **fixture.get("headers", {}))
    error, again = (CODEC.decode_error(reply, ANTHROPIC, CLASSIC) for _ in range(2))
    assert {
        "type": type(error).__name__,
        "code": error.code.value,
        "message": error.message,
        "request_id": error.request_id,
        "retryable": error.retryable,
        "retry_after_s": error.retry_after_s,
    } == fixture["expected"]
    assert str(error) == str(again)
