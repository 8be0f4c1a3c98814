"""A runtime whose event sink is an emitter: an embedder subscribes to what it does."""

from provider_runtime import DefaultEventEmitter, EventKind, LifecycleEvent, ProviderRuntime
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeAdapter


async def test_an_embedder_hears_of_the_calls_of_two_runtimes_and_of_what_it_subscribed_to_alone() -> None:
    emitter, answered = DefaultEventEmitter(), []
    emitter.on(EventKind.CALL_ANSWERED, answered.append)
    first: list[LifecycleEvent] = []
    emitter.once("call_started", first.append)
    builder = ProviderRuntime.builder().with_adapter(FakeAdapter("ada")).with_event_sink(emitter)
    async with builder.build() as one, builder.build() as other:
        for runtime in (one, other, one):
            await runtime.run(a_request(model="ada:x"))
    assert [event.runtime_id for event in answered] == [one.runtime_id, other.runtime_id, one.runtime_id]
    assert [event.runtime_id for event in first] == [one.runtime_id]


async def test_a_handler_that_fails_fails_no_call_and_is_told_of_by_the_emitter() -> None:
    emitter = DefaultEventEmitter()

    def fail(_event: LifecycleEvent) -> None:
        raise RuntimeError("no")

    emitter.on(EventKind.CALL_ANSWERED, fail)
    async with ProviderRuntime.builder().with_adapter(FakeAdapter("ada")).with_event_sink(emitter).build() as runtime:
        assert (await runtime.run(a_request(model="ada:x"))).text
        assert runtime.telemetry_failures == 0
    assert [failure.kind for failure in emitter.failures] == [EventKind.CALL_ANSWERED]
