"""JSON lines: private files, whole lines, nothing that waits, and no event lost in silence."""

import fcntl
import io
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from attrs import fields

from provider_runtime.adapters.telemetry import JsonLinesEventSink
from provider_runtime.adapters.telemetry.event_json import EventsDropped, parse_line
from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.testing.contracts.telemetry import an_event


class Jammed(io.StringIO):
    """A stream that takes nothing until ``free`` is set; ``entered`` says that somebody tries."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.free = threading.Event(), threading.Event()

    def write(self, text: str, /) -> int:
        self.entered.set()
        assert self.free.wait(30)
        return super().write(text)


class Broken(io.StringIO):
    """A stream that fails while ``failure`` is set."""

    failure: Exception | None = OSError(28, "No space left on device")

    def write(self, text: str, /) -> int:
        if self.failure is not None:
            raise self.failure
        return super().write(text)


def started(number: int) -> LifecycleEvent:
    return an_event(EventKind.CALL_STARTED, number)


def parsed(text: str) -> list[LifecycleEvent | EventsDropped]:
    return [parse_line(line) for line in text.splitlines()]


def test_a_line_has_the_names_and_the_order_of_the_fields_of_an_event(tmp_path: Path) -> None:
    with JsonLinesEventSink(tmp_path / "events.jsonl") as sink:
        sink.emit(an_event(EventKind.CALL_ANSWERED))
    line = (tmp_path / "events.jsonl").read_text("utf-8")
    assert list(json.loads(line)) == [field.name for field in fields(LifecycleEvent)]
    assert line.endswith("}\n")


def test_what_is_not_set_is_not_written(tmp_path: Path) -> None:
    with JsonLinesEventSink(tmp_path / "events.jsonl") as sink:
        sink.emit(LifecycleEvent(kind=EventKind.RUNTIME_RESET, runtime_id=RuntimeId("rt_1"), input_tokens=0))
    line = json.loads((tmp_path / "events.jsonl").read_text("utf-8"))
    assert line == {"kind": "runtime_reset", "runtime_id": "rt_1", "input_tokens": 0}


def test_the_file_is_for_its_owner_alone_whatever_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with JsonLinesEventSink(tmp_path / "new" / "events.jsonl") as sink:
            sink.emit(started(1))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new" / "events.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BackendError), JsonLinesEventSink(tmp_path / "link"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_lines_are_added_to_what_stands_there_and_a_torn_line_stays_alone(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"kind":"call_sta')  # as a killed process leaves it
    with JsonLinesEventSink(path) as sink:
        sink.emit(started(1))
    assert parsed(path.read_text().split("\n", 1)[1]) == [started(1)]


def test_a_file_that_was_moved_away_is_followed_by_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with JsonLinesEventSink(path) as sink:
        sink.emit(started(1))
        assert sink.flush()
        path.rename(tmp_path / "events.jsonl.1")
        sink.emit(started(2))
    assert parsed((tmp_path / "events.jsonl.1").read_text()) == [started(1)]
    assert parsed(path.read_text()) == [started(2)]


WRITE_MANY = """
import sys
from provider_runtime.adapters.telemetry import JsonLinesEventSink
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.events import EventKind, LifecycleEvent

path, runtime, count = sys.argv[1:]
sink = JsonLinesEventSink(path)
for number in range(int(count)):
    sink.emit(
        LifecycleEvent(kind=EventKind.CALL_STARTED, runtime_id=RuntimeId(runtime), call_id=CallId(f"call_{number}"))
    )
