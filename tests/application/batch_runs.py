"""Runs of a batch over a provider that tests make up, and what they have kept."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field

from provider_runtime import (
    Budget,
    ErrorCode,
    ModelCatalog,
    PriceRule,
    PricingTable,
    ProviderRuntime,
    ProviderStatusError,
    RetryPolicy,
)
from provider_runtime.adapters.batches.canonical import CanonicalForm
from provider_runtime.adapters.batches.memory import MemoryBatchSource
from provider_runtime.application.batch.plan import BatchPlan
from provider_runtime.application.batch.running import BatchRun
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.testing.fakes import FakeAdapter, FixedRandomness, FrozenClock
from provider_runtime.testing.mocks import MockBatchStore

ADA = ProviderId("ada")
FREE = PricingTable(rules=[PriceRule(provider=ADA, model_pattern="*", input_cost_per_token=0, output_cost_per_token=0)])


def line(said: object, **changes: Any) -> bytes:
    request = {"model": "ada:m", "messages": [{"role": "user", "content": str(said)}], "max_output_tokens": 10}
    return json.dumps({"id": str(said), "request": request, **changes}).encode()


LINES = [line(number) for number in range(1, 6)]


@asynccontextmanager
async def runtime_with(
    adapter: FakeAdapter, *budgets: Budget, clock: FrozenClock | None = None, **parts: Any
) -> AsyncIterator[ProviderRuntime]:
    builder = ProviderRuntime.builder().with_adapter(adapter).with_retry(RetryPolicy(max_attempts=1))
    builder = builder.with_pricing_table(FREE).with_model_catalog(ModelCatalog()).with_budgets(*budgets)
    for name, part in {"clock": clock or FrozenClock(), "randomness": FixedRandomness(0.5), **parts}.items():
        builder = builder.with_part(name, part)
    async with builder.build() as runtime:
        yield runtime


def a_run(runtime: ProviderRuntime, lines: Iterable[bytes], store: MockBatchStore, **plan: Any) -> BatchRun:
    heard = plan.pop("heard", None)
    contents = list(lines)
    return BatchRun(
        runtime=runtime,
        source=MemoryBatchSource(lines=contents),
        form=CanonicalForm(),
        store=store,
        plan=BatchPlan(**plan),
        total=len(contents),
        heard=heard,
    )


def told(store: MockBatchStore) -> dict[int, dict[str, Any]]:
    return {number: json.loads(answer) for number, answer in store.answers.items()}


def outcomes(store: MockBatchStore) -> list[str]:
    return [answer["outcome"] for _, answer in sorted(told(store).items())]


def busy(code: ErrorCode = ErrorCode.OVERLOADED, **facts: Any) -> ProviderStatusError:
    return ProviderStatusError(provider=ADA, status_code=503, code=code, retryable=True, **facts)


@define
class Crowd(FakeAdapter):
    """Answers when it is told to, and counts who waits."""

    most: int = field(default=0, init=False)
    waiting: "list[asyncio.Event]" = field(factory=list, init=False)
    arrived: asyncio.Event = field(factory=asyncio.Event, init=False)

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        gate = asyncio.Event()
        self.waiting.append(gate)
        self.most = max(self.most, len(self.waiting))
        self.arrived.set()
        await gate.wait()
        return await super().send(prepared, context)

    async def crowd(self, size: int) -> None:
        while len(self.waiting) < size:
            self.arrived.clear()
            await self.arrived.wait()

    def let_go(self, *who: asyncio.Event) -> None:
        for gate in who or tuple(self.waiting):
            self.waiting.remove(gate)
            gate.set()
