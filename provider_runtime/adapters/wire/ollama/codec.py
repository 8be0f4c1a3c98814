"""OllamaCodec: the native chat protocol as a pair of pure functions."""

from typing import Final

from attrs import field, frozen
from attrs.validators import instance_of

from provider_runtime.adapters.wire.codec import Encoded
from provider_runtime.adapters.wire.ollama.decode import decode_answer
from provider_runtime.adapters.wire.ollama.encode import encode_request
from provider_runtime.adapters.wire.ollama.encoding import WIRE
from provider_runtime.adapters.wire.ollama.errors import error_of
from provider_runtime.adapters.wire.ollama.models import MODELS_PATH, decode_model_list
from provider_runtime.adapters.wire.ollama.options import OllamaSettings
from provider_runtime.domain.catalog.models import ModelInfo, ProviderCapabilities
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.handoff import HandoffTarget
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.http import HttpReply

_CAPABILITIES: Final = ProviderCapabilities(supports_thinking=True)


@frozen(kw_only=True)
class OllamaCodec:
    """Ollama's native chat, as of its server 0.33 (November 2026). See ``WireCodec`` for the contract.

    ``settings`` are what the provider record sets for every call. Older servers pass over the
    fields they do not know; the thinking, the tool names and the call ids among them.
    ``cloud_models``: whether models may be asked for that the server only passes on to the vendor;
    never, where the provider is registered as local.
    """

    settings: OllamaSettings = field(factory=OllamaSettings, validator=instance_of(OllamaSettings))
    cloud_models: bool = field(default=True, validator=instance_of(bool))

    @property
    def wire(self) -> str:
        return WIRE

    @property
    def api_version(self) -> str:
        return "0.33"

    @property
    def capabilities(self) -> ProviderCapabilities:
        return _CAPABILITIES

    @property
    def auth_header(self) -> str:
        return "authorization"

    @property
    def auth_prefix(self) -> str:
        return "Bearer "

    @property
    def models_path(self) -> str:
        return MODELS_PATH

    @property
    def fixed_headers(self) -> tuple[tuple[str, str], ...]:
        return ()

    def handoff_target(self, provider: ProviderId, model_id: str) -> HandoffTarget:  # noqa: ARG002 - all models alike
        return HandoffTarget(provider=provider, wire=WIRE, plain_thinking=True, object_arguments=True)

    def encode(self, request: ProviderRequest, provider: ProviderId) -> Encoded:
        return encode_request(request, provider, self.settings, cloud_models=self.cloud_models)

    def decode(self, reply: HttpReply, prepared: PreparedExchange) -> ProviderResponse:
        return decode_answer(reply, prepared, cloud_models=self.cloud_models)

    def decode_error(self, reply: HttpReply, provider: ProviderId, model: str | None) -> ProviderError:
        return error_of(reply, provider, model)

    def decode_models(self, reply: HttpReply, provider: ProviderId) -> tuple[ModelInfo, ...]:
        return decode_model_list(reply, provider)

    def next_models_path(self, reply: HttpReply) -> str | None:  # noqa: ARG002 - this list is one page
        return None
