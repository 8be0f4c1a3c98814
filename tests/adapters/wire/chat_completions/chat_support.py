"""Codecs, exchanges and hand-written fixtures for the tests of the Chat Completions wire."""

import json
from pathlib import Path
from typing import Any

from provider_runtime.adapters.wire.chat_completions.codec import ChatCompletionsCodec
from provider_runtime.adapters.wire.chat_completions.dialect import OPENAI_CHAT
from provider_runtime.adapters.wire.openai_compatible import openai_compatible_dialect
from provider_runtime.adapters.wire.openrouter import openrouter_dialect
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.conversation.request import ProviderRequest, ResponseFormat, TextFormat
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import EMPTY_OBJECT, freeze_object
from provider_runtime.ports.http import HttpReply

FIXTURES = Path(__file__).parents[3] / "fixtures" / "chat_completions"
ACME = ProviderId("acme")


def openai_codec() -> ChatCompletionsCodec:
    return ChatCompletionsCodec(dialect=OPENAI_CHAT)


def openrouter_codec(**options: object) -> ChatCompletionsCodec:
    return ChatCompletionsCodec(dialect=openrouter_dialect(freeze_object(options)))


def vendor_codec(vendor: str | None = None) -> ChatCompletionsCodec:
    options = EMPTY_OBJECT if vendor is None else freeze_object({"vendor": vendor})
    return ChatCompletionsCodec(dialect=openai_compatible_dialect(options))


def fixture(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_bytes())
    return loaded


def a_request(*messages: object, **fields: Any) -> ProviderRequest:
    said = messages or (user("Say hello."),)
    return ProviderRequest(**({"model": "gpt-4.1", "messages": said} | fields))


def encoded(codec: ChatCompletionsCodec, request: ProviderRequest, provider: ProviderId = ACME) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(codec.encode(request, provider).body)
    return body


def remarks(codec: ChatCompletionsCodec, request: ProviderRequest, provider: ProviderId = ACME) -> list[str]:
    return [warning.code for warning in codec.encode(request, provider).warnings]


def a_reply(body: object, status: int = 200, **headers: str) -> HttpReply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpReply(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()}, body=data)


def prepared(wanted: ResponseFormat | None = None, provider: ProviderId = ACME) -> PreparedExchange:
    return PreparedExchange(
        provider=provider,
        model_id="some-model",
        method="POST",
        url="https://acme.example/v1/chat/completions",
        headers={},
        body=b"{}",
        wanted=wanted or TextFormat(),
    )


def decoded(
    body: object, codec: ChatCompletionsCodec | None = None, wanted: ResponseFormat | None = None
) -> ProviderResponse:
    return (codec or openai_codec()).decode(a_reply(body), prepared(wanted))


def an_answer(message: object, finish: str | None = "stop", **fields: object) -> dict[str, Any]:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {"id": "c-1", "model": "some-model", "choices": [choice], "usage": usage} | fields


def said(content: object, **fields: object) -> dict[str, Any]:
    return an_answer({"role": "assistant", "content": content} | fields)


def codes(response: ProviderResponse) -> list[str]:
    return [warning.code for warning in response.warnings]
