"""What a registered runtime has spent stays spent, whatever it is told or put through."""

from collections.abc import AsyncIterator

import attrs
import pytest

from provider_runtime import Amount, Budget, BudgetExceeded, RuntimeHandle, RuntimeRegistry, RuntimeSettings, Secret
from provider_runtime.composition.presets import local_server
from provider_runtime.ports.http import HttpReply
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeTransport

ANSWER = b'{"choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"model":"m"}'
QUESTION = a_request(model="local:m")


def settings(scope: str, key: str = "key-one") -> RuntimeSettings:
    return RuntimeSettings(
        providers=(local_server("http://localhost:8000/v1"),),
        credentials={"local": Secret(key)},
        budgets=(Budget(name="calls", limit=Amount.calls(1), scope=scope),),
    )


async def told_anew(registry: RuntimeRegistry, scope: str) -> RuntimeHandle:
    await registry.reconfigure("acme", settings(scope, "key-two"))
    return registry.get("acme")


async def reset(registry: RuntimeRegistry, _scope: str) -> RuntimeHandle:
    await registry.reset("acme")
    async with registry.activate("acme") as acme:
        return acme


async def without_budgets_for_a_while(registry: RuntimeRegistry, scope: str) -> RuntimeHandle:
    await registry.reconfigure("acme", attrs.evolve(settings(scope), budgets=()))
    return await told_anew(registry, scope)


@pytest.fixture
async def registry() -> AsyncIterator[RuntimeRegistry]:
    async with RuntimeRegistry() as opened:
        yield opened


@pytest.mark.parametrize("scope", ["everyone", "runtime"])
@pytest.mark.parametrize("through", [told_anew, reset, without_budgets_for_a_while], ids=lambda way: way.__name__)
async def test_a_budget_that_is_spent_is_spent_through(through: object, scope: str, registry: RuntimeRegistry) -> None:
    transport = FakeTransport(lambda _request: HttpReply(status=200, body=ANSWER))
    acme = await registry.register("acme", settings(scope), transport=transport)
    await acme.run(QUESTION)
    acme = await through(registry, scope)  # type: ignore[operator]  # each of the three is such a function
    with pytest.raises(BudgetExceeded):
        await acme.run(QUESTION)
    assert len(transport.exchanges) == 1


async def test_runtimes_do_not_spend_each_other_s_budgets(registry: RuntimeRegistry) -> None:
    transport = FakeTransport(lambda _request: HttpReply(status=200, body=ANSWER))
    for name in ("acme", "bolt"):
        handle = await registry.register(name, settings("everyone"), transport=transport)
        assert (await handle.run(QUESTION)).text == "yes"
