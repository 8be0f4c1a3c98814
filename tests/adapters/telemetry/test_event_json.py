"""Events as lines of JSON: nothing is lost on the way there and back, and nothing else is an event."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.telemetry.event_json import EventsDropped, line_of, parse_line
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.testing.contracts.telemetry import an_event
from provider_runtime.testing.strategies.events import lifecycle_events


@given(event=lifecycle_events() | st.builds(EventsDropped, st.integers(1, 2**53)))
def test_what_is_written_reads_back_as_it_was(event: LifecycleEvent | EventsDropped) -> None:
    line = line_of(event)
    assert parse_line(line) == event
    assert line.count(b"\n") == 1
    assert parse_line(line.decode()) == event
    assert list(json.loads(line)) == list(dict.fromkeys(json.loads(line)))


@given(line=st.binary(max_size=40) | st.text(max_size=40).map(lambda text: json.dumps({"kind": text}).encode()))
def test_whatever_is_no_event_is_corrupt_and_not_quoted(line: bytes) -> None:
    with pytest.raises(RecordCorrupt) as corrupt:
        parse_line(line)
    assert "not an event" in str(corrupt.value)
    assert corrupt.value.__cause__ is None
    assert corrupt.value.__context__ is None


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "Why is the sky blue?"},
        {"kind": "call_exploded"},
        {"runtime_id": "two words"},
        {"runtime_id": 7},
        {"input_tokens": "12"},
        {"labels": "tenant=acme"},
        {"dropped": 3},
        {"at": "noon"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_line_with_something_else_in_it_is_no_event(change: dict[str, object]) -> None:
    content = json.loads(line_of(an_event(EventKind.CALL_ANSWERED)))
    assert parse_line(json.dumps(content)) == an_event(EventKind.CALL_ANSWERED)
    with pytest.raises(RecordCorrupt):
        parse_line(json.dumps({**content, **change}))
