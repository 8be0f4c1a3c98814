"""Runtimes of this package, one for each tenant, pass the trial that embedders put their services to."""

from contextlib import AsyncExitStack

import pytest
from attrs import define, field

from provider_runtime.composition.lifecycle import open_runtime
from provider_runtime.composition.runtime import ProviderRuntime
from provider_runtime.domain.policy.retrying import RetryPolicy
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.isolation import (
    Heap,
    Isolation,
    IsolationBroken,
    Tenant,
    Trial,
    tenant_settings,
)

WIRES = ("openai", "anthropic", "gemini", "openrouter")
SOON = RetryPolicy(initial_backoff_ms=1, max_backoff_ms=2)


@define
class Assistants:
    """A runtime for each tenant, and the wires it asks, one after the other."""

    runtimes: dict[str, ProviderRuntime] = field(factory=dict)
    stack: AsyncExitStack = field(factory=AsyncExitStack)
    calls: int = 0

    async def open(self, tenant: Tenant) -> None:
        settings = tenant_settings(tenant, retry=SOON)
        self.runtimes[tenant.name] = await self.stack.enter_async_context(open_runtime(settings))

    async def answer(self, tenant: Tenant, prompt: str) -> object:
        self.calls += 1
        wire = WIRES[self.calls % len(WIRES)]
        return await self.runtimes[tenant.name].run(a_request(prompt, model=f"{wire}:{tenant.model}"))


async def used(check: Trial) -> None:
    service = Assistants()
    for tenant in check.tenants:
        await service.open(tenant)
    await check.interleave(service.answer)
    await service.stack.aclose()
    await check.refuses(service.answer)


async def test_no_tenant_sees_another_whatever_the_wire_and_however_often_it_is_asked_again() -> None:
    async with Isolation("1", "runtimes").tenants(5, calls=4, faults=0.4, keyless=1) as check:
        await used(check)
    answered = [outcome for outcome in check.outcomes if outcome.error is None]
    assert len(answered) == 4 * 4
    assert len([request for request in check.evidence.received if request.fault]) > 3


async def test_a_closed_runtime_leaves_no_key_in_memory() -> None:
    async with Isolation("1", "memory").tenants(2, calls=2, checks=(Heap(),)) as check:
        await used(check)


async def test_one_runtime_for_all_tenants_is_found() -> None:
    async def used_together(check: Trial) -> None:
        service = Assistants()
        await service.open(check.tenants[0])
        for tenant in check.tenants:
            service.runtimes[tenant.name] = service.runtimes[check.tenants[0].name]
        await check.interleave(service.answer)
        await service.stack.aclose()

    async def tried() -> None:
        async with Isolation("1", "together").tenants(3, calls=2) as check:
            await used_together(check)

    with pytest.raises(IsolationBroken) as broken:
        await tried()
    texts = [finding.text for finding in broken.value.findings if finding.check == "requests"]
    assert any("to the address of tenant-00 carries the prompt of tenant-02 in its body" in text for text in texts)
