"""GeminiCodec: generateContent as a pair of pure functions."""

from typing import Any, Final
from urllib.parse import quote

from attrs import frozen

from provider_runtime.adapters.wire.codec import Encoded
from provider_runtime.adapters.wire.failures import request_id_of
from provider_runtime.adapters.wire.gemini.decode import decode_answer
from provider_runtime.adapters.wire.gemini.encode import encode_request
from provider_runtime.adapters.wire.gemini.encoding import WIRE
from provider_runtime.adapters.wire.gemini.errors import answered_error, answered_object, decode_error
from provider_runtime.adapters.wire.reading import NotJson, a_count, an_object, filled, objects, parse
from provider_runtime.domain.catalog.models import ModelInfo, ProviderCapabilities
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.handoff import HandoffTarget
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ProtocolError, ProviderError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.http import HttpReply

_MODELS_PATH: Final = "/v1beta/models?pageSize=1000"  # the largest page: the default one ends after fifty
_METHOD: Final = "generateContent"
_CAPABILITIES: Final = ProviderCapabilities(supports_thinking=True)


@frozen(kw_only=True)
class GeminiCodec:
    """The generateContent method of the Gemini API, version v1beta, as of November 2026."""

    @property
    def wire(self) -> str:
        return WIRE

    @property
    def api_version(self) -> str:
        return "v1beta"

    @property
    def capabilities(self) -> ProviderCapabilities:
        return _CAPABILITIES

    @property
    def auth_header(self) -> str:
        return "x-goog-api-key"

    @property
    def auth_prefix(self) -> str:
        return ""

    @property
    def models_path(self) -> str:
        return _MODELS_PATH

    @property
    def fixed_headers(self) -> tuple[tuple[str, str], ...]:
        return ()

    def handoff_target(self, provider: ProviderId, model_id: str) -> HandoffTarget:  # noqa: ARG002 - equal for all models
        # Thoughts of its own come without a signature and go back as thoughts.
        return HandoffTarget(
            provider=provider, wire=WIRE, plain_thinking=True, object_arguments=True, system_anywhere=False
        )

    def encode(self, request: ProviderRequest, provider: ProviderId) -> Encoded:
        return encode_request(request, provider)

    def decode(self, reply: HttpReply, prepared: PreparedExchange) -> ProviderResponse:
        return decode_answer(reply, prepared)

    def decode_error(self, reply: HttpReply, provider: ProviderId, model: str | None) -> ProviderError:
        return decode_error(reply, provider, model)

    def next_models_path(self, reply: HttpReply) -> str | None:
        try:
            token = filled(an_object(parse(reply.body)).get("nextPageToken"))
        except NotJson:
            return None
        return f"{_MODELS_PATH}&pageToken={quote(token, safe='')}" if token else None

    def decode_models(self, reply: HttpReply, provider: ProviderId) -> tuple[ModelInfo, ...]:
        """The models that generate content, in the order given; entries without a name are passed over."""
        body = answered_object(reply, provider, None)
        listed = body.get("models")
        if not isinstance(listed, list):
            if body.get("error") is not None:
                raise answered_error(body, reply, provider, None)
            raise ProtocolError(
                message="the answer has no list of models",
                field="models",
                provider=provider,
                request_id=request_id_of(reply.headers),
                status_code=reply.status,
            )
        return tuple(_model(entry, provider) for entry in objects(listed) if _answers(entry))


def _answers(entry: dict[str, Any]) -> bool:
    methods = entry.get("supportedGenerationMethods")
    named = (filled(entry.get("name")) or "").removeprefix("models/")
    return bool(named) and (not isinstance(methods, list) or _METHOD in methods)


def _model(entry: dict[str, Any], provider: ProviderId) -> ModelInfo:
    thinks = entry.get("thinking")
    return ModelInfo(
        provider=provider,
        model_id=entry["name"].removeprefix("models/"),
        display_name=filled(entry.get("displayName")),
        context_window=a_count(entry.get("inputTokenLimit")) or None,
        max_output_tokens=a_count(entry.get("outputTokenLimit")) or None,
        supports_reasoning=thinks if isinstance(thinks, bool) else None,
    )
