"""EventSink: where lifecycle events go."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.records.events import LifecycleEvent


@runtime_checkable
class EventSink(Protocol):
    """Takes events, in order, at once: it must not block. A sink that raises is counted, never obeyed."""

    def emit(self, event: LifecycleEvent) -> None: ...
