"""A call trace as the bytes that a medium keeps, and back."""

from typing import Final

import msgspec

from provider_runtime.adapters.telemetry.event_json import line_of, parse_line
from provider_runtime.domain.errors import BackendError, RecordCorrupt
from provider_runtime.domain.records.events import LifecycleEvent
from provider_runtime.domain.records.oversight.timelines import CallTrace

_VERSION: Final = 1


class _Shape(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    events: list[msgspec.Raw]


_DECODER: Final = msgspec.json.Decoder(_Shape)


def written(trace: CallTrace) -> bytes:
    """``{"version":1,"events":[…]}``, the events as in a file of them. ``BackendError`` for text that is no Unicode."""
    try:
        lines = [line_of(event)[:-1] for event in trace.events]
    except ValueError:  # its text may quote the event
        pass
    else:
        return b'{"version":%d,"events":[%s]}' % (_VERSION, b",".join(lines))
    raise BackendError(
        kind="call trace",
        message="an event of the call holds half a character, which JSON cannot carry",
        remedy="Give labels and ids of whole characters.",
    )


def trace_in(content: bytes, place: str) -> CallTrace:
    """The trace in ``content``. Raises ``RecordCorrupt`` with ``place``, and without quoting anything."""
    try:
        shape = _DECODER.decode(content)
        if shape.version == _VERSION:
            events = [parse_line(bytes(raw)) for raw in shape.events]
            return CallTrace(events=tuple(event for event in events if isinstance(event, LifecycleEvent)))
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError, RecordCorrupt):
        pass  # raised below: theirs may hold what stands there
    raise RecordCorrupt(
        kind="call trace",
        key=place,
        message="what is kept of a call does not read back",
        remedy="Restore it from a copy, or clear the traces.",
    )
