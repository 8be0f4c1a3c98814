"""OpenAIResponsesCodec: the OpenAI Responses API as a pair of pure functions."""

import re
from typing import Final

from attrs import field, frozen

from provider_runtime.adapters.wire.codec import Encoded
from provider_runtime.adapters.wire.openai_responses.decode import decode_models, decode_response
from provider_runtime.adapters.wire.openai_responses.encode import encode_request
from provider_runtime.adapters.wire.openai_responses.errors import error_of
from provider_runtime.adapters.wire.openai_responses.signatures import WIRE
from provider_runtime.domain.catalog.models import ModelInfo, ProviderCapabilities
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.handoff import HandoffTarget
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.http import HttpReply

_CALL_ID: Final = re.compile(r"[\x21-\x7e]{1,64}")  # the length is the API's own limit
_CAPABILITIES: Final = ProviderCapabilities(supports_thinking=True)


@frozen(kw_only=True)
class OpenAIResponsesCodec:
    """Speaks the Responses API: OpenAI's, and that of Azure, xAI, OpenRouter, Bedrock, vLLM and others.

    Stateless: nothing is stored (``store: false``), the whole conversation goes along each time,
    and reasoning goes back in its encrypted form. Touches no network, clock or environment.
    """

    wire: str = field(default=WIRE, init=False)
    api_version: str = field(default="2026-10-01", init=False)
    capabilities: ProviderCapabilities = field(default=_CAPABILITIES, init=False)
    auth_header: str = field(default="authorization", init=False)
    auth_prefix: str = field(default="Bearer ", init=False)
    models_path: str = field(default="/v1/models", init=False)
    fixed_headers: tuple[tuple[str, str], ...] = field(default=(), init=False)

    def handoff_target(self, provider: ProviderId, model_id: str) -> HandoffTarget:  # noqa: ARG002 - alike for all models
        """System messages stay in place; reasoning goes back only under a signature of this wire."""
        return HandoffTarget(provider=provider, wire=WIRE, plain_thinking=False, system_anywhere=True, tool_id=_CALL_ID)

    def encode(self, request: ProviderRequest, provider: ProviderId) -> Encoded:
        return encode_request(request, provider)

    def decode(self, reply: HttpReply, prepared: PreparedExchange) -> ProviderResponse:
        return decode_response(reply, prepared)

    def decode_error(self, reply: HttpReply, provider: ProviderId, model: str | None) -> ProviderError:
        return error_of(reply, provider, model)

    def decode_models(self, reply: HttpReply, provider: ProviderId) -> tuple[ModelInfo, ...]:
        return decode_models(reply, provider, _CAPABILITIES)

    def next_models_path(self, reply: HttpReply) -> str | None:  # noqa: ARG002 - this list is one page
        return None
