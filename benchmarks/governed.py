"""The same call through a runtime: as one is opened without a word, and with every gate judging."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve
from said import HISTORY, KEY, MESSAGES, MODEL, SCHEMA, TOOL_WORDS, TOOLS

from provider_runtime import (
    Amount,
    Budget,
    ConsentScope,
    ConsentSettings,
    ConsentTerms,
    Governance,
    GovernancePolicy,
    LeakagePolicy,
    Message,
    ModelRef,
    PriceRule,
    PricingTable,
    ProviderId,
    ProviderRequest,
    ProviderRuntime,
    Quantities,
    RuntimeSettings,
    Secret,
    ToolDefinition,
    assistant,
    freeze,
    local_server,
    open_runtime,
    system,
    user,
)
from provider_runtime.domain.records.events import LifecycleEvent

LOCAL: Final = ProviderId("local")
PRICES: Final = PricingTable(
    rules=(
        PriceRule(
            provider=LOCAL,
            model_pattern=f"{MODEL}*",
            input_cost_per_token=Decimal("0.00000015"),
            output_cost_per_token=Decimal("0.0000006"),
        ),
    ),
    version="bench",
)
# What is set up beside a runtime that was told its provider and its key. Each line has one more gate judge.
GATES: Final[dict[str, dict[str, Any]]] = {
    "leakage": {"leakage": LeakagePolicy(local_exempt=False)},  # the server is local, and would be exempt
    "grants": {"governance": Governance(profile="pragmatic", limits=Quantities())},
    "budget": {"budgets": [Budget(name="day", limit=Amount.usd("1000000"), window_s=86_400)]},
    "consent": {"policy": GovernancePolicy(consent="always"), "consents": ConsentSettings(), "name": "bench"},
}
ALWAYS_ON: Final = ("capability", "tier", "endpoint")
ALL_GATES: Final = tuple(GATES)


class CountingSink:
    """Takes events and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def emit(self, _event: LifecycleEvent) -> None:
        self.count += 1


def settings_for(base: str, gates: tuple[str, ...] = ()) -> RuntimeSettings:
    """One tenant's settings: a provider with a price, a key, and these gates besides those that always judge."""
    said: dict[str, Any] = {}
    for gate in gates:
        said |= GATES[gate]
    return RuntimeSettings(
        providers=[local_server(base)], credentials={LOCAL: Secret(KEY)}, prices=PRICES, deadline_s=120.0, **said
    )


def message_of(said: dict[str, str]) -> Message:
    """A message in canonical types."""
    return {"system": system, "user": user, "assistant": assistant}[said["role"]](said["content"])


def our_request(kind: str, messages: tuple[dict[str, str], ...] | None = None) -> ProviderRequest:
    """The request that ``bare_body`` writes, in canonical types."""
    said = messages or (HISTORY if kind == "history" else MESSAGES)
    tools = [ToolDefinition(name=n, description=TOOL_WORDS, parameters_schema=freeze(SCHEMA)) for n in TOOLS]
    return ProviderRequest(
        model=ModelRef(model_id=MODEL, provider_hint=LOCAL),
        messages=[message_of(message) for message in said],
        tools=tools if kind == "tool" else (),
        temperature=0.2,
        max_output_tokens=256,
    )


@asynccontextmanager
async def opened(
    base: str, gates: tuple[str, ...] = (), *, settings: Mapping[str, Any] = MappingProxyType({}), **parts: Any
) -> AsyncIterator[ProviderRuntime]:
    """A runtime with these gates, its events taken by a sink; whoever has to consent has consented to everything."""
    parts.setdefault("event_sink", CountingSink())
    async with open_runtime(evolve(settings_for(base, gates), **settings), **parts) as runtime:
        if "consent" in gates:
            question = await runtime.request_consent(our_request("small"), scope=ConsentScope.BROADCAST)
            terms = ConsentTerms(scope=ConsentScope.BROADCAST)
            await runtime.consents.approve(question.request_id, user_id="bench", terms=terms)
        yield runtime


def our_call(runtime: ProviderRuntime, request: ProviderRequest) -> Callable[[], Awaitable[str]]:
    """A call that can be made again and again; it says the text of its answer."""

    async def call() -> str:
        return (await runtime.run(request)).text

    return call


def every_gate(base: str, **parts: Any) -> AbstractAsyncContextManager[ProviderRuntime]:
    """A runtime in which all seven gates judge."""
    return opened(base, ALL_GATES, **parts)
