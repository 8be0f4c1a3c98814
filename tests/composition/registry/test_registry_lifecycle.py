"""Registered runtimes: told new settings, reset, disposed of, each without a trace on the others."""

import asyncio
from collections.abc import AsyncIterator

import attrs
import pytest

from provider_runtime import (
    CallReceipt,
    EventKind,
    InvalidSettings,
    MissingProviderRuntimeError,
    ProviderConfig,
    ProviderKind,
    ProviderRuntimeError,
    RuntimeClosed,
    RuntimeHandle,
    RuntimeRegistry,
    RuntimeSettings,
    Secret,
    Tier,
)
from provider_runtime.ports.http import HttpReply, HttpRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import CountingIds, EventRecorder, FakeTransport
from provider_runtime.testing.sandbox.scripting import Fault
from provider_runtime.testing.sandbox.server import Sandbox
from provider_runtime.testing.settings import sandbox_server

ANSWER = b'{"choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"model":"m"}'
QUESTION = a_request(model="local:m")


def settings(key: str = "key-one", port: int = 8000, **others: object) -> RuntimeSettings:
    record = ProviderConfig(
        provider_id="local",
        kind=ProviderKind.OPENAI_COMPATIBLE,
        base_url=f"http://localhost:{port}/v1",
        tier=Tier.LOCAL,
    )
    return RuntimeSettings(providers=(record,), credentials={"local": Secret(key)}, **others)  # type: ignore[arg-type]  # checked by the fields


@attrs.define
class HeldTransport:
    """Answers when it is told to; ``asked`` is set with the first request."""

    go_on: asyncio.Event = attrs.field(factory=asyncio.Event)
    asked: asyncio.Event = attrs.field(factory=asyncio.Event)
    exchanges: list[HttpRequest] = attrs.field(factory=list)

    async def exchange(self, request: HttpRequest) -> HttpReply:
        self.exchanges.append(request)
        self.asked.set()
        await self.go_on.wait()
        return HttpReply(status=200, body=ANSWER)

    async def aclose(self) -> None:
        return None


def keys(transport: FakeTransport | HeldTransport) -> list[str]:
    return [exchange.auth.secret.reveal() for exchange in transport.exchanges if exchange.auth]


@pytest.fixture
async def registry() -> AsyncIterator[RuntimeRegistry]:
    async with RuntimeRegistry(ids=CountingIds()) as opened:
        yield opened


def answering() -> FakeTransport:
    return FakeTransport(lambda _request: HttpReply(status=200, body=ANSWER))


async def test_new_settings_hold_from_the_next_call_on_and_not_in_one_under_way(registry: RuntimeRegistry) -> None:
    transport, events = HeldTransport(), EventRecorder()
    acme = await registry.register("acme", settings("key-one"), transport=transport, event_sink=events)
    first = asyncio.create_task(acme.run(QUESTION))
    await transport.asked.wait()
    await registry.reconfigure("acme", settings("key-two", port=9000))
    second = asyncio.create_task(acme.run(QUESTION))
    transport.go_on.set()
    before, after = await asyncio.gather(first, second)

    assert keys(transport) == ["key-one", "key-two"]
    assert [exchange.url.split("/")[2] for exchange in transport.exchanges] == ["localhost:8000", "localhost:9000"]
    assert (before.runtime_id, after.runtime_id) == ("acme:rt_1", "acme:rt_2")
    told = {event.call_id: event.runtime_id for event in events.events if event.call_id is not None}
    assert told == {before.call_id: before.runtime_id, after.call_id: after.runtime_id}


async def test_receipts_in_memory_go_on_through_a_change_of_settings(registry: RuntimeRegistry) -> None:
    acme = await registry.register("acme", settings(), transport=answering())
    await acme.run(QUESTION)
    await registry.reconfigure("acme", settings("key-two"))
    await acme.run(QUESTION)
    kept: tuple[CallReceipt, ...] = await acme.receipts.list()
    assert [receipt.record.runtime_id for receipt in kept] == ["acme:rt_1", "acme:rt_2"]
    assert (await acme.receipts.verify()).valid
    assert kept[0].record.request_digest == kept[1].record.request_digest, "the key of the digests stayed"


async def test_settings_that_cannot_work_change_nothing(registry: RuntimeRegistry) -> None:
    acme = await registry.register("acme", settings(), transport=answering())
    broken = attrs.evolve(settings(), credentials={"nobody": Secret("key")})
    with pytest.raises(InvalidSettings):
        await registry.reconfigure("acme", broken)
    assert acme.settings == settings()
    assert (await acme.run(QUESTION)).runtime_id == "acme:rt_1"


