"""Events to a logger of the standard library."""

import logging
from typing import Final

from attrs import frozen

from provider_runtime.adapters.telemetry.set_fields import set_fields
from provider_runtime.domain.records.events import EventKind, LifecycleEvent

LEVELS: Final = {
    EventKind.CALL_STARTED: logging.DEBUG,
    EventKind.CALL_CLEARED: logging.DEBUG,
    EventKind.ATTEMPT_STARTED: logging.DEBUG,
    EventKind.ATTEMPT_FAILED: logging.INFO,  # WARNING for the last one, see below
    EventKind.CALL_PASSED_ON: logging.WARNING,
    EventKind.CALL_REFUSED: logging.WARNING,
    EventKind.CALL_FAILED: logging.WARNING,
    EventKind.CALL_CANCELLED: logging.INFO,  # the caller's own wish
    EventKind.CALL_ANSWERED: logging.INFO,
    EventKind.PROFILE_SELECTED: logging.INFO,
    EventKind.PROFILE_CHANGED: logging.INFO,
    EventKind.PROFILE_RESOLVED: logging.DEBUG,
    EventKind.SWAP_REQUESTED: logging.INFO,
    EventKind.SWAP_COMPLETED: logging.INFO,
    EventKind.SWAP_FAILED: logging.WARNING,
    EventKind.SWAP_TIMED_OUT: logging.WARNING,
    EventKind.SWAP_ROLLED_BACK: logging.WARNING,
    EventKind.BUDGET_WARNING: logging.WARNING,
    EventKind.BUDGET_EXCEEDED: logging.WARNING,
    EventKind.CLOUD_REQUESTED: logging.INFO,
    EventKind.CLOUD_APPROVED: logging.INFO,
    EventKind.CLOUD_DENIED: logging.WARNING,
    EventKind.CLOUD_EXECUTED: logging.INFO,
    EventKind.RUNTIME_ACTIVATED: logging.INFO,
    EventKind.RUNTIME_RECONFIGURED: logging.INFO,
    EventKind.RUNTIME_RESET: logging.INFO,
    EventKind.RUNTIME_DISPOSED: logging.INFO,
}
"""How loud each kind is. Nothing is an ERROR: whoever called has the exception, and knows how bad it is."""


@frozen(kw_only=True)
class LoggingEventSink:
    """Writes each event to ``logger``: kind and name as message, the set fields as ``record.event``.

    ``emit`` is as quick as the logger's handlers. One that may wait for a disk or a network belongs
    behind a ``logging.handlers.QueueHandler``.
    """

    logger: logging.Logger

    def emit(self, event: LifecycleEvent) -> None:
        level = _level(event)
        if self.logger.isEnabledFor(level):
            name = event.call_id or event.runtime_id
            self.logger.log(level, "%s %s", event.kind.value, name, extra={"event": set_fields(event)})


def _level(event: LifecycleEvent) -> int:
    if event.kind is EventKind.ATTEMPT_FAILED and event.retry_denied_by is not None:
        return logging.WARNING
    return LEVELS[event.kind]
