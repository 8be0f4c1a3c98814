"""An OpenTelemetry that keeps what it is told in memory, and a short life to tell it of."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Self

from attrs import evolve
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler

from provider_runtime.adapters.telemetry import OpenTelemetryEventSink
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.testing.contracts.telemetry import an_event


class Exported:
    """The real SDK with exporters in memory, and a sink that tells it."""

    def __init__(self, sampler: Sampler = ALWAYS_ON, **options: Any) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers, self.meters = TracerProvider(sampler), MeterProvider([self.reader])
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.sink = OpenTelemetryEventSink(tracer_provider=self.tracers, meter_provider=self.meters, **options)

    def tell(self, *events: LifecycleEvent) -> Self:
        for event in events:
            self.sink.emit(event)
        return self

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    @property
    def span(self) -> ReadableSpan:
        """The one span of a call, whatever its attempts."""
        (span,) = (span for span in self.spans if span.name != "attempt")
        return span

    @property
    def attempts(self) -> list[ReadableSpan]:
        return sorted((span for span in self.spans if span.name == "attempt"), key=lambda span: span.start_time or 0)

    @property
    def text(self) -> str:
        """Everything that was exported, as text to search in."""
        data = self.reader.get_metrics_data()
        return "".join(span.to_json() for span in self.spans) + (data.to_json() if data else "")

    def points(self, name: str) -> list[tuple[Mapping[str, Any], Any]]:
        """The points of a metric: their attributes, and the sum (of a histogram, with its count)."""
        data = self.reader.get_metrics_data()
        metrics = [] if data is None else [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics]
        points = [point for metric in metrics if metric.name == name for point in metric.data.data_points]
        return [(dict(p.attributes), p.value if hasattr(p, "value") else (p.count, p.sum)) for p in points]

    def metric_names(self) -> set[str]:
        data = self.reader.get_metrics_data()
        return {m.name for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics} if data else set()


def later(event: LifecycleEvent, seconds: float) -> LifecycleEvent:
    assert event.at is not None
    return evolve(event, at=event.at + timedelta(seconds=seconds))


def a_life(number: int = 1, **ending: Any) -> list[LifecycleEvent]:
    """A call that was answered in two seconds, at the first attempt; ``ending`` changes its last event."""
    said = {"error_code": None, "retry_denied_by": None, "duration_s": 2.0}
    asked = {"model_answered": None, "input_tokens": None, "output_tokens": None}
    return [
        an_event(EventKind.CALL_STARTED, number, **said, **asked),
        later(an_event(EventKind.CALL_CLEARED, number, **said, **asked), 0.01),
        later(an_event(EventKind.ATTEMPT_STARTED, number, **said, **asked), 0.01),
        later(an_event(ending.pop("kind", EventKind.CALL_ANSWERED), number, **{**said, **ending}), 2.0),
    ]


def a_retried_life() -> list[LifecycleEvent]:
    """A call whose first attempt failed after half a second, and whose second answered after a wait of one."""
    started, cleared, first, ended = a_life(attempt=2)
    failed = an_event(
        EventKind.ATTEMPT_FAILED, status_code=503, error_code="unavailable", retry_denied_by=None, duration_s=0.5
    )
    second = evolve(later(first, 1.5), attempt=2, wait_s=1.0)
    return [started, cleared, first, later(failed, 0.51), second, ended]
