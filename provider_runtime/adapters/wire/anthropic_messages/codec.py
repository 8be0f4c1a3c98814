"""AnthropicMessagesCodec: the Messages API as a pair of pure functions."""

import re
from typing import Any, Final

from attrs import Attribute, field, frozen
from attrs.validators import in_

from provider_runtime.adapters.wire.anthropic_messages.decode import decode_message
from provider_runtime.adapters.wire.anthropic_messages.encode import encode_request
from provider_runtime.adapters.wire.anthropic_messages.encoding import WIRE
from provider_runtime.adapters.wire.anthropic_messages.errors import decode_error
from provider_runtime.adapters.wire.anthropic_messages.families import VERSIONS, family_of_model
from provider_runtime.adapters.wire.anthropic_messages.models import MODELS_PATH, decode_model_list, next_path
from provider_runtime.adapters.wire.codec import Encoded
from provider_runtime.domain.catalog.models import ModelInfo, ProviderCapabilities
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.handoff import HandoffTarget
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, freeze_object
from provider_runtime.ports.http import HttpReply

_TOOL_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_CAPABILITIES: Final = ProviderCapabilities(supports_thinking=True)


def _whole_counts(_instance: object, attribute: "Attribute[Any]", limits: JsonObject) -> None:
    for model, limit in limits.items():
        if type(limit) is not int or limit < 1:
            raise ValueError(f"{attribute.name}[{model!r:.80}] must be a whole number of tokens from 1")


@frozen(kw_only=True)
class AnthropicMessagesCodec:
    """The Messages API, as of November 2026.

    ``api_version`` is what the ``anthropic-version`` header says: ``2023-06-01``, which every
    server takes, or ``2026-10-21``, which knows no sampling controls. ``output_limits`` are the
    most tokens each model can write, from the catalog; the API has no default of its own.
    Raises ``ValueError`` for a version that is not one of the two, or a limit that is no count.
    """

    api_version: str = field(default="2023-06-01", validator=in_(VERSIONS))
    output_limits: JsonObject = field(default=EMPTY_OBJECT, converter=freeze_object, validator=_whole_counts)

    @property
    def wire(self) -> str:
        return WIRE

    @property
    def capabilities(self) -> ProviderCapabilities:
        return _CAPABILITIES

    @property
    def auth_header(self) -> str:
        return "x-api-key"

    @property
    def auth_prefix(self) -> str:
        return ""

    @property
    def models_path(self) -> str:
        return MODELS_PATH

    @property
    def fixed_headers(self) -> tuple[tuple[str, str], ...]:
        return (("anthropic-version", self.api_version),)

    def handoff_target(self, provider: ProviderId, model_id: str) -> HandoffTarget:
        return HandoffTarget(
            provider=provider,
            wire=WIRE,
            plain_thinking=False,
            object_arguments=True,
            system_anywhere=family_of_model(model_id).system_anywhere,
            tool_id=_TOOL_ID,
        )

    def encode(self, request: ProviderRequest, provider: ProviderId) -> Encoded:
        return encode_request(request, provider, api_version=self.api_version, output_limits=self.output_limits)

    def decode(self, reply: HttpReply, prepared: PreparedExchange) -> ProviderResponse:
        return decode_message(reply, prepared)

    def decode_error(self, reply: HttpReply, provider: ProviderId, model: str | None) -> ProviderError:
        return decode_error(reply, provider, model)

    def decode_models(self, reply: HttpReply, provider: ProviderId) -> tuple[ModelInfo, ...]:
        return decode_model_list(reply, provider)

    def next_models_path(self, reply: HttpReply) -> str | None:
        return next_path(reply)
