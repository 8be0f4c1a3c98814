"""Events on their way to the sink: a sink that fails is counted and disturbs nobody."""

from attrs import define, field, setters

from provider_runtime.domain.records.events import LifecycleEvent
from provider_runtime.domain.records.outside_names import Names
from provider_runtime.ports.telemetry import EventSink


@define(kw_only=True)
class Telemetry:
    """Hands events to the sink of this runtime, if it has one. ``failures`` counts what the sink raised.

    ``listening``: whether there is a sink at all. Without one, no event need be made. ``names`` are those
    that events and records of this runtime have told before.
    """

    sink: EventSink | None = field(default=None, on_setattr=setters.frozen)
    failures: int = 0
    names: Names = field(factory=Names, init=False, repr=False)
    listening: bool = field(init=False)

    @listening.default
    def _has_a_sink(self) -> bool:
        return self.sink is not None

    def emit(self, event: LifecycleEvent) -> None:
        """Hand ``event`` over; never raises."""
        if self.sink is None:
            return
        try:
            self.sink.emit(event)
        except Exception:  # noqa: BLE001 - whatever a sink does wrong, the call goes on
            self.failures += 1
