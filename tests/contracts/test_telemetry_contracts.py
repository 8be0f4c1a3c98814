"""Event sinks under their contract."""

import logging
from collections.abc import Iterator, Sequence

import pytest

from provider_runtime.adapters.telemetry import FanOut, LoggingEventSink
from provider_runtime.domain.records.events import EventKind
from provider_runtime.ports.telemetry import EventSink
from provider_runtime.testing.contracts.telemetry import EventSinkContract, an_event
from provider_runtime.testing.fakes import EventRecorder


class TestEventRecorder(EventSinkContract):
    @pytest.fixture
    def sink(self) -> EventSink:
        return EventRecorder()

    def seen(self, sink: EventSink) -> Sequence[EventKind]:
        assert isinstance(sink, EventRecorder)
        return sink.kinds


class TestFanOut(EventSinkContract):
    @pytest.fixture
    def sink(self) -> EventSink:
        return FanOut((EventRecorder(), EventRecorder()))

    def seen(self, sink: EventSink) -> Sequence[EventKind]:
        assert isinstance(sink, FanOut)
        one, other = (recorder for recorder in sink.sinks if isinstance(recorder, EventRecorder))
        assert one.kinds == other.kinds
        return other.kinds


class _Kept(logging.Handler):
    """A handler that keeps what it is handed."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class TestLoggingEventSink(EventSinkContract):
    @pytest.fixture
    def logger(self) -> Iterator[logging.Logger]:
        logger = logging.Logger("events", logging.DEBUG)  # noqa: LOG001 - not of the tree that other tests share
        logger.addHandler(_Kept())
        yield logger
        logger.handlers.clear()

    @pytest.fixture
    def sink(self, logger: logging.Logger) -> EventSink:
        return LoggingEventSink(logger=logger)

    def seen(self, sink: EventSink) -> Sequence[EventKind]:
        assert isinstance(sink, LoggingEventSink)
        (handler,) = sink.logger.handlers
        assert isinstance(handler, _Kept)
        return [record.__dict__["event"]["kind"] for record in handler.records]


def test_a_fan_out_gives_every_sink_its_turn_and_then_tells_what_failed() -> None:
    broken, sound = EventRecorder(failure=ValueError("no")), EventRecorder()
    with pytest.raises(ExceptionGroup) as failed:
        FanOut((broken, sound)).emit(an_event(EventKind.CALL_STARTED))
    assert sound.kinds == (EventKind.CALL_STARTED,)
    assert [str(error) for error in failed.value.exceptions] == ["no"]
