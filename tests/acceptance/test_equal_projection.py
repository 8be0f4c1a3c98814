"""One canonical request, every provider: what comes back is the same canonical thing, whoever answered.

What differs by nature is left out: who answered, ids, counts of tokens, the price. What a caller's code branches on
has to be equal.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from attrs import evolve

from provider_runtime import (
    FinishReason,
    JsonSchemaFormat,
    Message,
    ProviderRequest,
    ProviderResponse,
    ProviderRuntime,
    RefusalPart,
    TextPart,
    ToolCallPart,
    ToolChoiceSpecific,
    ToolDefinition,
    ollama_server,
    open_runtime,
    system,
    tool_result,
    user,
)
from provider_runtime.testing.sandbox import Sandbox
from provider_runtime.testing.settings import sandbox_server, sandbox_settings

MODELS = (
    "openai:gpt-5-mini",
    "openai-chat:gpt-5-mini",
    "anthropic:claude-sonnet-4-5",
    "gemini:gemini-2.5-flash",
    "openrouter:anthropic/claude-haiku-4.5",
    "ollama:qwen3",
    "local:sandbox",
)
WEATHER = ToolDefinition(
    name="weather",
    description="The weather of a city.",
    parameters_schema={
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "count": {"type": "integer"}},
    "required": ["title", "count"],
    "additionalProperties": False,
}


@pytest.fixture
async def runtime() -> AsyncIterator[ProviderRuntime]:
    async with Sandbox() as sandbox:
        settings = sandbox_settings(sandbox)
        by_name = {str(config.provider_id): config for config in settings.providers}
        chat = evolve(by_name["openai"], provider_id="openai-chat", kind="openai_chat", catalog_as="openai")
        ollama = evolve(ollama_server(), base_url=sandbox.url)
        providers = (*settings.providers, chat, ollama, sandbox_server(sandbox))
        credentials = {**settings.credentials, "openai-chat": settings.credentials["openai"]}
        async with open_runtime(evolve(settings, providers=providers, credentials=credentials)) as opened:
            yield opened


def projected(response: ProviderResponse, model: str) -> dict[str, Any]:
    """What a caller's code branches on."""
    name = model.partition(":")[2]
    parts: list[object] = []
    for part in response.output.content:
        if isinstance(part, TextPart):
            parts.append(("text", part.text.replace(name, "MODEL")))
        elif isinstance(part, ToolCallPart):
            parts.append(("tool_call", part.tool_call.name, part.tool_call.arguments_json))
        elif isinstance(part, RefusalPart):
            parts.append(("refusal",))
    return {
        "parts": parts,
        "finish": response.finish_reason,
        "structured": response.output.structured_output,
        "counted": (bool(response.usage.input_tokens), bool(response.usage.output_tokens)),
        "attempts": len(response.attempts),
    }


async def all_alike(runtime: ProviderRuntime, *messages: Message, **fields: Any) -> dict[str, Any]:
    seen = {}
    for model in MODELS:
        response = await runtime.run(ProviderRequest(model=model, messages=messages, **fields))
        seen[model] = projected(response, model)
    first = seen[MODELS[0]]
    assert seen == dict.fromkeys(MODELS, first)
    return first


async def test_a_plain_answer_is_the_same_thing_from_everybody(runtime: ProviderRuntime) -> None:
    alike = await all_alike(runtime, system("Be brief."), user("Why is the sky blue?"))
    assert alike["finish"] is FinishReason.STOP
    assert alike["parts"][0][0] == "text"
    assert alike["counted"] == (True, True)


async def test_a_tool_call_is_the_same_thing_from_everybody(runtime: ProviderRuntime) -> None:
    alike = await all_alike(runtime, user("What is the weather in Oslo?"), tools=(WEATHER,))
    assert alike["finish"] is FinishReason.TOOL_CALLS
    assert [part[:2] for part in alike["parts"] if part[0] == "tool_call"] == [("tool_call", "weather")]


async def test_structured_output_is_the_same_thing_from_everybody(runtime: ProviderRuntime) -> None:
    wanted = JsonSchemaFormat(name="book", schema=SCHEMA)
    alike = await all_alike(runtime, user("Describe a book as JSON."), response_format=wanted)
    assert set(alike["structured"]) == {"title", "count"}


async def test_a_conversation_goes_round_all_of_them_and_each_takes_it_up(runtime: ProviderRuntime) -> None:
    conversation: tuple[Message, ...] = (user("What is the weather in Oslo?"),)
    for model in MODELS:
        request = ProviderRequest(model=model, messages=conversation, tools=(WEATHER,))
        if model != "ollama:qwen3":  # Ollama knows no choice of one tool
            request = evolve(request, tool_choice=ToolChoiceSpecific(name="weather"))
        response = await runtime.run(request)
        call = response.tool_calls[0]
        conversation = (*conversation, response.message, tool_result(call, {"celsius": 4}), user("And tomorrow?"))
    assert len([message for message in conversation if message.role.value == "tool"]) == len(MODELS)
