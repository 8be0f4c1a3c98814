"""Short ways to write requests and answers of Ollama's wire in tests."""

import json
from pathlib import Path
from typing import Any

from provider_runtime.adapters.wire.ollama.codec import OllamaCodec
from provider_runtime.adapters.wire.ollama.options import ollama_options
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest, ResponseFormat, TextFormat
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import freeze_object
from provider_runtime.ports.http import HttpReply

CODEC = OllamaCodec()
ACME = ProviderId("acme")
MODEL = "qwen3:4b"

_FIXTURES = Path(__file__).parents[3] / "fixtures" / "ollama"


def fixture(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_FIXTURES / f"{name}.json").read_bytes())
    return loaded


def codec_with(**options: Any) -> OllamaCodec:
    return OllamaCodec(settings=ollama_options(freeze_object(options)))


def a_request(*messages: Any, model: str = MODEL, **fields: Any) -> ProviderRequest:
    return ProviderRequest(model=ModelRef(model_id=model), messages=messages or (user("Hello"),), **fields)


def encoded(request: ProviderRequest, codec: OllamaCodec = CODEC) -> tuple[dict[str, Any], list[str]]:
    """The body that would be sent, read back, and the codes of the warnings."""
    result = codec.encode(request, ACME)
    return json.loads(result.body), [warning.code for warning in result.warnings]


def sent(request: ProviderRequest, codec: OllamaCodec = CODEC) -> dict[str, Any]:
    """The body that would be sent, where no warning is expected."""
    body, codes = encoded(request, codec)
    assert codes == []
    return body


def a_reply(body: object, status: int = 200, **headers: str) -> HttpReply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpReply(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=raw
    )


def prepared(wanted: ResponseFormat | None = None, *, body: bytes = b"{}", thinks: bool = False) -> PreparedExchange:
    return PreparedExchange(
        provider=ACME,
        model_id=MODEL,
        method="POST",
        url="http://localhost:11434/api/chat",
        headers={},
        body=body,
        wanted=wanted or TextFormat(),
        reasoning_asked=thinks,
    )


def an_answer(content: object = "Hi.", **fields: Any) -> dict[str, Any]:
    """The body of an answer; ``message`` fields other than the content go by keyword ``message``."""
    message = {"role": "assistant", "content": content, **fields.pop("message", {})}
    return {
        "model": MODEL,
        "created_at": "2026-11-01T10:00:00.123456789Z",
        "message": message,
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 10,
        "eval_count": 5,
    } | fields


def a_call(name: object = "get_weather", arguments: object = None, **fields: object) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": {} if arguments is None else arguments}, **fields}


def decoded(body: object, wanted: ResponseFormat | None = None) -> ProviderResponse:
    return CODEC.decode(a_reply(body), prepared(wanted))


def codes(response: ProviderResponse) -> list[str]:
    return [warning.code for warning in response.warnings]
