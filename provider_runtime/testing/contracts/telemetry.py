"""What every EventSink keeps to, and every EventEmitter."""

import asyncio
import inspect
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import pytest
from attrs import fields
from hypothesis import HealthCheck, given, settings

from provider_runtime.domain.errors import RuntimeClosed
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.events import ENDINGS, EventKind, LifecycleEvent
from provider_runtime.ports.telemetry import EventEmitter, EventSink
from provider_runtime.testing.strategies.events import lifecycle_events

_OF_NO_CALL: Final = ("runtime_", "profile_", "swap_", "budget_", "cloud_requested", "cloud_approved")
RUNTIME_KINDS: Final = tuple(kind for kind in EventKind if kind.value.startswith(_OF_NO_CALL))
"""The kinds that tell of a runtime, its profile, a swap, a budget or a consent, and need name no call."""


def an_event(kind: EventKind, number: int = 1, **changes: Any) -> LifecycleEvent:
    """An event with every field set, but that one of a runtime names no call."""
    told: dict[str, Any] = {
        "kind": kind,
        "runtime_id": RuntimeId("rt_1"),
        "call_id": None if kind in RUNTIME_KINDS else CallId(f"call_{number}"),
        "at": datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC),
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "conversation_id": "chat-7",
        "labels": ("job=nightly", "tenant=acme"),
        "provider": "openai",
        "provider_kind": "openai",
        "tier": "cloud",
        "origin": "https://api.openai.com:443",
        "model_asked": "gpt-5-mini",
        "model_answered": "gpt-5-mini-2025-08-07",
        "attempt": 1,
        "duration_s": 0.25,
        "wait_s": 0.0,
        "status_code": 200,
        "error_code": "rate_limited",
        "retry_denied_by": "attempts",
        "finish_reason": "stop",
        "response_id": "resp_1",
        "provider_request_id": "req_1",
        "request_digest": "5e884898da28047151d0e56f8dc62927",
        "request_bytes": 180,
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 400,
        "input_tokens": 12,
        "output_tokens": 3,
        "cached_input_tokens": 8,
        "cache_write_tokens": 0,
        "reasoning_tokens": 1,
        "total_tokens": 15,
        "cost_nano_usd": 4200,
        "warnings": ("empty_output",),
        "role": "worker",
        "profile_id": "team@0123456789abcdef",
        "previous_profile_id": "team@fedcba9876543210",
        "automation": "hybrid",
        "cloud_escalation": True,
        "swap_id": "swap-1",
        "swap_from": "ollama:llama3",
        "swap_to": "openai:gpt-5-mini",
        "swap_strategy": "unload_reload",
        "swap_reason": "context_too_long",
        "job_id": "job-1",
        "state_hash": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "budget": "month",
        "budget_owner": "acme",
        "budget_unit": "nano_usd",
        "budget_limit": 2_000_000_000,
        "budget_taken": 1_700_000_000,
        "recalled_from": "memo",
        "consent_id": "consent_1",
        "consent_request_id": "req_1",
        "projection_plan_id": "plan_1",
        "consent_scope": "session_scoped",
        "consent_reason": "expired",
        "session_ids": ("chat-7",),
        "outcome": "answered",
    }
    return LifecycleEvent(**{**told, **changes})


class EventSinkContract:
    """Give the fixture ``sink``. Any event is taken, whatever came before, and nothing waits."""

    @pytest.fixture
    def sink(self) -> EventSink:
        raise NotImplementedError("the subclass says which sink")

    def test_it_is_a_sink(self, sink: EventSink) -> None:
        assert isinstance(sink, EventSink)

    def test_the_example_sets_every_field(self) -> None:
        event = an_event(EventKind.CALL_ANSWERED)
        assert [field.name for field in fields(LifecycleEvent) if getattr(event, field.name) in (None, ())] == []

    @pytest.mark.parametrize("kind", list(EventKind))
    def test_it_takes_every_kind_at_once_and_answers_nothing(self, sink: EventSink, kind: EventKind) -> None:
        answer: object = sink.emit(an_event(kind))  # type: ignore[func-returns-value]  # that is what is tested
        assert answer is None
        assert not inspect.iscoroutinefunction(sink.emit)

    @pytest.mark.parametrize("kind", list(EventKind))
    def test_it_takes_an_event_that_knows_next_to_nothing(self, sink: EventSink, kind: EventKind) -> None:
        sink.emit(LifecycleEvent(kind=kind, runtime_id=RuntimeId("rt_1")))
        sink.emit(LifecycleEvent(kind=kind, runtime_id=RuntimeId("rt_1"), call_id=CallId("call_1")))

    @pytest.mark.parametrize("ending", sorted(ENDINGS))
    def test_it_takes_an_end_without_a_beginning_and_a_second_end(self, sink: EventSink, ending: EventKind) -> None:
        for _ in range(2):
            sink.emit(an_event(ending))

    def test_it_takes_whatever_an_event_may_hold(self, sink: EventSink) -> None:
        # Inside, for every subclass inherits the test around it.
        @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(event=lifecycle_events())
        def takes(event: LifecycleEvent) -> None:
            sink.emit(event)

        takes()

    async def test_it_takes_events_from_inside_an_event_loop(self, sink: EventSink) -> None:
        await asyncio.gather(*(_emitting(sink, number) for number in range(4)))

    def test_it_takes_events_from_many_threads(self, sink: EventSink) -> None:
        def live(number: int) -> None:
            for kind in EventKind:
                sink.emit(an_event(kind, number))

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(live, range(40)))  # the list raises what a thread raised


