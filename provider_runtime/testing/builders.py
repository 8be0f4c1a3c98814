"""Small, valid values to start a test from; what matters to the test is what it changes."""

from typing import Any

from provider_runtime.domain.conversation.messages import Message, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import ImagePart, InlineData, TextPart, ToolCallPart
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.conversation.response import AssistantOutput, FinishReason, ProviderResponse
from provider_runtime.domain.conversation.tools import ToolCall, ToolDefinition
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.identity import OPENAI
from provider_runtime.domain.json_values import freeze, freeze_object


def a_request(*said: str | Message, **changes: Any) -> ProviderRequest:
    """A request that says ``said`` (texts are the user's), to a model of OpenAI unless ``model`` is given."""
    messages = tuple(user(text) if isinstance(text, str) else text for text in said or ("Say hello.",))
    return ProviderRequest(**{"model": ModelRef(model_id="gpt-5-mini"), "messages": messages, **changes})


def a_response(text: str = "Hello.", **changes: Any) -> ProviderResponse:
    """An answer of one text, a few tokens long, that ended as it should."""
    fields: dict[str, Any] = {
        "output": AssistantOutput(content=(TextPart(text),)),
        "provider": OPENAI,
        "model": "gpt-5-mini-2025-08-07",
        "finish_reason": FinishReason.STOP,
        "usage": Usage(input_tokens=9, output_tokens=3, total_tokens=12),
    }
    return ProviderResponse(**{**fields, **changes})


def a_tool(name: str = "get_weather", **changes: Any) -> ToolDefinition:
    """A tool that takes a city."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    fields: dict[str, Any] = {
        "name": name,
        "description": "The weather in a city, now.",
        "parameters_schema": freeze_object(schema),
    }
    return ToolDefinition(**{**fields, **changes})


def a_tool_call(call_id: str = "call_1", name: str = "get_weather", **arguments: Any) -> ToolCall:
    """A call of that tool, for Bonn unless arguments are given."""
    return ToolCall(id=call_id, name=name, arguments_json=freeze(arguments or {"city": "Bonn"}))


def a_conversation_with_a_tool_call() -> tuple[Message, ...]:
    """System, question, tool call, result, answer: every role once, and the user once more."""
    call = a_tool_call()
    return (
        system("You are terse."),
        user("What is the weather in Bonn?"),
        assistant(ToolCallPart(call)),
        tool_result(call, {"celsius": 21}),
        assistant("21 degrees."),
        user("And tomorrow?"),
    )


def an_image() -> ImagePart:
    """A picture of a few bytes; no decoder would accept it."""
    return ImagePart(source=InlineData(media_type="image/png", data=b"\x89PNG\r\n"))
