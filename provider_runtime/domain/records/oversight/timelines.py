"""CallTrace: the life of one call, as its events told it."""

from datetime import datetime

from attrs import field, frozen

from provider_runtime.domain.checks import all_are
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.records.events import ENDINGS, EventKind, LifecycleEvent


@frozen(kw_only=True)
class CallTrace:
    """The events of one call, in the order in which they came; one at least, and each names the call.

    Raises ``ValueError`` and ``TypeError``.
    """

    events: tuple[LifecycleEvent, ...] = field(converter=tuple_of, validator=all_are(LifecycleEvent))

    @events.validator
    def _are_of_one_call(self, _attribute: object, events: tuple[LifecycleEvent, ...]) -> None:
        if not events or any(event.call_id is None or event.call_id != events[0].call_id for event in events):
            raise ValueError("the events of a trace are of one call, which each of them names")

    @property
    def call_id(self) -> CallId:
        """Whose life it is."""
        call_id = self.events[0].call_id
        if call_id is None:
            raise ValueError("the events of a trace name their call")
        return call_id

    @property
    def ending(self) -> LifecycleEvent | None:
        """How it ended; ``None`` where that was not told."""
        return next((event for event in reversed(self.events) if event.kind in ENDINGS), None)

    @property
    def started_at(self) -> datetime | None:
        """When it began."""
        return self.events[0].at

    @property
    def attempts(self) -> int:
        """How often it was sent."""
        return sum(event.kind is EventKind.ATTEMPT_STARTED for event in self.events)

    @property
    def last(self) -> LifecycleEvent:
        """What is known last: the ending, as a rule."""
        return self.ending or self.events[-1]
