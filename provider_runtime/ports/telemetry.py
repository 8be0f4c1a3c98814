"""EventSink: where lifecycle events go; EventEmitter: a sink that others subscribe to."""

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

from attrs import frozen

from provider_runtime.domain.records.events import EventKind, LifecycleEvent

EventHandler: TypeAlias = Callable[[LifecycleEvent], object]
"""Told of an event, at once. What it returns is not looked at."""


@runtime_checkable
class EventSink(Protocol):
    """Takes events, in order, at once: it must not block. A sink that raises is counted, never obeyed.

    One sink may be handed to several runtimes, which may run in several threads. It stays the
    caller's: a runtime does not close it. A sink that holds something, such as a thread or a file,
    has a ``close``, which is called after the last runtime was closed; what is emitted later is
    refused with ``RuntimeClosed``.
    """

    def emit(self, event: LifecycleEvent) -> None: ...


@frozen(kw_only=True)
class HandlerFailure:
    """What a handler raised when it was told of an event of this kind, without its traceback."""

    kind: EventKind
    error: Exception


@runtime_checkable
class EventEmitter(EventSink, Protocol):
    """A sink whose events go to whoever subscribed to their kind.

    Handlers are called in the order in which they subscribed, and have all finished when ``emit``
    returns. One that fails disturbs neither the others nor whoever emits; what it raised is collected.
    One that subscribes while an event is told hears of the next; one that was removed meanwhile hears
    nothing more. A kind may be written as its name. Raises ``ValueError`` for a kind that there is not, and
    ``TypeError`` for a handler that would have to be awaited. Source: semantics B.14.
    """

    def on(self, kind: EventKind | str, handler: EventHandler) -> Callable[[], None]:
        """Tell ``handler`` of every event of this kind. Returns what ends this subscription, and no other."""
        ...

    def once(self, kind: EventKind | str, handler: EventHandler) -> Callable[[], None]:
        """Tell ``handler`` of the next event of this kind, and of no other, whatever it emits itself."""
        ...

    def off(self, kind: EventKind | str, handler: EventHandler) -> None:
        """End every subscription of ``handler`` to this kind. Without any, do nothing."""
        ...

    def emit(self, event: LifecycleEvent) -> None:
        """Tell everybody who subscribed to the kind of ``event``. Never raises what a handler raised."""
        ...

    def remove_all_listeners(self, kind: EventKind | str | None = None) -> None:
        """End every subscription to this kind; ``None``: to any."""
        ...

    def listener_count(self, kind: EventKind | str) -> int:
        """How many subscriptions to this kind there are."""
        ...

    @property
    def failures(self) -> tuple[HandlerFailure, ...]:
        """The last hundred failures of handlers, oldest first."""
        ...
