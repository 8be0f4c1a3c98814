"""Event sinks under their contract."""

import io
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from provider_runtime.adapters.telemetry import (
    DefaultEventEmitter,
    FanOut,
    JsonLinesEventSink,
    LoggingEventSink,
    OpenTelemetryEventSink,
)
from provider_runtime.adapters.telemetry.event_json import parse_line
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.ports.telemetry import EventEmitter, EventSink
from provider_runtime.testing.contracts.telemetry import (
    ClosableEventSinkContract,
    EventEmitterContract,
    EventSinkContract,
    KeepingEventSinkContract,
)
from provider_runtime.testing.fakes import EventRecorder
from provider_runtime.testing.mocks import MockEventEmitter


class TestEventRecorder(KeepingEventSinkContract):
    @pytest.fixture
    def sink(self) -> EventSink:
        return EventRecorder()

    def seen(self, sink: EventSink) -> Sequence[EventKind]:
        assert isinstance(sink, EventRecorder)
        return sink.kinds


class TestFanOut(KeepingEventSinkContract):
    @pytest.fixture
    def sink(self) -> EventSink:
        return FanOut((EventRecorder(), EventRecorder()))

    def seen(self, sink: EventSink) -> Sequence[EventKind]:
        assert isinstance(sink, FanOut)
        one, other = (recorder for recorder in sink.sinks if isinstance(recorder, EventRecorder))
        assert sorted(one.kinds) == sorted(other.kinds)  # threads may overtake each other between two sinks
        return other.kinds


class _Kept(logging.Handler):
    """A handler that keeps what it is handed."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class TestLoggingEventSink(KeepingEventSinkContract):
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


def kinds_in(lines: str) -> list[EventKind]:
    events = [parse_line(line) for line in lines.splitlines()]
    return [event.kind for event in events if isinstance(event, LifecycleEvent)]


class TestJsonLinesInAFile(ClosableEventSinkContract):
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "events.jsonl"

    @pytest.fixture
    def sink(self, path: Path) -> Iterator[EventSink]:
        with JsonLinesEventSink(path) as sink:
            yield sink

    @pytest.fixture(autouse=True)
    def _know_the_file(self, path: Path) -> None:
        self.path = path

    def seen(self, sink: EventSink) -> Sequence[EventKind]:
        assert isinstance(sink, JsonLinesEventSink)
        assert sink.flush()
        return kinds_in(self.path.read_text("utf-8"))

    def close(self, sink: EventSink) -> None:
        assert isinstance(sink, JsonLinesEventSink)
        sink.close()


class TestJsonLinesInAStream(ClosableEventSinkContract):
    @pytest.fixture
    def stream(self) -> io.StringIO:
        return io.StringIO()

    @pytest.fixture
    def sink(self, stream: io.StringIO) -> Iterator[EventSink]:
        with JsonLinesEventSink(stream) as sink:
            yield sink

    @pytest.fixture(autouse=True)
    def _know_the_stream(self, stream: io.StringIO) -> None:
        self.stream = stream

    def seen(self, sink: EventSink) -> Sequence[EventKind]:
        assert isinstance(sink, JsonLinesEventSink)
        assert sink.flush()
        return kinds_in(self.stream.getvalue())

    def close(self, sink: EventSink) -> None:
        assert isinstance(sink, JsonLinesEventSink)
        sink.close()


class TestOpenTelemetryWithBoth(EventSinkContract):
    @pytest.fixture
    def sink(self) -> EventSink:
        meters = MeterProvider([InMemoryMetricReader()])
        return OpenTelemetryEventSink(tracer_provider=TracerProvider(), meter_provider=meters, metric_labels=["tenant"])


class TestOpenTelemetryWithSpansAlone(EventSinkContract):
    @pytest.fixture
    def sink(self) -> EventSink:
        return OpenTelemetryEventSink(tracer_provider=TracerProvider(), conventions="gen_ai_latest_experimental")


class TestOpenTelemetryWithMetricsAlone(EventSinkContract):
    @pytest.fixture
    def sink(self) -> EventSink:
        meters = MeterProvider([InMemoryMetricReader()])
        return OpenTelemetryEventSink(meter_provider=meters, conventions="gen_ai_latest_experimental")


class TestDefaultEventEmitter(EventEmitterContract, KeepingEventSinkContract):
    @pytest.fixture
    def emitter(self) -> EventEmitter:
        return DefaultEventEmitter()

    @pytest.fixture
    def heard(self) -> list[EventKind]:
        return []

    @pytest.fixture
    def sink(self, emitter: EventEmitter, heard: list[EventKind]) -> EventSink:
        self.recorded = heard
        for kind in EventKind:
            emitter.on(kind, lambda event: heard.append(event.kind))
        return emitter

    def seen(self, _sink: EventSink) -> Sequence[EventKind]:
        return self.recorded


class TestMockEventEmitter(TestDefaultEventEmitter):
    @pytest.fixture
    def emitter(self) -> EventEmitter:
        return MockEventEmitter()
