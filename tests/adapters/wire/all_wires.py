"""Every wire of the package on one page, so that what must hold for all of them is tested over all of them.

A new codec joins by a line in ``WIRES``; the tests beside this file, and those of the handoff
between two wires, take it from there.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen
from shared_data import wire_exchanges

from provider_runtime.adapters.wire.anthropic_messages.codec import AnthropicMessagesCodec
from provider_runtime.adapters.wire.anthropic_messages.families import FAMILIES
from provider_runtime.adapters.wire.chat_completions.codec import ChatCompletionsCodec
from provider_runtime.adapters.wire.chat_completions.dialect import OPENAI_CHAT
from provider_runtime.adapters.wire.codec import WireCodec
from provider_runtime.adapters.wire.gemini.codec import GeminiCodec
from provider_runtime.adapters.wire.ollama.codec import OllamaCodec
from provider_runtime.adapters.wire.openai_compatible import openai_compatible_dialect
from provider_runtime.adapters.wire.openai_responses.codec import OpenAIResponsesCodec
from provider_runtime.adapters.wire.openrouter import openrouter_dialect
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.request import ResponseFormat, TextFormat
from provider_runtime.domain.identity import ANTHROPIC, OPENAI, OPENROUTER, ProviderId
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, freeze_object
from provider_runtime.ports.http import HttpReply

FIXTURES: Final = Path(__file__).parents[2] / "fixtures"
_VENDORS: Final = (
    *("generic", "azure", "mistral", "deepseek", "xai", "groq", "together", "fireworks"),
    *("tgi", "vllm", "llamacpp", "ollama"),
)


@frozen(kw_only=True)
class Wire:
    """One codec under test.

    ``models``: a model id of each family that the codec tells apart. ``fixtures``: the folder of
    our own examples. ``captured``: the providers and the calls of the captured traffic that speak
    this protocol. ``document`` and ``path``: where its vendor describes the body of a request.
    """

    name: str
    codec: WireCodec = field(repr=False)
    provider: ProviderId
    models: tuple[str, ...] = field(repr=False)
    fixtures: str = field(repr=False)
    captured: tuple[str, ...] = field(repr=False)
    apis: tuple[str, ...] = field(repr=False)
    document: str | None = field(default=None, repr=False)
    path: str = field(default="", repr=False)

    def prepared(self, wanted: ResponseFormat | None = None, model_id: str | None = None) -> PreparedExchange:
        """An exchange as the adapter hands it to this codec's decoder."""
        return PreparedExchange(
            provider=self.provider,
            model_id=model_id or self.models[0],
            method="POST",
            url="https://wire.example/v1",
            headers={},
            body=b"{}",
            wanted=wanted or TextFormat(),
        )

    def golden_answers(self) -> Iterator[Any]:
        """The bodies of our own successful answers."""
        for path in sorted((FIXTURES / self.fixtures).glob("answer*.json")):
            document = json.loads(path.read_bytes())
            cases = document.values() if path.stem == "answers" else (document,)
            for case in cases:
                yield next((case[name] for name in ("body", "answer") if name in case), case)

    def captured_exchanges(self) -> tuple[dict[str, Any], ...]:
        """The captured exchanges that speak this protocol; empty where the data is absent."""
        return _captured(self.captured, self.apis)


