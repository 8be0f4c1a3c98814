"""EventSink: where lifecycle events go."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.records.events import LifecycleEvent


@runtime_checkable
class EventSink(Protocol):
    """Takes events, in order, at once: it must not block. A sink that raises is counted, never obeyed.

    One sink may be handed to several runtimes, which may run in several threads. It stays the
    caller's: a runtime does not close it. A sink that holds something, such as a thread or a file,
    has a ``close``, which is called after the last runtime was closed; what is emitted later is
    refused with ``RuntimeClosed``.
    """

    def emit(self, event: LifecycleEvent) -> None: ...
