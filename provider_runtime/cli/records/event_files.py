"""Traces out of a file of events, as ``JsonLinesEventSink`` writes it."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from provider_runtime.adapters.telemetry.event_json import parse_line
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.events import ENDINGS, LifecycleEvent
from provider_runtime.domain.records.oversight.timelines import CallTrace


def traces_in_file(path: Path) -> Iterator[CallTrace]:
    """The life of each call that ended in the file, in that order; then of those that did not.

    Reads line by line: only calls under way are held. ``RecordCorrupt`` names a line that is no event,
    but for the last one, which may have been cut off while it was written.
    """
    lives: dict[tuple[RuntimeId, CallId], list[LifecycleEvent]] = {}
    for event in _events(path):
        if event.call_id is None:
            continue
        call = (event.runtime_id, event.call_id)
        lives.setdefault(call, []).append(event)
        if event.kind in ENDINGS:
            yield CallTrace(events=tuple(lives.pop(call)))
    for events in lives.values():
        yield CallTrace(events=tuple(events))


def latest_in_file(path: Path, limit: int) -> tuple[CallTrace, ...]:
    """The last ``limit`` of them."""
    return tuple(deque(traces_in_file(path), maxlen=limit))


def _events(path: Path) -> Iterator[LifecycleEvent]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                told = parse_line(line)
            except RecordCorrupt as damage:
                if not line.endswith(b"\n"):
                    return  # cut off while it was written
                remedy, message = damage.remedy, f"line {number} of {path.name} is not an event as it was written"
            else:
                if isinstance(told, LifecycleEvent):
                    yield told
                continue
            raise RecordCorrupt(kind="event", key=f"{path.name}:{number}", message=message, remedy=remedy)
