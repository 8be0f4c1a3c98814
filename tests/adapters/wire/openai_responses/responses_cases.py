"""What the tests of the Responses wire share: one codec, its fixtures, and short ways to call it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from provider_runtime.adapters.wire.openai_responses import OpenAIResponsesCodec
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.messages import Message, user
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest, ResponseFormat, TextFormat
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.identity import OPENAI
from provider_runtime.ports.http import HttpReply

CODEC: Final = OpenAIResponsesCodec()
_FIXTURES: Final = Path(__file__).resolve().parents[3] / "fixtures" / "openai_responses"


def fixture(name: str) -> dict[str, Any]:
    """The JSON of a fixture of this wire."""
    found: dict[str, Any] = json.loads((_FIXTURES / f"{name}.json").read_bytes())
    return found


def fixture_names(prefix: str) -> list[str]:
    """The names of the fixtures that begin with ``prefix``."""
    return sorted(path.stem for path in _FIXTURES.glob(f"{prefix}*.json"))


def request_for(model: str, *messages: Message, **controls: Any) -> ProviderRequest:
    """A request with one user message unless others are given."""
    return ProviderRequest(model=ModelRef(model_id=model), messages=messages or (user("Hi"),), **controls)


def encoded_body(request: ProviderRequest) -> dict[str, Any]:
    """The body that the codec writes, read back as JSON."""
    body: dict[str, Any] = json.loads(CODEC.encode(request, OPENAI).body)
    return body


def warning_codes(request: ProviderRequest) -> list[str]:
    """The codes of the warnings that encoding gives, in order."""
    return [warning.code for warning in CODEC.encode(request, OPENAI).warnings]


def prepared_for(model: str = "gpt-4.1", wanted: ResponseFormat | None = None) -> PreparedExchange:
    """An exchange as the adapter hands it to the decoder."""
    return PreparedExchange(
        provider=OPENAI,
        model_id=model,
        method="POST",
        url="https://api.openai.example/v1/responses",
        headers={},
        body=b"{}",
        wanted=wanted or TextFormat(),
    )


def reply_of(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpReply:
    """An HTTP answer: bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpReply(status=status, headers=headers or {}, body=raw)


def decoded(body: object, wanted: ResponseFormat | None = None) -> ProviderResponse:
    """The response that the codec makes of a body under status 200."""
    return CODEC.decode(reply_of(body), prepared_for(wanted=wanted))


def codes(response: ProviderResponse) -> list[str]:
    """The codes of a response's warnings, in order."""
    return [warning.code for warning in response.warnings]
