"""Events to whoever subscribed to their kind."""

import inspect
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Final

from attrs import define, field, frozen

from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.ports.telemetry import EventHandler, HandlerFailure

_FAILURES_KEPT: Final = 100


@frozen(eq=False)
class _Subscription:
    """One handler that waits for events; two of the same handler are two."""

    handler: EventHandler
    only_once: bool


@define(eq=False, slots=False)
class DefaultEventEmitter:
    """Subscriptions in this process. See ``EventEmitter``. Several runtimes may share one, in several threads.

    Hand it to a runtime as its ``event_sink``, and subscribe to what the runtime does.
    """

    _subscribed: dict[EventKind, tuple[_Subscription, ...]] = field(factory=dict, init=False, repr=False)
    _failures: deque[HandlerFailure] = field(factory=lambda: deque(maxlen=_FAILURES_KEPT), init=False, repr=False)
    _changing: Lock = field(factory=Lock, init=False, repr=False)

    def on(self, kind: EventKind | str, handler: EventHandler) -> Callable[[], None]:
        return self._subscribe(_kind(kind), _Subscription(_checked(handler), only_once=False))

    def once(self, kind: EventKind | str, handler: EventHandler) -> Callable[[], None]:
        return self._subscribe(_kind(kind), _Subscription(_checked(handler), only_once=True))

    def off(self, kind: EventKind | str, handler: EventHandler) -> None:
        with self._changing:
            self._keep(_kind(kind), lambda subscription: subscription.handler != handler)

    def emit(self, event: LifecycleEvent) -> None:
        for subscription in self._subscribed.get(event.kind, ()):
            if not self._takes_its_turn(event.kind, subscription):
                continue
            try:
                subscription.handler(event)
            except Exception as failure:  # noqa: BLE001 - the next handler must have its turn
                # Its frames hold what the handler was told, and whatever else it knew.
                self._failures.append(HandlerFailure(kind=event.kind, error=failure.with_traceback(None)))

    def remove_all_listeners(self, kind: EventKind | str | None = None) -> None:
        with self._changing:
            for each in list(EventKind) if kind is None else [_kind(kind)]:
                self._subscribed.pop(each, None)

    def listener_count(self, kind: EventKind | str) -> int:
        return len(self._subscribed.get(_kind(kind), ()))

    @property
    def failures(self) -> tuple[HandlerFailure, ...]:
        return tuple(self._failures)

    def _subscribe(self, kind: EventKind, subscription: _Subscription) -> Callable[[], None]:
        with self._changing:
            self._subscribed[kind] = (*self._subscribed.get(kind, ()), subscription)

        def unsubscribe() -> None:
            with self._changing:
                self._keep(kind, lambda other: other is not subscription)

        return unsubscribe

    def _takes_its_turn(self, kind: EventKind, subscription: _Subscription) -> bool:
        """Whether it still waits for events; one that waits for a single event does so no longer."""
        if not subscription.only_once:
            return subscription in self._subscribed.get(kind, ())
        with self._changing:
            waiting = subscription in self._subscribed.get(kind, ())
            self._keep(kind, lambda other: other is not subscription)
        return waiting

    def _keep(self, kind: EventKind, wanted: Callable[[_Subscription], bool]) -> None:
        kept = tuple(filter(wanted, self._subscribed.get(kind, ())))
        if kept:
            self._subscribed[kind] = kept
        else:
            self._subscribed.pop(kind, None)


def _kind(kind: EventKind | str) -> EventKind:
    """The kind of this name; the source documents write it with hyphens."""
    return kind if isinstance(kind, EventKind) else EventKind(kind.replace("-", "_"))


def _checked(handler: EventHandler) -> EventHandler:
    if not callable(handler) or inspect.iscoroutinefunction(handler):
        raise TypeError("a handler is called at once: give a plain function, which may start a task of yours")
    return handler
