"""Events as spans and metrics of OpenTelemetry (extra ``otel``, which is its API alone)."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import define, field
from attrs.validators import ge

from provider_runtime.adapters.telemetry.finished_call import CallInFlight, FinishedCall
from provider_runtime.adapters.telemetry.genai_conventions import SCHEMA_URLS, GenAiConventions
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.events import ENDINGS, EventKind, LifecycleEvent

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from provider_runtime.adapters.telemetry.call_metrics import CallMetrics
    from provider_runtime.adapters.telemetry.call_spans import CallSpans

_OF_BUDGETS: Final = frozenset((EventKind.BUDGET_WARNING, EventKind.BUDGET_EXCEEDED))
_SCOPE: Final = "provider_runtime"
_DISTRIBUTION: Final = "provider-runtime"


@define(kw_only=True, eq=False)
class OpenTelemetryEventSink:
    """Tells ``tracer_provider`` and ``meter_provider`` of each call when it ends; either may be absent.

    Spans and metrics have the names of OpenTelemetry's conventions for generative AI, in the
    edition ``conventions``; what those do not know stands under ``provider_runtime.``. Nothing
    ambient is used: no global provider unless ``from_globals`` is called, no environment variable.
    ``metric_labels`` are the labels of calls that metrics are split by: few values each, please.

    A span is made when its call ends, with the times at which it began and ended, below the span
    that was current when it began. So no span is ever left open. Of a call in flight only its
    events are held, of ``capacity`` calls at most. Those whose end never comes are the first to
    go; should it come after all, the span is made from what the ending says.

    Nothing here waits, except for what the span processor does when a span ends: take one that
    hands over to a thread (``BatchSpanProcessor``). The providers stay their owners', who shut them
    down. One sink may serve several runtimes, threads and event loops.
    Raises ``InvalidSettings`` where there is no provider at all, or no OpenTelemetry.
    """

    tracer_provider: "TracerProvider | None" = None
    meter_provider: "MeterProvider | None" = None
    conventions: GenAiConventions = field(default=GenAiConventions.RELEASED, converter=GenAiConventions)
    metric_labels: tuple[str, ...] = field(default=(), converter=tuple)
    capacity: int = field(default=10_000, validator=ge(1))
    _spans: "CallSpans | None" = field(default=None, init=False, repr=False)
    _metrics: "CallMetrics | None" = field(default=None, init=False, repr=False)
    _in_flight: dict[tuple[RuntimeId, CallId | None], CallInFlight] = field(factory=dict, init=False, repr=False)
    _guard: Lock = field(factory=Lock, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.tracer_provider is None and self.meter_provider is None:
            raise InvalidSettings(
                field="tracer_provider",
                message="an OpenTelemetry sink needs a tracer provider, a meter provider, or both",
                remedy="Hand one over, or write OpenTelemetryEventSink.from_globals() to use the global ones.",
            )
        scope = {"version": _version(), "schema_url": SCHEMA_URLS[self.conventions]}
        if self.tracer_provider is not None:
            spans = _loaded("provider_runtime.adapters.telemetry.call_spans")
            tracer = self.tracer_provider.get_tracer(_SCOPE, scope["version"], scope["schema_url"])
            self._spans = spans.CallSpans(tracer=tracer, conventions=self.conventions)
        if self.meter_provider is not None:
            metrics = _loaded("provider_runtime.adapters.telemetry.call_metrics")
            meter = self.meter_provider.get_meter(_SCOPE, scope["version"], scope["schema_url"])
            self._metrics = metrics.CallMetrics(meter=meter, conventions=self.conventions, labels=self.metric_labels)

    @classmethod
    def from_globals(cls, **options: Any) -> Self:
        """A sink of the providers that this process has set as its global ones, now or later."""
        trace, metrics = _loaded("opentelemetry.trace"), _loaded("opentelemetry.metrics")
        return cls(tracer_provider=trace.get_tracer_provider(), meter_provider=metrics.get_meter_provider(), **options)

    @property
    def in_flight(self) -> int:
        """The calls that have begun and not ended, as far as they are held."""
        return len(self._in_flight)

    def emit(self, event: LifecycleEvent) -> None:
        """Take ``event``. What a provider raises is raised."""
        if event.kind in ENDINGS:
            self._finish(FinishedCall(call=self._released(event), ending=event))
        elif event.call_id is None or event.kind in _OF_BUDGETS:
            if self._metrics is not None:
                self._metrics.runtime_event(event)
        else:
            self._hold(event)
            if event.kind is EventKind.ATTEMPT_FAILED and self._metrics is not None:
                self._metrics.attempt_failed(event)

    def _hold(self, event: LifecycleEvent) -> None:
        key = (event.runtime_id, event.call_id)
        if event.kind is not EventKind.CALL_STARTED:
            with self._guard:
                held = self._in_flight.get(key)
                if held is not None:
                    held.take(event)
            return
        begun = CallInFlight(context=_current_context(), started=event)
        with self._guard:
            self._in_flight[key] = begun
            while len(self._in_flight) > self.capacity:
                del self._in_flight[next(iter(self._in_flight))]

    def _released(self, ending: LifecycleEvent) -> CallInFlight:
        with self._guard:
            held = self._in_flight.pop((ending.runtime_id, ending.call_id), None)
        return held if held is not None else CallInFlight(context=_current_context())

    def _finish(self, call: FinishedCall) -> None:
        context: Context = call.call.context
        if self._spans is not None:
            context = self._spans.write(call)
        if self._metrics is not None:
            self._metrics.record(call, context)


def _current_context() -> "Context":
    from opentelemetry.context import get_current  # noqa: PLC0415 - the extra may be absent

    return get_current()


def _loaded(module: str) -> Any:
    """A module that needs OpenTelemetry. Raises ``InvalidSettings`` where that is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        raise InvalidSettings(
            field="event_sink",
            message="OpenTelemetry is not installed",
            remedy="Install it: pip install 'provider-runtime[otel]'.",
        ) from missing


def _version() -> str | None:
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:
        return None  # the sources were put on the path, and nobody noted their version
