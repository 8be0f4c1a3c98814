"""Hand-written requests, answers and errors of Ollama's wire, one or more for each feature."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from ollama_wire import ACME, CODEC, MODEL, a_reply, a_request, codec_with, codes, decoded, encoded, fixture

from provider_runtime.adapters.wire.ollama.codec import OllamaCodec
from provider_runtime.domain.conversation.messages import assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import ImagePart, InlineData, ThinkingPart, ToolCallPart
from provider_runtime.domain.conversation.request import (
    Effort,
    JsonObjectFormat,
    JsonSchemaFormat,
    ProviderRequest,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.conversation.tools import ToolCall, ToolChoiceNone, ToolDefinition

WEATHER = ToolDefinition(
    name="get_weather",
    description="The weather in a city.",
    parameters_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
PARIS = ToolCall(id="call_1", name="get_weather", arguments_json={"city": "Paris"})
ROME = ToolCall(id="call_2", name="get_weather", arguments_json={"city": "Rome"})
PERSON = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}

REQUESTS: dict[str, Callable[[], ProviderRequest]] = {
    "minimal": a_request,
    "conversation": lambda: a_request(
        system("You are terse.", "Answer in French."),
        user("Hello"),
        assistant("Bon", "jour."),
        system("Be kind."),
        user("And you?"),
    ),
    "images": lambda: a_request(
        user("What is this?", ImagePart(source=InlineData(media_type="image/png", data=b"\x89PNG"))),
        model="gemma4:12b",
    ),
    "tools": lambda: a_request(user("Weather?"), tools=(WEATHER,)),
    "tools_none": lambda: a_request(user("Weather?"), tools=(WEATHER,), tool_choice=ToolChoiceNone()),
    "tool_results": lambda: a_request(
        user("Weather in Paris and Rome?"),
        assistant(
            ThinkingPart(text="They want the weather.", provider=ACME),
            "Let me look.",
            ToolCallPart(PARIS),
            ToolCallPart(ROME),
        ),
        tool_result(PARIS, "18 degrees"),
        tool_result(ROME, "no such station", is_error=True),
    ),
    "json_object": lambda: a_request(user("A person."), response_format=JsonObjectFormat()),
    "json_schema": lambda: a_request(user("A person."), response_format=JsonSchemaFormat(name="person", schema=PERSON)),
    "thinking": lambda: a_request(model="gpt-oss:20b", reasoning=ReasoningEffort(Effort.HIGH)),
    "thinking_off": lambda: a_request(reasoning=ReasoningOff()),
    "controls": lambda: a_request(
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        max_output_tokens=100,
        frequency_penalty=0.1,
        presence_penalty=-0.1,
        seed=7,
        stop=("END", "###"),
    ),
    "options": lambda: a_request(
        temperature=0,
        provider_options={"acme": {"logprobs": True, "truncate": True, "options": {"num_ctx": 32768, "mirostat": 2}}},
    ),
}
CODECS = {"options": codec_with(keep_alive="10m", num_ctx=8192, min_p=0.05)}
REMARKS = {"tool_results": ["tool_result_error_flag_as_text"]}
BODIES, ANSWERS, ERRORS = fixture("requests"), fixture("answers"), fixture("errors")


def codec_of(name: str) -> OllamaCodec:
    return CODECS.get(name, CODEC)


def test_every_golden_request_is_built_here() -> None:
    assert set(REQUESTS) == set(BODIES)


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_request_is_encoded_as_the_fixture_says(name: str) -> None:
    body, remarks = encoded(REQUESTS[name](), codec_of(name))
    assert body == BODIES[name]
    assert remarks == REMARKS.get(name, [])


@pytest.mark.parametrize("name", sorted(BODIES))
def test_equal_requests_give_equal_bytes(name: str) -> None:
    one, other = (codec_of(name).encode(REQUESTS[name](), ACME) for _ in range(2))
    assert one == other
    assert one.path == "/api/chat"


def _told(body: object) -> dict[str, Any]:
    response = decoded(body)
    usage = {"input": response.usage.input_tokens, "output": response.usage.output_tokens}
    told: dict[str, Any] = {
        "text": response.text,
        "thinking": response.thinking,
        "tool_calls": [[call.id, call.name, call.arguments_json] for call in response.tool_calls],
        "images": [
            part.source.media_type
            for part in response.output.content
            if isinstance(part, ImagePart) and isinstance(part.source, InlineData)
        ],
        "finish_reason": response.finish_reason.value,
        "model": response.model,
        "warnings": codes(response),
    }
    shown: dict[str, Any] = {name: value for name, value in told.items() if value}
    shown["usage"] = {name: value for name, value in usage.items() if value is not None}
    plain: dict[str, Any] = json.loads(json.dumps(shown))
    return plain


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_answer_is_read_as_the_fixture_says(name: str) -> None:
    assert _told(ANSWERS[name]["body"]) == ANSWERS[name]["expected"]
    assert decoded(ANSWERS[name]["body"]) == decoded(ANSWERS[name]["body"])


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_an_error_is_read_as_the_fixture_says(name: str) -> None:
    case = ERRORS[name]
    body = case["text"].encode() if "text" in case else case["body"]
    reply = a_reply(body, case["status"], **case.get("headers", {}))
    error, again = (CODEC.decode_error(reply, ACME, MODEL) for _ in range(2))
    told: dict[str, Any] = {"code": error.code.value, "message": error.message, "retryable": error.retryable}
    if error.retry_after_s is not None:
        told["retry_after_s"] = error.retry_after_s
    assert told == case["expected"]
    assert (error.provider, error.model) == (ACME, MODEL)
    assert str(error) == str(again)