async def test_settings_that_cannot_work_change_nothing_in_a_runtime_that_was_reset(registry: RuntimeRegistry) -> None:
    acme = await registry.register("acme", settings(), transport=answering())
    await registry.reset("acme")
    with pytest.raises(InvalidSettings):
        await registry.reconfigure("acme", attrs.evolve(settings(), credentials={"nobody": Secret("key")}))
    async with registry.activate("acme"):
        assert acme.settings == settings()
        assert (await acme.run(QUESTION)).text == "yes"


async def test_a_reset_runtime_is_used_again_only_after_it_was_activated(registry: RuntimeRegistry) -> None:
    acme = await registry.register("acme", settings(), transport=answering())
    await acme.run(QUESTION)
    await registry.reset("acme")
    with registry.scope("acme"), pytest.raises(MissingProviderRuntimeError) as missing:
        await registry.current().run(QUESTION)
    assert missing.value.stage == "reset"
    with registry.scope("acme"), pytest.raises(MissingProviderRuntimeError):
        registry.ensure_ready()
    async with registry.activate("acme") as again:
        assert again is acme
        assert (await again.run(QUESTION)).runtime_id == "acme:rt_2"
    assert [receipt.record.runtime_id for receipt in await acme.receipts.list()] == ["acme:rt_2"]


async def test_resetting_touches_no_other_runtime_and_an_unknown_name_is_nothing_to_reset(
    registry: RuntimeRegistry,
) -> None:
    bolt = await registry.register("bolt", settings(), transport=answering())
    await registry.register("acme", settings(), transport=answering())
    await registry.reset("acme")
    await registry.reset("ghost")
    assert (await bolt.run(QUESTION)).text == "yes"


async def test_disposing_of_one_runtime_leaves_a_call_of_another_under_way_alone(registry: RuntimeRegistry) -> None:
    held = HeldTransport()
    await registry.register("acme", settings(), transport=answering())
    bolt = await registry.register("bolt", settings(), transport=held)
    under_way = asyncio.create_task(bolt.run(QUESTION))
    await held.asked.wait()
    await registry.dispose("acme")
    held.go_on.set()
    assert (await under_way).text == "yes"


async def test_a_runtime_disposed_of_refuses_further_use(registry: RuntimeRegistry) -> None:
    acme = await registry.register("acme", settings(), transport=answering())
    await registry.dispose("acme")
    await registry.dispose("acme")
    for use in (acme.run(QUESTION), acme.explain(QUESTION), acme.discover_models()):
        with pytest.raises(RuntimeClosed, match="acme was disposed of"):
            await use
    with pytest.raises(RuntimeClosed):
        acme.export_catalog_json()


async def test_a_name_can_be_registered_again_and_is_another_runtime_then(registry: RuntimeRegistry) -> None:
    acme = await registry.register("acme", settings(), transport=answering())
    await registry.dispose("acme")
    again = await registry.register("acme", settings(), transport=answering())
    assert again is not acme
    assert (await again.run(QUESTION)).runtime_id == "acme:rt_2"


async def test_a_call_under_way_may_end_before_its_runtime_is_closed(registry: RuntimeRegistry) -> None:
    held = HeldTransport()
    acme = await registry.register("acme", settings(), transport=held)
    under_way = asyncio.create_task(acme.run(QUESTION))
    await held.asked.wait()
    disposing = asyncio.create_task(registry.dispose("acme", drain_s=60))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeClosed):
        await acme.run(QUESTION)
    held.go_on.set()
    assert (await under_way).text == "yes"
    await disposing


async def test_a_call_that_outlives_the_drain_ends_in_a_typed_error(registry: RuntimeRegistry) -> None:
    async with Sandbox() as sandbox:
        sandbox.fail_next(1, Fault.slow(60))
        acme = await registry.register("acme", attrs.evolve(settings(), providers=(sandbox_server(sandbox),)))
        under_way = asyncio.create_task(acme.run(a_request(model="local:m")))
        while not sandbox.requests:  # noqa: ASYNC110 - the sandbox announces no arrivals
            await asyncio.sleep(0.001)
        await registry.dispose("acme")
        with pytest.raises(ProviderRuntimeError):
            await under_way


@pytest.mark.parametrize("change", ["reconfigure", "reset"])
async def test_a_call_from_before_a_change_does_not_outlive_its_runtime(change: str, registry: RuntimeRegistry) -> None:
    async with Sandbox() as sandbox:
        sandbox.fail_next(1, Fault.slow(60))
        told = attrs.evolve(settings(), providers=(sandbox_server(sandbox),))
        acme = await registry.register("acme", told)
        under_way = asyncio.create_task(acme.run(a_request(model="local:m")))
        while not sandbox.requests:  # noqa: ASYNC110 - the sandbox announces no arrivals
            await asyncio.sleep(0.001)
        await (registry.reset("acme") if change == "reset" else registry.reconfigure("acme", told))
        assert not under_way.done(), "a change leaves calls under way alone"
        await registry.dispose("acme")
        with pytest.raises(ProviderRuntimeError):
            await under_way