class KeepingEventSinkContract(EventSinkContract):
    """For a sink that keeps every event: give ``seen`` as well."""

    def seen(self, sink: EventSink) -> Sequence[EventKind]:
        """The kinds of the events that came through ``sink``, oldest first."""
        raise NotImplementedError("the subclass knows where its events go")

    def test_every_event_arrives_and_they_keep_their_order(self, sink: EventSink) -> None:
        kinds = [*EventKind, *reversed(EventKind)]
        for number, kind in enumerate(kinds):
            sink.emit(an_event(kind, number))
        assert list(self.seen(sink)) == kinds

    def test_an_event_that_knows_next_to_nothing_arrives(self, sink: EventSink) -> None:
        sink.emit(LifecycleEvent(kind=EventKind.RUNTIME_RESET, runtime_id=RuntimeId("rt_1")))
        assert list(self.seen(sink)) == [EventKind.RUNTIME_RESET]

    def test_nothing_is_lost_between_threads(self, sink: EventSink) -> None:
        def live(number: int) -> None:
            for kind in EventKind:
                sink.emit(an_event(kind, number))

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(live, range(40)))
        seen = list(self.seen(sink))
        assert {kind: seen.count(kind) for kind in EventKind} == dict.fromkeys(EventKind, 40)


class ClosableEventSinkContract(KeepingEventSinkContract):
    """For a sink that is to be closed: give ``close`` as well."""

    def close(self, sink: EventSink) -> None:
        """Close ``sink``."""
        raise NotImplementedError("the subclass knows how its sink is closed")

    def test_what_came_before_the_end_has_arrived(self, sink: EventSink) -> None:
        for number in range(100):
            sink.emit(an_event(EventKind.CALL_STARTED, number))
        self.close(sink)
        assert len(self.seen(sink)) == 100

    def test_what_comes_after_the_end_is_refused(self, sink: EventSink) -> None:
        self.close(sink)
        with pytest.raises(RuntimeClosed):
            sink.emit(an_event(EventKind.CALL_STARTED))
        assert list(self.seen(sink)) == []

    def test_closing_twice_is_closing_once(self, sink: EventSink) -> None:
        sink.emit(an_event(EventKind.CALL_STARTED))
        self.close(sink)
        self.close(sink)
        assert list(self.seen(sink)) == [EventKind.CALL_STARTED]


async def _emitting(sink: EventSink, number: int) -> None:
    sink.emit(an_event(EventKind.CALL_STARTED, number))
    await asyncio.sleep(0)
    sink.emit(an_event(EventKind.CALL_ANSWERED, number))


