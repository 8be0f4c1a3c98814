"""Short ways to write requests and answers of the Messages wire in tests."""

import json
from pathlib import Path
from typing import Any

from provider_runtime.adapters.wire.anthropic_messages.codec import AnthropicMessagesCodec
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest, ResponseFormat, TextFormat
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.identity import ANTHROPIC, ProviderId
from provider_runtime.ports.http import HttpReply

CODEC = AnthropicMessagesCodec()
CLASSIC = "claude-sonnet-4-5"  # takes budgets, sampling controls and prefilled answers
ADAPTIVE = "claude-opus-4-8"  # takes effort, refuses sampling controls, system messages anywhere
BOUND = "claude-opus-5-5"  # thinks always, cannot be made to call a tool

_FIXTURES = Path(__file__).parents[3] / "fixtures" / "anthropic_messages"


def fixtures(prefix: str) -> dict[str, dict[str, Any]]:
    """The fixtures whose file names begin so, by the rest of the name."""
    return {
        path.stem.removeprefix(prefix): json.loads(path.read_bytes()) for path in sorted(_FIXTURES.glob(f"{prefix}*"))
    }


def a_request(*messages: Any, model: str = CLASSIC, **fields: Any) -> ProviderRequest:
    fields.setdefault("max_output_tokens", 100)
    return ProviderRequest(model=ModelRef(model_id=model), messages=messages or (user("Hello"),), **fields)


def encoded(
    request: ProviderRequest, codec: AnthropicMessagesCodec = CODEC, provider: ProviderId = ANTHROPIC
) -> tuple[dict[str, Any], list[str]]:
    """The body that would be sent, read back, and the codes of the warnings."""
    result = codec.encode(request, provider)
    return json.loads(result.body), [warning.code for warning in result.warnings]


def sent(request: ProviderRequest, codec: AnthropicMessagesCodec = CODEC) -> dict[str, Any]:
    """The body that would be sent, where no warning is expected."""
    body, codes = encoded(request, codec)
    assert codes == []
    return body


def a_reply(body: object, status: int = 200, **headers: str) -> HttpReply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpReply(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=raw
    )


def prepared(wanted: ResponseFormat | None = None, provider: ProviderId = ANTHROPIC) -> PreparedExchange:
    return PreparedExchange(
        provider=provider,
        model_id=CLASSIC,
        method="POST",
        url="https://api.anthropic.com/v1/messages",
        headers={},
        body=b"{}",
        wanted=wanted or TextFormat(),
    )


def an_answer(*content: Any, **fields: Any) -> dict[str, Any]:
    """The body of an answer with these blocks."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": CLASSIC,
        "content": list(content),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 5},
    } | fields


def text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def decoded(body: object, wanted: ResponseFormat | None = None, **headers: str) -> ProviderResponse:
    return CODEC.decode(a_reply(body, **headers), prepared(wanted))


def codes(response: ProviderResponse) -> list[str]:
    return [warning.code for warning in response.warnings]


def marks_of(body: Any) -> list[dict[str, Any]]:
    """Every cache mark in a body, in order."""
    if isinstance(body, dict):
        own = [body["cache_control"]] if "cache_control" in body else []
        return own + [mark for value in body.values() for mark in marks_of(value)]
    return [mark for item in body for mark in marks_of(item)] if isinstance(body, list) else []