async def test_calls_from_before_a_change_are_waited_for_as_well(registry: RuntimeRegistry) -> None:
    held = HeldTransport()
    acme = await registry.register("acme", settings(), transport=held)
    under_way = asyncio.create_task(acme.run(QUESTION))
    await held.asked.wait()
    await registry.reconfigure("acme", settings("key-two"))
    disposing = asyncio.create_task(registry.dispose("acme", drain_s=60))
    await asyncio.sleep(0)
    assert not disposing.done()
    held.go_on.set()
    assert (await under_way).text == "yes"
    await disposing


async def test_closing_the_registry_closes_the_last_runtime_first(registry: RuntimeRegistry) -> None:
    events = EventRecorder()
    for name in ("acme", "bolt", "carp"):
        await registry.register(name, settings(), transport=answering(), event_sink=events)
    await registry.aclose()
    await registry.aclose()
    ended = [str(event.runtime_id) for event in events.events if event.kind is EventKind.RUNTIME_DISPOSED]
    assert ended == ["carp:rt_3", "bolt:rt_2", "acme:rt_1"]
    assert registry.names == ()
    with pytest.raises(RuntimeClosed):
        await registry.register("dory", settings())


async def test_closing_goes_on_to_the_end_when_it_is_cancelled() -> None:
    registry, held = RuntimeRegistry(), HeldTransport()
    handles = [await registry.register(name, settings(), transport=held) for name in ("acme", "bolt")]
    calls = [asyncio.create_task(handle.run(QUESTION)) for handle in handles]
    await held.asked.wait()
    closing = asyncio.create_task(registry.aclose(drain_s=60))
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert registry.names == ()
    for handle in handles:
        with pytest.raises(RuntimeClosed):
            await handle.run(QUESTION)
    held.go_on.set()
    await asyncio.gather(*calls)


async def test_the_events_of_a_runtime_tell_its_life(registry: RuntimeRegistry) -> None:
    events = EventRecorder()
    await registry.register("acme", settings(), transport=answering(), event_sink=events)
    await registry.register("acme", settings("key-two"))
    await registry.reset("acme")
    async with registry.activate("acme"):
        pass
    await registry.dispose("acme")
    assert [(event.kind, str(event.runtime_id)) for event in events.events] == [
        (EventKind.RUNTIME_ACTIVATED, "acme:rt_1"),
        (EventKind.RUNTIME_RECONFIGURED, "acme:rt_2"),
        (EventKind.RUNTIME_RESET, "acme:rt_2"),
        (EventKind.RUNTIME_ACTIVATED, "acme:rt_3"),
        (EventKind.RUNTIME_DISPOSED, "acme:rt_3"),
    ]


async def test_parts_are_given_once(registry: RuntimeRegistry) -> None:
    await registry.register("acme", settings(), transport=answering())
    with pytest.raises(InvalidSettings) as refused:
        await registry.register("acme", settings(), transport=answering())
    assert refused.value.field == "transport"


async def test_a_name_that_is_none_registers_nothing(registry: RuntimeRegistry) -> None:
    with pytest.raises(ValueError, match="RuntimeId"):
        await registry.register(" ", settings())
    assert registry.names == ()


async def test_many_changes_at_once_leave_one_runtime_that_works(registry: RuntimeRegistry) -> None:
    transport = answering()
    await registry.register("acme", settings(), transport=transport)

    async def disturb(number: int) -> RuntimeHandle | None:
        if number % 3:
            return await registry.register("acme", settings(f"key-{number}"))
        await registry.reset("acme")
        return None

    await asyncio.gather(*(disturb(number) for number in range(30)))
    async with registry.activate("acme") as acme:
        assert (await acme.run(QUESTION)).text == "yes"
        assert keys(transport) == [acme.settings.credentials["local"].reveal()]


async def test_registries_handles_and_runtimes_print_as_one_line(registry: RuntimeRegistry) -> None:
    acme = await registry.register("acme", settings(), transport=answering())
    assert repr(registry) == "<RuntimeRegistry of acme>"
    assert repr(acme) == "<RuntimeHandle acme: acme:rt_1>"
    assert repr(acme.present.runtime) == "<ProviderRuntime acme:rt_1: open, asks local>"
    await registry.reset("acme")
    assert repr(acme) == "<RuntimeHandle acme: reset>"
    await registry.dispose("acme")
    assert repr(acme) == "<RuntimeHandle acme: disposed of>"
