"""Events on their way to the sink: a sink that fails is counted and disturbs nobody."""

from attrs import define

from provider_runtime.domain.records.events import LifecycleEvent
from provider_runtime.ports.telemetry import EventSink


@define(kw_only=True)
class Telemetry:
    """Hands events to the sink of this runtime, if it has one. ``failures`` counts what the sink raised."""

    sink: EventSink | None = None
    failures: int = 0

    @property
    def listening(self) -> bool:
        """Whether there is a sink at all: without one, no event need be made."""
        return self.sink is not None

    def emit(self, event: LifecycleEvent) -> None:
        """Hand ``event`` over; never raises."""
        if self.sink is None:
            return
        try:
            self.sink.emit(event)
        except Exception:  # noqa: BLE001 - whatever a sink does wrong, the call goes on
            self.failures += 1