@cache
def _captured(providers: tuple[str, ...], apis: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    return tuple(wire_exchanges(*providers, apis=apis))


def _compatible(vendor: str) -> Wire:
    return Wire(
        name=f"openai_compatible-{vendor}",
        codec=ChatCompletionsCodec(dialect=openai_compatible_dialect(freeze_object({"vendor": vendor}))),
        provider=ProviderId(f"my-{vendor}"),
        models=_OPENAI_MODELS if vendor == "azure" else ("some-model",),
        fixtures="chat_completions",
        captured=("openai-compat",) if vendor == "generic" else (f"openai-compat:{vendor}",),
        apis=("chat",),
        document={"mistral": "mistral", "together": "together", "tgi": "tgi"}.get(vendor),
        path={"tgi": "/v1/chat/completions", "mistral": "/v1/chat/completions"}.get(vendor, "/chat/completions"),
    )


_OPENAI_MODELS: Final = (
    *("gpt-4o", "gpt-4.1", "o1", "o3", "o3-mini", "gpt-5", "gpt-5-mini", "gpt-5-chat-latest", "gpt-5.1", "gpt-5.2"),
    *("gpt-5.5", "gpt-5.6", "gpt-6", "gpt-4o-search-preview", "my-deployment"),
)

WIRES: Final = (
    Wire(
        name="openai_responses",
        codec=OpenAIResponsesCodec(),
        provider=OPENAI,
        models=(*_OPENAI_MODELS, "gpt-5-pro", "gpt-5.1-codex-max", "gpt-oss:20b", "grok-4.3", "grok-3-mini"),
        fixtures="openai_responses",
        captured=("openai-responses", "openai-compat", "openrouter"),
        apis=("responses", "responses-get"),
        document="openai",
        path="/responses",
    ),
    Wire(
        name="anthropic_messages",
        codec=AnthropicMessagesCodec(),
        provider=ANTHROPIC,
        models=tuple(family.example for family in FAMILIES),
        fixtures="anthropic_messages",
        captured=("anthropic", "anthropic-compat", "openrouter"),
        apis=("messages",),
        document="anthropic",
        path="/v1/messages",
    ),
    Wire(
        name="anthropic_messages-2026",
        codec=AnthropicMessagesCodec(api_version="2026-10-21", output_limits=JsonObject({"claude-sonnet-4-5": 64_000})),
        provider=ProviderId("anthropic-eu"),
        models=tuple(family.example for family in FAMILIES),
        fixtures="anthropic_messages",
        captured=("anthropic",),
        apis=("messages",),
    ),
    Wire(
        name="openai_chat",
        codec=ChatCompletionsCodec(dialect=OPENAI_CHAT),
        provider=ProviderId("openai_chat"),
        models=_OPENAI_MODELS,
        fixtures="chat_completions",
        captured=("openai-chat",),
        apis=("chat",),
        document="openai",
        path="/chat/completions",
    ),
    Wire(
        name="openrouter",
        codec=ChatCompletionsCodec(dialect=openrouter_dialect(EMPTY_OBJECT)),
        provider=OPENROUTER,
        models=("anthropic/claude-haiku-4.5", "openai/gpt-5.2", "google/gemini-2.5-pro", "openrouter/auto"),
        fixtures="chat_completions",
        captured=("openrouter",),
        apis=("chat",),
        document="openrouter",
        path="/chat/completions",
    ),
    Wire(
        name="gemini",
        codec=GeminiCodec(),
        provider=ProviderId("gemini"),
        models=(
            *(
                "gemini-2.0-flash",
                "gemini-2.5-pro",
                "gemini-2.5-flash",
                "gemini-2.5-flash-lite",
                "gemini-3-pro-preview",
            ),
            *("gemini-3-flash-preview", "gemini-3.1-pro-preview", "gemini-3.6-flash", "gemini-3.8-flash"),
            *("gemini-4-argon", "gemini-3-pro-image", "gemma-3-27b-it"),
        ),
        fixtures="gemini",
        captured=("gemini",),
        apis=("generate",),
        document="gemini",
        path="/v1beta/models/{model}:generateContent",
    ),
    Wire(
        name="ollama",
        codec=OllamaCodec(),
        provider=ProviderId("ollama"),
        models=("some-model", "gpt-oss:20b", "deepseek-v4", "llama3.2", "qwen3"),
        fixtures="ollama",
        captured=("ollama",),
        apis=("chat",),
        document="ollama",
        path="/api/chat",
    ),
    *(_compatible(vendor) for vendor in _VENDORS),
)
"""Each codec, dialect and version that ships."""


def name_of(value: object) -> str:
    """What a parametrised test is called."""
    return value.name if isinstance(value, Wire) else str(value)


def a_reply(body: object, status: int = 200, **headers: str) -> HttpReply:
    """An HTTP answer: bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpReply(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()}, body=raw)