"""


def writing(path: Path, runtime: str, count: int) -> subprocess.Popen[bytes]:
    """A process that writes ``count`` events to ``path``, and ends without closing anything."""
    return subprocess.Popen([sys.executable, "-c", WRITE_MANY, str(path), runtime, str(count)])


def calls_of(runtime: str, path: Path) -> list[str | None]:
    events = [event for event in parsed(path.read_text()) if isinstance(event, LifecycleEvent)]
    return [event.call_id for event in events if event.runtime_id == runtime]


def test_a_process_that_forgets_to_close_still_writes_everything(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert writing(path, "rt_1", 500).wait(60) == 0
    assert calls_of("rt_1", path) == [f"call_{number}" for number in range(500)]


def test_several_processes_share_a_file_and_no_line_is_lost_or_mixed(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert [process.wait(60) for process in [writing(path, f"rt_{number}", 300) for number in range(3)]] == [0, 0, 0]
    for number in range(3):
        assert calls_of(f"rt_{number}", path) == [f"call_{call}" for call in range(300)]


def test_a_batch_waits_while_another_writer_has_the_file(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = JsonLinesEventSink(path)
    with path.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        sink.emit(started(1))
        assert not sink.flush(timeout_s=0.05)
        assert path.read_bytes() == b""
    sink.close()
    assert parsed(path.read_text()) == [started(1)]


def test_several_sinks_of_one_process_share_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sinks = [JsonLinesEventSink(path) for _ in range(3)]
    for number in range(300):
        for place, sink in enumerate(sinks):
            sink.emit(an_event(EventKind.CALL_ANSWERED, number, runtime_id=RuntimeId(f"rt_{place}")))
    for sink in sinks:
        sink.close()
    for place in range(3):
        assert calls_of(f"rt_{place}", path) == [f"call_{call}" for call in range(300)]


def test_emitting_does_not_wait_for_a_place_that_takes_nothing() -> None:
    stream = Jammed()
    sink = JsonLinesEventSink(stream)
    for number in range(100):
        sink.emit(started(number))  # would hang here
    stream.free.set()
    sink.close()
    assert parsed(stream.getvalue()) == [started(number) for number in range(100)]


def test_what_is_too_much_is_counted_and_the_gap_stands_where_the_events_are_missing() -> None:
    stream = Jammed()
    sink = JsonLinesEventSink(stream, capacity=3)
    sink.emit(started(0))
    assert stream.entered.wait(10)  # the writer has the first one in hand
    for number in range(1, 6):
        sink.emit(started(number))
    assert sink.dropped == 2
    stream.free.set()
    assert sink.flush()
    sink.emit(started(6))
    sink.close()
    kept = [started(0), started(1), started(2), started(3), EventsDropped(2), started(6)]
    assert parsed(stream.getvalue()) == kept
    assert sink.dropped == 2


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), ValueError("closed"), KeyError("odd")])
def test_a_failed_write_is_counted_and_told_as_soon_as_one_succeeds(failure: Exception) -> None:
    stream = Broken()
    stream.failure = failure
    sink = JsonLinesEventSink(stream)
    sink.emit(started(1))
    sink.emit(started(2))
    assert sink.flush()
    assert sink.dropped == 2
    stream.failure = None
    sink.emit(started(3))
    sink.close()
    assert parsed(stream.getvalue()) == [EventsDropped(2), started(3)]


@pytest.mark.parametrize("idle", [True, False], ids=["after the writer has ended", "while the writer lingers"])
def test_the_last_line_tells_of_what_was_lost_before_the_end(*, idle: bool) -> None:
    stream = Broken()
    sink = JsonLinesEventSink(stream)
    sink.emit(started(1))
    writer = sink._writer
    assert writer is not None
    assert sink.flush()
    if idle:
        writer.join(10)
    stream.failure = None
    sink.close()
    assert parsed(stream.getvalue()) == [EventsDropped(1)]


def test_a_place_that_never_works_ends_with_a_count_and_no_thread() -> None:
    sink = JsonLinesEventSink(Broken())
    for number in range(5):
        sink.emit(started(number))
    sink.close()
    assert sink.dropped == 5
    assert not [thread for thread in threading.enumerate() if "provider_runtime" in thread.name]


def test_what_still_waits_when_closing_takes_too_long_is_counted() -> None:
    stream = Jammed()
    sink = JsonLinesEventSink(stream)
    sink.emit(started(0))
    assert stream.entered.wait(10)
    sink.emit(started(1))
    assert not sink.flush(timeout_s=0.01)
    sink.close(timeout_s=0.01)
    assert sink.dropped == 1
    stream.free.set()
    assert sink.flush()


def test_an_event_whose_text_is_no_unicode_is_counted_and_the_others_arrive() -> None:
    stream = io.StringIO()
    with JsonLinesEventSink(stream) as sink:
        sink.emit(an_event(EventKind.CALL_STARTED, conversation_id="\ud800"))
        sink.emit(started(2))
    assert sink.dropped == 1
    assert sorted(parsed(stream.getvalue()), key=str) == [EventsDropped(1), started(2)]


def test_entering_says_at_once_that_the_place_cannot_be_written_to(tmp_path: Path) -> None:
    stream = io.StringIO()
    stream.close()
    for place in (tmp_path, stream):
        with pytest.raises(BackendError) as failed, JsonLinesEventSink(place):
            pass
        assert failed.value.kind == "event sink"
        assert str(tmp_path) not in str(failed.value)


def test_only_a_path_or_a_stream_is_a_place() -> None:
    with pytest.raises(ValueError, match="path or to a text stream"):
        JsonLinesEventSink(7)  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(ValueError, match="capacity"):
        JsonLinesEventSink(io.StringIO(), capacity=0)


def test_the_thread_of_an_idle_sink_ends_and_another_one_goes_on(tmp_path: Path) -> None:
    sink = JsonLinesEventSink(tmp_path / "events.jsonl")
    assert sink._writer is None
    sink.emit(started(1))
    writer = sink._writer
    assert writer is not None
    writer.join(10)
    assert not writer.is_alive()
    sink.emit(started(2))
    sink.close()
    assert parsed((tmp_path / "events.jsonl").read_text()) == [started(1), started(2)]
