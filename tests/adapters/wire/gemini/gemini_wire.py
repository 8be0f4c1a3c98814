"""Short ways to write requests and answers of the Gemini wire in tests."""

import json
from pathlib import Path
from typing import Any

from provider_runtime.adapters.wire.gemini.codec import GeminiCodec
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.markers import Signature
from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest, ResponseFormat, TextFormat
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.identity import GEMINI, ProviderId
from provider_runtime.ports.http import HttpReply

CODEC = GeminiCodec()
PLAIN = "gemini-2.0-flash"  # does not think
BUDGET = "gemini-2.5-flash"  # thinks by a budget, takes all controls
LEVEL = "gemini-3-flash-preview"  # thinks by a level, insists on signatures
STRICT = "gemini-3.8-flash"  # takes no sampling controls, penalties or prefilled answers

_FIXTURES = Path(__file__).parents[3] / "fixtures" / "gemini"


def fixtures(prefix: str) -> dict[str, dict[str, Any]]:
    """The fixtures whose file names begin so, by the rest of the name."""
    return {
        path.stem.removeprefix(prefix): json.loads(path.read_bytes()) for path in sorted(_FIXTURES.glob(f"{prefix}*"))
    }


def a_request(*messages: Any, model: str = BUDGET, **fields: Any) -> ProviderRequest:
    return ProviderRequest(model=ModelRef(model_id=model), messages=messages or (user("Hello"),), **fields)


def signed(value: str) -> Signature:
    return Signature(provider=GEMINI, wire="gemini", value=value)


def encoded(request: ProviderRequest, provider: ProviderId = GEMINI) -> tuple[dict[str, Any], list[str]]:
    """The body that would be sent, read back, and the codes of the warnings."""
    result = CODEC.encode(request, provider)
    return json.loads(result.body), [warning.code for warning in result.warnings]


def sent(request: ProviderRequest) -> dict[str, Any]:
    """The body that would be sent, where no warning is expected."""
    body, codes = encoded(request)
    assert codes == []
    return body


def config_of(request: ProviderRequest) -> tuple[dict[str, Any], list[str]]:
    """The generation config that would be sent, and the codes of the warnings."""
    body, codes = encoded(request)
    return body.get("generationConfig", {}), codes


def a_reply(body: object, status: int = 200, **headers: str) -> HttpReply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpReply(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=raw
    )


def prepared(wanted: ResponseFormat | None = None, provider: ProviderId = GEMINI) -> PreparedExchange:
    return PreparedExchange(
        provider=provider,
        model_id=BUDGET,
        method="POST",
        url="https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
        headers={},
        body=b"{}",
        wanted=wanted or TextFormat(),
    )


def a_candidate(*parts: Any, **fields: Any) -> dict[str, Any]:
    return {"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP", "index": 0} | fields


def an_answer(*parts: Any, **fields: Any) -> dict[str, Any]:
    """The body of an answer with these parts; ``candidate`` holds further fields of the candidate."""
    candidate = a_candidate(*parts, **fields.pop("candidate", {}))
    return {
        "candidates": [candidate],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15},
        "modelVersion": BUDGET,
        "responseId": "LABNasysCNftxN8P6LzaoAI",
    } | fields


def decoded(body: object, wanted: ResponseFormat | None = None, **headers: str) -> ProviderResponse:
    return CODEC.decode(a_reply(body, **headers), prepared(wanted))


def codes(response: ProviderResponse) -> list[str]:
    return [warning.code for warning in response.warnings]
