"""Events as lines of JSON, and back."""

from typing import Any, Final

import msgspec
from attrs import frozen

from provider_runtime.adapters.telemetry.set_fields import FIELD_NAMES, set_fields
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.records.events import LifecycleEvent

_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)  # names of calls and runtimes are texts of their own type
_DROPPED: Final = "dropped"


@frozen
class EventsDropped:
    """A gap in a file of events: ``count`` events, at most, that came here were not written."""

    count: int


def line_of(event: LifecycleEvent | EventsDropped) -> bytes:
    """One line, with its end. Fields that are not set are left out; the others keep their names and order.

    ``at`` is written as RFC 3339. Raises ``ValueError`` for text that is no Unicode.
    """
    content = {_DROPPED: event.count} if isinstance(event, EventsDropped) else set_fields(event)
    return _ENCODER.encode(content) + b"\n"


def parse_line(line: bytes | str) -> LifecycleEvent | EventsDropped:
    """What stands in a line. Raises ``RecordCorrupt``, without quoting it, where ``line_of`` wrote no such line."""
    try:
        content = msgspec.json.decode(line, type=dict[str, Any])
        if content.keys() == {_DROPPED}:
            return EventsDropped(msgspec.convert(content[_DROPPED], int))
        if content.keys() <= set(FIELD_NAMES):
            return msgspec.convert(content, LifecycleEvent, dec_hook=_named)
    except (msgspec.MsgspecError, ValueError):
        pass  # raised below: what the library raises may hold the line
    raise RecordCorrupt(
        kind="event",
        key="line",
        message="the line is not an event as it was written",
        remedy="Leave the line out: a process that is killed while it writes may leave a piece of one.",
    )


def _named(kind: type, text: Any) -> Any:
    if not isinstance(text, str):
        raise ValueError("a name is no text")
    return kind(text)
