"""MockModel: a provider that answers by what is said to it."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from attrs import define, field

from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.parts import TextPart
from provider_runtime.domain.conversation.response import AssistantOutput, FinishReason, ProviderResponse
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.errors import ProviderError, ProviderStatusError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.ports.system import Clock
from provider_runtime.testing.fake_adapter import FakeAdapter

USAGE: Final = Usage(input_tokens=10, output_tokens=20, total_tokens=30)


@define
class MockModel(FakeAdapter):
    """Speaks for the provider ``mock``, as the model ``mock-model``, and asks nobody. See ``FakeAdapter``.

    ``responses`` are answers by a piece of what is said: the first, in their order, that stands
    anywhere in the conversation. Whatever else is said gets ``default``. ``latency_s`` passes before each
    answer. After ``fail_after`` calls every further one fails with ``failure``. ``sent`` are the calls
    so far. Source: semantics B.15.
    """

    provider_id: ProviderId = field(default=ProviderId("mock"), converter=ProviderId)
    responses: Mapping[str, str] = field(factory=dict, kw_only=True)
    default: str = field(default="Mock response", kw_only=True)
    latency_s: float = field(default=0.0, kw_only=True)
    fail_after: int | None = field(default=None, kw_only=True)
    failure: ProviderError = field(kw_only=True)
    clock: Clock = field(factory=SystemClock, kw_only=True, repr=False)

    @failure.default
    def _told_to_fail(self) -> ProviderError:
        return ProviderStatusError(provider=self.provider_id, status_code=500, message="the mock was told to fail")

    @property
    def call_count(self) -> int:
        """How many calls there were."""
        return len(self.sent)

    def set_response(self, piece: str, text: str) -> None:
        """Answer ``text`` from now on where ``piece`` is said, behind what was set before."""
        self.responses = {**self.responses, piece: text}

    def reset(self) -> None:
        """Forget the calls. The answers stay."""
        self.sent.clear()

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        if self.latency_s:
            await self.clock.sleep(self.latency_s)
        return await super(MockModel, self).send(prepared, context)  # noqa: UP008 - a slotted class is made twice

    def _next_answer(self, prepared: PreparedExchange) -> ProviderResponse | ProviderError:
        if self.fail_after is not None and len(self.sent) > self.fail_after:
            return self.failure
        said = "\n".join(_texts_in(msgspec.json.decode(prepared.body)))
        answers = (text for piece, text in self.responses.items() if piece in said)
        return ProviderResponse(
            output=AssistantOutput(content=(TextPart(next(answers, self.default)),)),
            provider=self.provider_id,
            model="mock-model",
            finish_reason=FinishReason.STOP,
            usage=USAGE,
        )


def _texts_in(value: Any) -> list[str]:
    """Every text that somebody says in a body of ``FakeAdapter``, in order."""
    if isinstance(value, dict):
        own = [value["text"]] if value.get("is") == "TextPart" else []
        return own + [text for item in value.values() for text in _texts_in(item)]
    return [text for item in value for text in _texts_in(item)] if isinstance(value, list) else []
