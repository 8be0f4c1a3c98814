"""Several sinks at once: each has its turn, and each failure is counted where it belongs."""

import pytest

from provider_runtime.adapters.telemetry import FanOut
from provider_runtime.domain.records.events import EventKind
from provider_runtime.testing.contracts.telemetry import an_event
from provider_runtime.testing.fakes import EventRecorder


def test_a_fan_out_gives_every_sink_its_turn_and_then_tells_what_failed() -> None:
    broken, sound = EventRecorder(failure=ValueError("no")), EventRecorder()
    with pytest.raises(ExceptionGroup) as failed:
        FanOut((broken, sound)).emit(an_event(EventKind.CALL_STARTED))
    assert sound.kinds == (EventKind.CALL_STARTED,)
    assert [str(error) for error in failed.value.exceptions] == ["no"]


def test_the_failures_of_each_sink_are_counted() -> None:
    broken, sound = EventRecorder(failure=ValueError("no")), EventRecorder()
    both = FanOut([sound, broken])
    for _ in range(3):
        with pytest.raises(ExceptionGroup):
            both.emit(an_event(EventKind.CALL_STARTED))
    broken.failure = None
    both.emit(an_event(EventKind.CALL_ANSWERED))
    assert both.failures == (0, 3)


def test_what_is_no_failure_but_an_end_is_not_held_back() -> None:
    class Interrupted:
        def emit(self, event: object) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FanOut((Interrupted(),)).emit(an_event(EventKind.CALL_STARTED))


def test_a_fan_out_of_nothing_takes_events_as_well() -> None:
    FanOut(()).emit(an_event(EventKind.CALL_STARTED))
    assert FanOut(()).failures == ()
