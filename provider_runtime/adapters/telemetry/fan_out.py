"""Events to several sinks at once."""

from threading import Lock

from attrs import define, field

from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.records.events import LifecycleEvent
from provider_runtime.ports.telemetry import EventSink


@define(eq=False)
class FanOut:
    """Hands each event to every sink; what some of them raise reaches the caller after all had their turn.

    ``failures`` says how often each sink raised. The sinks stay their makers': nothing is closed here.
    """

    sinks: tuple[EventSink, ...] = field(converter=tuple_of)
    _failures: list[int] = field(init=False, repr=False)
    _counting: Lock = field(factory=Lock, init=False, repr=False)

    @_failures.default
    def _no_failures(self) -> list[int]:
        return [0] * len(self.sinks)

    @property
    def failures(self) -> tuple[int, ...]:
        """How often each sink raised, in the order of ``sinks``."""
        return tuple(self._failures)

    def emit(self, event: LifecycleEvent) -> None:
        failed: list[Exception] = []
        for place, sink in enumerate(self.sinks):
            try:
                sink.emit(event)
            except Exception as failure:  # noqa: BLE001 - the next sink must have its turn
                failed.append(failure)
                with self._counting:
                    self._failures[place] += 1
        if failed:
            raise ExceptionGroup("event sinks failed", failed)
