"""FakeAdapter: a provider without a wire, for tests of everything around the adapters."""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Final

import msgspec
from attrs import define, evolve, field, fields, has

from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelInfo, ProviderCapabilities
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.handoff import HandoffTarget
from provider_runtime.domain.conversation.parts import TextPart
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import AssistantOutput, CallWarning, FinishReason, ProviderResponse
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.provider_adapter import AdapterContext

WIRE: Final = "fake"
_CAPABLE_OF_ALL: Final = ProviderCapabilities(supports_thinking=True)

Answer = ProviderResponse | ProviderError
Answers = Iterable[Answer] | Callable[[PreparedExchange], Answer]


def a_fake_answer(prepared: PreparedExchange) -> ProviderResponse:
    """A short text, in the name of the provider and the model that were asked."""
    return ProviderResponse(
        output=AssistantOutput(content=(TextPart("A fake answer."),)),
        provider=prepared.provider,
        model=prepared.model_id,
        finish_reason=FinishReason.STOP,
        usage=Usage(input_tokens=len(prepared.body) // 4, output_tokens=4),
    )


@define
class FakeAdapter:
    """Speaks for ``provider_id`` and asks nobody.

    ``answers`` are responses to return and errors to raise, one for each ``send``, or a function
    that makes them; without any, every call gets a short text. ``models`` are what it lists, or an
    error to raise. ``sent`` and ``discoveries`` are the calls so far. The body it prepares is the
    whole request as JSON.
    """

    provider_id: ProviderId = field(default=ProviderId("fake"), converter=ProviderId)
    answers: Answers = a_fake_answer
    capabilities: ProviderCapabilities = field(default=_CAPABLE_OF_ALL, kw_only=True)
    models: tuple[ModelInfo, ...] | ProviderError = field(default=(), kw_only=True)
    warnings: tuple[CallWarning, ...] = field(default=(), kw_only=True)
    base_url: str = field(default="http://localhost", kw_only=True)
    wire: str = field(default=WIRE, kw_only=True)
    sent: list[tuple[PreparedExchange, AdapterContext]] = field(factory=list, init=False)
    discoveries: list[DiscoveryOptions] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        if not callable(self.answers):
            self.answers = iter(self.answers)

    def handoff_target(self, model_id: str) -> HandoffTarget:  # noqa: ARG002 - alike for all models
        return HandoffTarget(provider=self.provider_id, wire=self.wire)

    def prepare(self, request: ProviderRequest) -> PreparedExchange:
        body = msgspec.json.encode(_plain(request))
        return PreparedExchange(
            provider=self.provider_id,
            model_id=request.model.model_id,
            method="POST",
            url=f"{self.base_url}/fake",
            headers={"content-type": "application/json"},
            body=body,
            wanted=request.response_format,
            warnings=self.warnings,
        )

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        self.sent.append((prepared, context))
        answer = self._next_answer(prepared)
        if isinstance(answer, ProviderError):
            raise answer
        return evolve(answer, raw_provider_response={"fake": True}) if context.include_raw_response else answer

    async def discover_models(self, options: DiscoveryOptions, context: AdapterContext) -> tuple[ModelInfo, ...]:  # noqa: ARG002 - it needs no credential
        self.discoveries.append(options)
        if isinstance(self.models, ProviderError):
            raise self.models
        return self.models

    def _next_answer(self, prepared: PreparedExchange) -> Answer:
        if callable(self.answers):
            return self.answers(prepared)
        for answer in self.answers:
            return answer
        raise AssertionError(f"call number {len(self.sent)} was sent, and no answer is left for it")


def _plain(value: Any) -> Any:
    """Any value of the conversation as JSON that tells it from every other."""
    if has(type(value)):
        shown = {
            attribute.name: _plain(getattr(value, attribute.name))
            for attribute in fields(type(value))
            if attribute.init
        }
        return {"is": type(value).__name__, **shown}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, str) else value
