"""The Chat Completions codec: encoding, decoding, errors and the model list of one dialect."""

from typing import Any, Final

from attrs import field, frozen
from attrs.validators import instance_of

from provider_runtime.adapters.wire.chat_completions.decode import decode_answer
from provider_runtime.adapters.wire.chat_completions.dialect import WIRE, Dialect, ReasoningControl, ThinkingReplay
from provider_runtime.adapters.wire.chat_completions.encode import encode_request
from provider_runtime.adapters.wire.chat_completions.errors import broken, error_of, json_of
from provider_runtime.adapters.wire.chat_completions.reasoning import signed_by_upstream, upstream_of
from provider_runtime.adapters.wire.codec import Encoded
from provider_runtime.adapters.wire.reading import a_count, a_list, an_object, filled, objects
from provider_runtime.domain.catalog.models import ModelInfo, ProviderCapabilities
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.handoff import HandoffTarget
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.http import HttpReply

# What servers call the two limits in their model lists, most telling name first.
_WINDOW: Final = ("context_length", "context_window", "max_context_length", "max_model_len")
_OUTPUT: Final = ("max_completion_tokens", "max_output_tokens", "max_output_length")


@frozen(kw_only=True)
class ChatCompletionsCodec:
    """Chat Completions as ``dialect`` speaks it. Pure; see ``WireCodec`` for the contract."""

    dialect: Dialect = field(validator=instance_of(Dialect))
    capabilities: ProviderCapabilities = field(init=False)

    @property
    def wire(self) -> str:
        return WIRE

    @property
    def api_version(self) -> str:
        return self.dialect.api_version

    @capabilities.default
    def _make_capabilities(self) -> ProviderCapabilities:
        thinks = (
            self.dialect.reasoning is not ReasoningControl.NOWHERE or self.dialect.thinking is not ThinkingReplay.NOT
        )
        return ProviderCapabilities(supports_thinking=thinks)

    @property
    def auth_header(self) -> str:
        return self.dialect.auth_header

    @property
    def auth_prefix(self) -> str:
        return self.dialect.auth_prefix

    @property
    def models_path(self) -> str:
        return self.dialect.models_path

    @property
    def fixed_headers(self) -> tuple[tuple[str, str], ...]:
        return self.dialect.headers

    def handoff_target(self, provider: ProviderId, model_id: str) -> HandoffTarget:
        return HandoffTarget(
            provider=provider,
            wire=WIRE,
            upstream=upstream_of(model_id) if self.dialect.router else None,
            plain_thinking=self.dialect.thinking is not ThinkingReplay.NOT,
            system_anywhere=not self.dialect.one_system_message,
            tool_id=self.dialect.tool_id,
            tool_id_length=self.dialect.tool_id_length,
        )

    def encode(self, request: ProviderRequest, provider: ProviderId) -> Encoded:
        return encode_request(request, provider, self.dialect)

    def decode(self, reply: HttpReply, prepared: PreparedExchange) -> ProviderResponse:
        response = decode_answer(reply, prepared, self.dialect)
        return signed_by_upstream(response) if self.dialect.router else response

    def decode_error(self, reply: HttpReply, provider: ProviderId, model: str | None) -> ProviderError:
        return error_of(reply, provider, model)

    def next_models_path(self, reply: HttpReply) -> str | None:  # noqa: ARG002 - this list is one page
        return None

    def decode_models(self, reply: HttpReply, provider: ProviderId) -> tuple[ModelInfo, ...]:
        body = json_of(reply, provider, None)
        if isinstance(body, dict) and body.get("error"):
            raise error_of(reply, provider, None)
        # Together answers the bare list; Ollama says null where it has no models.
        listed = body.get("data", body) if isinstance(body, dict) else body
        if listed is not None and not isinstance(listed, list):
            raise broken("data", "the model list is no list", reply, provider, None)
        found: dict[str, ModelInfo] = {}
        for card in objects(listed):
            model_id = filled(card.get("id"))
            if model_id is not None and model_id.strip() and model_id not in found:
                found[model_id] = _model(card, model_id, provider)
        return tuple(found.values())


def _model(card: dict[str, Any], model_id: str, provider: ProviderId) -> ModelInfo:
    top, can = an_object(card.get("top_provider")), an_object(card.get("capabilities"))
    spoken = card.get("supported_parameters")
    parameters = a_list(spoken)
    known = isinstance(spoken, list)
    reasons = can.get("reasoning")
    modalities = card.get("input_modalities") or an_object(card.get("architecture")).get("input_modalities")
    return ModelInfo(
        provider=provider,
        model_id=model_id,
        display_name=filled(card.get("name")) or filled(card.get("display_name")),
        context_window=_limit(top, "context_length") or _limit(card, *_WINDOW) or _limit(_meta(card), "n_ctx"),
        max_output_tokens=_limit(top, "max_completion_tokens") or _limit(card, *_OUTPUT),
        supports_tools="tools" in parameters if known else can.get("function_calling") is not False,
        supports_structured_output=not known or "response_format" in parameters or "structured_outputs" in parameters,
        supports_reasoning="reasoning" in parameters if known else reasons if isinstance(reasons, bool) else None,
        input_modalities=tuple(kind for kind in a_list(modalities) if isinstance(kind, str)),
    )


def _meta(card: dict[str, Any]) -> dict[str, Any]:
    return an_object(card.get("meta"))


def _limit(holder: dict[str, Any], *names: str) -> int | None:
    """The first of these fields that holds a number of tokens; zero means that nobody knows."""
    for name in names:
        count = a_count(holder.get(name))
        if count:
            return count
    return None
