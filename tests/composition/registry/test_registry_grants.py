"""What a registered runtime has used of its grants is used, whatever it is told."""

import attrs
import pytest

from provider_runtime import (
    AccessDenied,
    BudgetExceeded,
    Capability,
    Constraints,
    Governance,
    Quantities,
    RuntimeRegistry,
    RuntimeSettings,
    Secret,
)
from provider_runtime.composition.presets import local_server
from provider_runtime.ports.http import HttpReply
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeTransport, FrozenClock

ANSWER = b'{"choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"model":"m"}'
QUESTION = a_request(model="local:m")
ONCE = Capability(type="model.call", constraints=Constraints(max_calls=1))


def settings(governance: Governance) -> RuntimeSettings:
    return RuntimeSettings(providers=(local_server("http://localhost:8000/v1"),), governance=governance)


@pytest.mark.parametrize("through", ["a rotated key", "a reset", "a time without governance"])
async def test_a_grant_that_is_used_up_is_used_up_through(through: str) -> None:
    transport = FakeTransport(lambda _request: HttpReply(status=200, body=ANSWER))
    told = settings(Governance(grants=["provider.*", ONCE]))
    async with RuntimeRegistry() as registry:
        acme = await registry.register("acme", told, transport=transport)
        await acme.run(QUESTION)
        if through == "a rotated key":
            await registry.reconfigure("acme", attrs.evolve(told, credentials={"local": Secret("key-two")}))
        elif through == "a reset":
            await registry.reset("acme")
        else:
            await registry.reconfigure("acme", attrs.evolve(told, governance=None))
            await registry.reconfigure("acme", told)
        async with registry.activate("acme") as again:
            with pytest.raises(AccessDenied):
                await again.run(QUESTION)
    assert len(transport.exchanges) == 1


async def test_turns_and_time_go_on_through_a_change_of_settings() -> None:
    clock = FrozenClock()
    transport = FakeTransport(lambda _request: HttpReply(status=200, body=ANSWER))
    told = settings(Governance(profile="pragmatic", limits=Quantities(iterations=2, time=60)))
    async with RuntimeRegistry() as registry:
        acme = await registry.register("acme", told, transport=transport, clock=clock)
        await acme.run(QUESTION)
        clock.advance(59)
        await registry.reconfigure("acme", attrs.evolve(told, credentials={"local": Secret("key-two")}))
        await acme.run(QUESTION)
        with pytest.raises(BudgetExceeded) as turns:
            await acme.run(QUESTION)
        assert turns.value.budget == "governance.iterations"
        clock.advance(1)
        with pytest.raises(BudgetExceeded) as time:
            await acme.run(QUESTION)
        assert time.value.budget == "governance.time"


async def test_runtimes_do_not_use_up_each_other_s_grants() -> None:
    transport = FakeTransport(lambda _request: HttpReply(status=200, body=ANSWER))
    told = settings(Governance(grants=["provider.*", ONCE]))
    async with RuntimeRegistry() as registry:
        for name in ("acme", "bolt"):
            handle = await registry.register(name, told, transport=transport)
            assert (await handle.run(QUESTION)).text == "yes"
