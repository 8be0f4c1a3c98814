"""Event sinks: to logging, and to several sinks at once."""

import logging

from attrs import asdict, frozen

from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.ports.telemetry import EventSink

_LEVELS = {
    EventKind.CALL_STARTED: logging.DEBUG,
    EventKind.CALL_ANSWERED: logging.INFO,
    EventKind.ATTEMPT_FAILED: logging.INFO,
}


@frozen(kw_only=True)
class LoggingEventSink:
    """Writes each event to ``logger``: the kind as message, the set fields as ``record.event``."""

    logger: logging.Logger

    def emit(self, event: LifecycleEvent) -> None:
        level = _LEVELS.get(event.kind, logging.WARNING)
        if self.logger.isEnabledFor(level):
            fields = {name: value for name, value in asdict(event).items() if value not in (None, ())}
            self.logger.log(level, "%s %s", event.kind.value, event.call_id, extra={"event": fields})


@frozen
class FanOut:
    """Hands each event to every sink; what one of them raises reaches the caller after all had their turn."""

    sinks: tuple[EventSink, ...]

    def emit(self, event: LifecycleEvent) -> None:
        failures: list[Exception] = []
        for sink in self.sinks:
            try:
                sink.emit(event)
            except Exception as failure:  # noqa: BLE001 - the next sink must have its turn
                failures.append(failure)
        if failures:
            raise ExceptionGroup("event sinks failed", failures)