class EventEmitterContract:
    """What every ``EventEmitter`` keeps to; it is an ``EventSink``, too. Give the fixture ``emitter``, a fresh one."""

    @pytest.fixture
    def emitter(self) -> EventEmitter:
        raise NotImplementedError("the subclass says which emitter")

    @pytest.fixture
    def sink(self, emitter: EventEmitter) -> EventSink:
        return emitter

    def test_it_is_an_emitter(self, emitter: EventEmitter) -> None:
        assert isinstance(emitter, EventEmitter)

    def test_handlers_hear_of_their_kind_in_the_order_in_which_they_subscribed(self, emitter: EventEmitter) -> None:
        heard: list[tuple[str, LifecycleEvent]] = []
        for name in ("first", "second", "third"):
            emitter.on(EventKind.CALL_ANSWERED, partial(_note, heard, name))
        emitter.on("call-refused", partial(_note, heard, "other"))
        event = an_event(EventKind.CALL_ANSWERED)
        emitter.emit(event)
        assert heard == [("first", event), ("second", event), ("third", event)]  # all finished by now

    def test_whoever_unsubscribes_hears_no_more_and_others_do(self, emitter: EventEmitter) -> None:
        heard: list[tuple[str, LifecycleEvent]] = []
        note = partial(_note, heard, "same")
        leave = emitter.on(EventKind.CALL_STARTED, note)
        emitter.on(EventKind.CALL_STARTED, note)  # the same handler, once more
        leave()
        leave()
        emitter.emit(an_event(EventKind.CALL_STARTED))
        assert len(heard) == 1

    def test_once_is_once_also_when_the_handler_emits(self, emitter: EventEmitter) -> None:
        heard: list[EventKind] = []

        def again(event: LifecycleEvent) -> None:
            heard.append(event.kind)
            emitter.emit(event)

        emitter.once(EventKind.CALL_STARTED, again)
        emitter.emit(an_event(EventKind.CALL_STARTED))
        emitter.emit(an_event(EventKind.CALL_STARTED))
        assert heard == [EventKind.CALL_STARTED]
        assert emitter.listener_count(EventKind.CALL_STARTED) == 0

    def test_whoever_waits_for_one_event_may_give_up(self, emitter: EventEmitter) -> None:
        heard: list[tuple[str, LifecycleEvent]] = []
        leave = emitter.once(EventKind.CALL_STARTED, partial(_note, heard, "never"))
        leave()
        emitter.emit(an_event(EventKind.CALL_STARTED))
        assert heard == []

    def test_off_ends_the_subscriptions_of_that_handler_and_that_kind(self, emitter: EventEmitter) -> None:
        heard: list[tuple[str, LifecycleEvent]] = []
        one, other = partial(_note, heard, "one"), partial(_note, heard, "other")
        for kind in (EventKind.CALL_STARTED, EventKind.CALL_ANSWERED):
            emitter.on(kind, one)
            emitter.on(kind, other)
        emitter.off(EventKind.CALL_STARTED, one)
        emitter.off(EventKind.CALL_STARTED, one)
        emitter.emit(an_event(EventKind.CALL_STARTED))
        emitter.emit(an_event(EventKind.CALL_ANSWERED))
        assert [name for name, _ in heard] == ["other", "one", "other"]

    def test_subscriptions_are_counted_and_removed_by_kind_or_all_at_once(self, emitter: EventEmitter) -> None:
        for kind in (EventKind.CALL_STARTED, EventKind.CALL_STARTED, EventKind.CALL_ANSWERED):
            emitter.on(kind, print)
        assert [emitter.listener_count(kind) for kind in ("call_started", "call_answered", "call_failed")] == [2, 1, 0]
        emitter.remove_all_listeners(EventKind.CALL_STARTED)
        assert [emitter.listener_count(kind) for kind in ("call_started", "call_answered")] == [0, 1]
        emitter.remove_all_listeners()
        assert emitter.listener_count("call_answered") == 0

    def test_a_handler_that_fails_disturbs_nobody_and_is_told_of(self, emitter: EventEmitter) -> None:
        heard: list[tuple[str, LifecycleEvent]] = []
        broken = RuntimeError("no")

        def fail(_event: LifecycleEvent) -> None:
            raise broken

        emitter.on(EventKind.CALL_FAILED, fail)
        emitter.on(EventKind.CALL_FAILED, partial(_note, heard, "next"))
        emitter.emit(an_event(EventKind.CALL_FAILED))
        assert len(heard) == 1
        (failure,) = emitter.failures
        assert (failure.kind, failure.error) == (EventKind.CALL_FAILED, broken)
        assert failure.error.__traceback__ is None
        for _ in range(200):
            emitter.emit(an_event(EventKind.CALL_FAILED))
        assert len(emitter.failures) <= 100

    def test_what_is_changed_while_an_event_is_told_counts_at_once_for_whoever_leaves(
        self, emitter: EventEmitter
    ) -> None:
        heard: list[tuple[str, LifecycleEvent]] = []
        late, later = partial(_note, heard, "removed"), partial(_note, heard, "added")

        def change(_event: LifecycleEvent) -> None:
            emitter.off(EventKind.CALL_STARTED, late)
            emitter.on(EventKind.CALL_STARTED, later)

        emitter.once(EventKind.CALL_STARTED, change)
        emitter.on(EventKind.CALL_STARTED, late)
        emitter.emit(an_event(EventKind.CALL_STARTED))
        assert heard == []
        emitter.emit(an_event(EventKind.CALL_STARTED))
        assert [name for name, _ in heard] == ["added"]

    def test_of_many_threads_one_hears_what_is_told_once(self, emitter: EventEmitter) -> None:
        heard: list[tuple[str, LifecycleEvent]] = []
        for number in range(50):
            emitter.once(EventKind.CALL_STARTED, partial(_note, heard, str(number)))
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: emitter.emit(an_event(EventKind.CALL_STARTED)), range(40)))
        assert sorted(name for name, _ in heard) == sorted(map(str, range(50)))

    @pytest.mark.parametrize("kind", ["", "call answered", "task-complete"])
    def test_a_kind_that_there_is_not_is_refused(self, emitter: EventEmitter, kind: str) -> None:
        with pytest.raises(ValueError, match="not a valid"):
            emitter.on(kind, print)

    def test_a_handler_that_would_have_to_be_awaited_is_refused(self, emitter: EventEmitter) -> None:
        async def waiting(_event: LifecycleEvent) -> None: ...

        for subscribe in (emitter.on, emitter.once):
            with pytest.raises(TypeError, match="handler"):
                subscribe(EventKind.CALL_STARTED, waiting)


def _note(heard: list[tuple[str, LifecycleEvent]], name: str, event: LifecycleEvent) -> None:
    heard.append((name, event))
