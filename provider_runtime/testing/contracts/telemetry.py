"""What every EventSink keeps to."""

from collections.abc import Sequence

import pytest

from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.ports.telemetry import EventSink


def an_event(kind: EventKind, number: int = 1) -> LifecycleEvent:
    """An event with every field set."""
    return LifecycleEvent(
        kind=kind,
        call_id=CallId(f"call_{number}"),
        runtime_id=RuntimeId("rt_1"),
        provider="openai",
        tier="cloud",
        model_asked="gpt-5-mini",
        model_answered="gpt-5-mini-2025-08-07",
        attempt=1,
        duration_s=0.25,
        wait_s=0.0,
        status_code=200,
        error_code="rate_limited",
        finish_reason="stop",
        input_tokens=12,
        output_tokens=3,
        cost_nano_usd=4200,
        warnings=("empty_output",),
    )


class EventSinkContract:
    """Give the fixture ``sink``, and ``seen``: the kinds that have arrived behind it, in order."""

    @pytest.fixture
    def sink(self) -> EventSink:
        raise NotImplementedError("the subclass says which sink")

    def seen(self, sink: EventSink) -> Sequence[EventKind]:
        """The kinds of the events that came through ``sink``, oldest first."""
        raise NotImplementedError("the subclass knows where its events go")

    def test_it_is_a_sink(self, sink: EventSink) -> None:
        assert isinstance(sink, EventSink)

    @pytest.mark.parametrize("kind", list(EventKind))
    def test_it_takes_every_kind_of_event(self, sink: EventSink, kind: EventKind) -> None:
        sink.emit(an_event(kind))
        assert list(self.seen(sink)) == [kind]

    def test_it_takes_an_event_that_knows_next_to_nothing(self, sink: EventSink) -> None:
        sink.emit(LifecycleEvent(kind=EventKind.CALL_STARTED, call_id=CallId("call_1"), runtime_id=RuntimeId("rt_1")))
        assert list(self.seen(sink)) == [EventKind.CALL_STARTED]

    def test_events_keep_their_order(self, sink: EventSink) -> None:
        kinds = [*EventKind, *reversed(EventKind)]
        for number, kind in enumerate(kinds):
            sink.emit(an_event(kind, number))
        assert list(self.seen(sink)) == kinds
