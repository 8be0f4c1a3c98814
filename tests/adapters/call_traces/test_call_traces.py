"""The lives of calls, from events to what is kept: of real runtimes, under load, in trouble, after damage."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import open_runtime
from provider_runtime.adapters.call_traces.sink import CallTraceSink
from provider_runtime.adapters.call_traces.store import MemoryCallTraces, SqliteCallTraces
from provider_runtime.adapters.call_traces.written import trace_in, written
from provider_runtime.domain.errors import BackendError, RecordCorrupt, RuntimeClosed
from provider_runtime.domain.records.events import EventKind
from provider_runtime.domain.records.oversight.timelines import CallTrace
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.contracts.oversight.call_traces import a_trace
from provider_runtime.testing.contracts.telemetry import an_event
from provider_runtime.testing.fakes import FakeTransport
from provider_runtime.testing.mocks import MockCallTraceProvider
from provider_runtime.testing.sandbox import Fault, Sandbox
from provider_runtime.testing.settings import cloud_settings, sandbox_settings
from provider_runtime.testing.strategies.events import lifecycle_events

REQUEST = a_request("Why is the sky blue?", model="openai:gpt-5-mini")


async def test_the_life_of_a_real_call_is_kept_with_every_attempt(tmp_path: Path) -> None:
    traces = SqliteCallTraces(path=tmp_path / "traces.sqlite")
    sink = CallTraceSink(traces)
    async with Sandbox() as sandbox, open_runtime(sandbox_settings(sandbox), event_sink=sink) as runtime:
        sandbox.fail_next(1, Fault.status(503))
        response = await runtime.run(REQUEST)
    await sink.aclose()
    trace = await traces.get(response.call_id or "")
    assert trace is not None
    assert [event.kind.value for event in trace.events] == [
        "call_started",
        "call_cleared",
        "attempt_started",
        "attempt_failed",
        "attempt_started",
        "call_answered",
    ]
    assert (trace.attempts, trace.last.output_tokens) == (2, response.usage.output_tokens)
    assert await traces.latest(5) == (trace,)
    assert (sink.dropped, trace.ending) == (0, trace.events[-1])
    await traces.aclose()
    assert b"sky" not in (tmp_path / "traces.sqlite").read_bytes()


async def test_calls_at_once_are_kept_apart_whatever_runtime_made_them() -> None:
    traces = MemoryCallTraces()
    sink = CallTraceSink(traces)
    names: list[str] = []
    async with (
        open_runtime(cloud_settings(), event_sink=sink, transport=FakeTransport()) as one,
        open_runtime(cloud_settings(), event_sink=sink, transport=FakeTransport()) as other,
    ):
        calls = [runtime.run(REQUEST) for runtime in (one, other) for _ in range(20)]
        await asyncio.gather(*calls, return_exceptions=True)
        for runtime in (one, other):
            names += [receipt.record.call_id for receipt in await runtime.receipts.list()]
    await sink.flush()
    kept = await traces.latest(99)
    assert sorted(trace.call_id for trace in kept) == sorted(names)
    assert all(trace.events[0].kind is EventKind.CALL_STARTED and trace.ending for trace in kept)
    assert all(len({event.runtime_id for event in trace.events}) == 1 for trace in kept)


async def test_what_cannot_be_kept_is_counted_and_fails_no_call() -> None:
    traces = MockCallTraceProvider()
    traces.fail("keep", BackendError(kind="call trace", message="the disk is full"), times=2)
    sink = CallTraceSink(traces)
    for number in range(3):
        sink.emit(an_event(EventKind.CALL_STARTED, number))
        sink.emit(an_event(EventKind.CALL_ANSWERED, number))
    await sink.aclose()
    assert sink.dropped == 2
    assert len(await traces.latest(9)) == 1


async def test_no_more_calls_are_held_than_there_is_room_for() -> None:
    sink = CallTraceSink(MemoryCallTraces(), capacity=3)
    for number in range(10):
        sink.emit(an_event(EventKind.CALL_STARTED, number))
    for number in range(10):
        sink.emit(an_event(EventKind.CALL_ANSWERED, number))
    await sink.flush()
    assert sink.dropped == 7
    assert [trace.call_id for trace in await sink.traces.latest(9)] == ["call_0", "call_1", "call_2"]


async def test_events_of_no_call_are_passed_over_and_a_closed_sink_refuses() -> None:
    sink = CallTraceSink(MemoryCallTraces())
    sink.emit(an_event(EventKind.RUNTIME_ACTIVATED))
    sink.emit(an_event(EventKind.CALL_STARTED))
    await sink.aclose()
    assert sink.dropped == 1  # it never ended
    with pytest.raises(RuntimeClosed):
        sink.emit(an_event(EventKind.CALL_ANSWERED))


# ── as they are written ─────────────────────────────────────────────────────────────────────


@given(events=st.lists(lifecycle_events(), min_size=1, max_size=4))
def test_any_trace_comes_back(events: list[Any]) -> None:
    trace = CallTrace(events=[evolve(event, call_id="call_1") for event in events])  # type: ignore[arg-type]  # converted
    assert trace_in(written(trace), "1").events == trace.events


@pytest.mark.parametrize("events", [(), (an_event(EventKind.RUNTIME_RESET),), "two"])
def test_a_trace_is_of_one_call(events: Any) -> None:
    of = (an_event(EventKind.CALL_STARTED, 1), an_event(EventKind.CALL_ANSWERED, 2)) if events == "two" else events
    with pytest.raises(ValueError, match="of one call"):
        CallTrace(events=of)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"version":2,"events":[]}', b'{"version":1,"events":[{}]}'])
def test_what_is_no_trace_names_its_place_and_quotes_nothing(content: bytes) -> None:
    with pytest.raises(RecordCorrupt) as corrupt:
        trace_in(content, "call_7")
    assert (corrupt.value.kind, corrupt.value.key) == ("call trace", "call_7")


async def test_a_call_is_found_though_its_writer_was_stopped_before_it_said_where() -> None:
    traces = MemoryCallTraces()
    await traces.keep(a_trace("call_1"))
    await traces.keep(a_trace("call_2"))
    await traces.media.documents().delete("call traces", "call_1")
    assert await traces.get("call_1") == a_trace("call_1")


async def test_a_damaged_trace_is_told_with_its_call(tmp_path: Path) -> None:
    path = tmp_path / "traces.sqlite"
    traces = SqliteCallTraces(path=path)
    for number in range(3):
        await traces.keep(a_trace(f"call_{number}"))
    await traces.aclose()
    tables = sqlite3.connect(path)
    tables.execute("UPDATE documents SET content=x'39', checksum=0 WHERE key='call_1'")
    tables.commit()
    tables.close()
    again = SqliteCallTraces(path=path)
    with pytest.raises(RecordCorrupt, match="not what was written") as corrupt:
        await again.get("call_1")
    assert corrupt.value.key == "call traces/call_1"
    assert await again.get("call_2") == a_trace("call_2")
    await again.aclose()
