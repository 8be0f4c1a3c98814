"""Ollama's wire over real HTTP: what the codec writes is what a strict server takes."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from ollama_wire import a_request

from provider_runtime import ToolDefinition, ollama_server, tool_result, user
from provider_runtime.adapters.credentials.sources import CredentialSources
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.composition.wires import adapter_for
from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelCatalog
from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.parts import ImagePart, InlineData
from provider_runtime.domain.conversation.request import (
    Effort,
    JsonSchemaFormat,
    ProviderRequest,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.conversation.response import FinishReason, ProviderResponse
from provider_runtime.domain.errors import CredentialsRejected, ErrorCode, ProviderStatusError
from provider_runtime.domain.json_values import freeze_object
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.provider_adapter import AdapterContext, ProviderAdapter
from provider_runtime.testing.sandbox import Sandbox

Connect = Callable[..., ProviderAdapter]
Ask = Callable[[ProviderRequest], Awaitable[ProviderResponse]]
WEATHER = ToolDefinition(
    name="get_weather",
    parameters_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
LONG = "word " * 2000


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    transport = AiohttpTransport()
    async with Sandbox() as sandbox:
        yield lambda **options: adapter_for(
            ollama_server(sandbox.url, options=freeze_object(options)), ModelCatalog(), transport, CredentialSources()
        )
        await transport.aclose()


@pytest.fixture
def ask(connect: Connect) -> Ask:
    adapter = connect()
    return lambda request: adapter.send(adapter.prepare(request), AdapterContext())


async def test_a_tool_is_called_answered_and_reported_with_the_reasoning_sent_back(connect: Connect) -> None:
    adapter = connect()
    question = user("What is the weather in Paris?")
    first = a_request(question, tools=(WEATHER,), reasoning=ReasoningEffort(Effort.HIGH), model="gpt-oss:20b")
    called = await adapter.send(adapter.prepare(first), AdapterContext())
    assert called.finish_reason is FinishReason.TOOL_CALLS
    assert called.thinking
    (call,) = called.tool_calls
    assert call.arguments_json == {"city": "Paris"}
    handed = hand_off(
        (question, called.message, tool_result(call, "21 degrees")), adapter.handoff_target("gpt-oss:20b")
    )
    assert handed.losses == ()
    second = a_request(*handed.messages, tools=(WEATHER,), model="gpt-oss:20b")
    told = await adapter.send(adapter.prepare(second), AdapterContext())
    assert "21 degrees" in told.text


async def test_everything_at_once_is_taken(ask: Ask) -> None:
    answer = await ask(
        a_request(
            user("A city?", ImagePart(source=InlineData(media_type="image/png", data=b"\x89PNG"))),
            response_format=JsonSchemaFormat(
                name="city", schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
            ),
            reasoning=ReasoningOff(),
            temperature=0.5,
            top_p=0.9,
            top_k=40,
            max_output_tokens=100,
            frequency_penalty=0.1,
            presence_penalty=0.1,
            seed=7,
            stop=("###",),
            provider_options={"ollama": {"keep_alive": "5m", "options": {"num_ctx": 8192, "mirostat": 1}}},
        )
    )
    assert isinstance(answer.output.structured_output, dict)
    assert answer.warnings == ()


async def test_a_prompt_beyond_the_window_is_an_error_and_not_cut(connect: Connect) -> None:
    adapter = connect(num_ctx=1024)
    with pytest.raises(ProviderStatusError) as refused:
        await adapter.send(adapter.prepare(a_request(user(LONG))), AdapterContext())
    assert refused.value.code is ErrorCode.CONTEXT_TOO_LONG
    assert "available context size (1024 tokens)" in refused.value.message


async def test_where_cutting_is_allowed_it_is_announced(connect: Connect) -> None:
    adapter = connect(num_ctx=1024, truncate=True)
    answer = await adapter.send(adapter.prepare(a_request(user(LONG))), AdapterContext())
    assert [warning.code for warning in answer.warnings] == ["prompt_truncated"]
    assert answer.usage.input_tokens == 515


async def test_an_unknown_model_and_a_wrong_key_are_told_apart(connect: Connect) -> None:
    adapter = connect()
    with pytest.raises(ProviderStatusError) as refused:
        await adapter.send(adapter.prepare(a_request(model="no-such-model")), AdapterContext())
    assert refused.value.code is ErrorCode.NOT_FOUND
    with pytest.raises(CredentialsRejected):
        await adapter.send(adapter.prepare(a_request()), AdapterContext(credential=Secret("wrong-key")))


async def test_the_models_of_a_server_say_what_they_can_do(connect: Connect) -> None:
    models = await connect().discover_models(DiscoveryOptions(remote=True), AdapterContext())
    known = {model.model_id: model for model in models}
    assert known["qwen3:4b"].supports_reasoning is True
    assert known["gemma3:4b"].supports_tools is False
    assert known["gemma3:4b"].input_modalities == ("text", "image")
