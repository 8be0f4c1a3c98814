"""What the families keep: where it stands, what is told of damage, who is told of each step."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from provider_runtime.adapters.backends.families.places import OverMedia
from provider_runtime.adapters.backends.families.provenance import MemoryProvenanceProvider
from provider_runtime.adapters.backends.families.sessions import (
    FilesystemSessionProvider,
    MediaSessions,
    MemorySessionProvider,
)
from provider_runtime.adapters.backends.families.snapshots import MediaSnapshots, MemorySnapshotProvider
from provider_runtime.adapters.backends.families.states import FilesystemStateProvider, MediaStates, MemoryStateProvider
from provider_runtime.adapters.backends.families.traces import (
    FilesystemTraceProvider,
    MemoryTraceProvider,
    StreamingTraceProvider,
)
from provider_runtime.adapters.backends.memory import MemoryMedia
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.json_values import freeze_object
from provider_runtime.domain.records.heap import Machine, machine_of_state, state_of_machine
from provider_runtime.domain.records.sessions import SessionEvent, SessionEventKind
from provider_runtime.domain.records.state import State
from provider_runtime.domain.records.traces import TraceEntry
from provider_runtime.testing.contracts.stores.provenance import TextSources
from provider_runtime.testing.contracts.stores.sessions import SESSION, SNAPSHOT
from provider_runtime.testing.contracts.stores.traces import step

SECRET = "what was said"
DAMAGE = (
    b"",
    b"\x00\xff",
    SECRET.encode(),
    b"[]",
    b'{"kind":"state"}',
    b'{"kind":"other","version":1,"content":{}}',
    b'{"kind":"KIND","version":"1","content":{}}',
    b'{"kind":"KIND","version":1,"content":"what was said"}',
    b'{"kind":"KIND","version":1,"content":{"what was said":1}}',
    b'{"kind":"KIND","version":1,"content":' + b"[" * 5000,
)


def _provenance(media: MemoryMedia) -> MemoryProvenanceProvider:
    return MemoryProvenanceProvider(media=media, sources=TextSources())


# ── damage ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(
    ("family", "kind", "collection", "load"),
    [
        (MemoryStateProvider, "state", "states", lambda store: store.load_state("a")),
        (MemorySessionProvider, "session", "sessions", lambda store: store.load("a")),
        (MemorySessionProvider, "session", "sessions", lambda store: store.list()),
        (MemorySnapshotProvider, "snapshot", "snapshots", lambda store: store.load("a")),
        (MemorySnapshotProvider, "snapshot", "snapshots", lambda store: store.list()),
        (_provenance, "evidence", "evidence", lambda store: store.get_evidence("a")),
        (_provenance, "evidence", "evidence", lambda store: store.graph()),
        (_provenance, "derivation", "derivations", lambda store: store.trace("a")),
    ],
)
async def test_a_record_that_does_not_read_back_is_named_and_not_quoted(
    family: Callable[..., OverMedia],
    kind: str,
    collection: str,
    load: Callable[[Any], Awaitable[object]],
    damage: bytes,
) -> None:
    store = family(media=MemoryMedia())
    await store.media.documents().put(collection, "a", damage.replace(b"KIND", kind.encode()))
    with pytest.raises(RecordCorrupt) as corrupt:
        await load(store)
    assert (corrupt.value.kind, corrupt.value.key) == (kind, "a")
    assert SECRET not in str(corrupt.value)
    assert corrupt.value.remedy
    assert corrupt.value.__cause__ is None


async def test_a_session_that_does_not_read_back_can_be_deleted_and_made_anew() -> None:
    sessions = MemorySessionProvider()
    await sessions.media.documents().put("sessions", "a", b"damage")
    with pytest.raises(RecordCorrupt):
        await sessions.save("a", SESSION)
    await sessions.delete("a")
    await sessions.save("a", SESSION)
    assert await sessions.load("a") == SESSION


async def test_an_event_that_does_not_read_back_or_is_out_of_its_place_is_named() -> None:
    sessions = MemorySessionProvider()
    await sessions.save("a", SESSION)
    for _ in range(3):
        await sessions.record("a", SessionEvent(kind=SessionEventKind.STEP))
    journal = await sessions._log("a")
    entries = (await journal.read()).entries
    for place, damaged in ((1, b"{}"), (1, entries[2]), (0, entries[1])):
        await journal.clear()
        for number, entry in enumerate(entries):
            await journal.append(lambda _last, kept=damaged if number == place else entry: kept)
        with pytest.raises(RecordCorrupt) as corrupt:
            await sessions.history("a")
        assert (corrupt.value.kind, corrupt.value.key) == ("session event", f"a/{place}")


async def test_an_event_that_was_cut_while_it_was_written_never_was(tmp_path: Path) -> None:
    sessions = FilesystemSessionProvider(root=tmp_path)
    await sessions.save("a", SESSION)
    for _ in range(3):
        await sessions.record("a", SessionEvent(kind=SessionEventKind.STEP))
    await sessions.aclose()
    (log,) = (tmp_path / "journals").glob("*.journal")
    log.write_bytes(log.read_bytes()[:-7])
    again = FilesystemSessionProvider(root=tmp_path)
    assert [logged.seq for logged in await again.history("a")] == [0, 1]
    assert (await again.record("a", SessionEvent(kind=SessionEventKind.STEP))).seq == 2
    assert [info.history_size for info in await again.list()] == [3]
    await again.aclose()


async def test_a_file_of_a_trace_is_lines_of_json(tmp_path: Path) -> None:
    traces = FilesystemTraceProvider(path=tmp_path / "trace.jsonl")
    for number in range(3):
        await traces.record(step(number))
    await traces.aclose()
    lines = (tmp_path / "trace.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["content"]["step"] for line in lines] == [0, 1, 2]
    assert (tmp_path / "trace.jsonl").stat().st_mode & 0o777 == 0o600


# ── states ──────────────────────────────────────────────────────────────────────────────────


async def test_a_machine_kept_in_a_file_is_the_same_graph_in_the_next_process(tmp_path: Path) -> None:
    env: dict[str, Any] = {"shared": [1]}
    env["self"], env["again"] = env, env["shared"]
    store = FilesystemStateProvider(root=tmp_path)
    await store.save_state("job", state_of_machine(Machine(env=env)))
    await store.aclose()
    later = FilesystemStateProvider(root=tmp_path)
    kept = await later.load_state("job")
    await later.aclose()
    assert kept is not None
    again = machine_of_state(kept).env
    assert again["self"] is again
    assert again["again"] is again["shared"]


def test_a_clone_shares_no_object_with_what_it_was_made_of() -> None:
    states = MemoryStateProvider()
    state = State(control=(1, freeze_object({"x": (2,)})), env=freeze_object({"y": (3,)}))
    clone = states.clone_state(state)
    assert clone == state
    assert clone.control is not state.control
    assert clone.env is not state.env


def test_a_state_is_exported_and_imported_as_one_document() -> None:
    states = MemoryStateProvider()
    document = states.export_state(State(control="x"))
    assert states.import_state(document) == State(control="x")
    assert document == states.export_state(State(control="x"))
    for damage in DAMAGE:
        with pytest.raises(RecordCorrupt) as corrupt:
            states.import_state(damage.replace(b"KIND", b"state"))
        assert SECRET not in str(corrupt.value)


# ── one medium for several families ─────────────────────────────────────────────────────────


async def test_families_share_one_file_and_do_not_meet(tmp_path: Path) -> None:
    media = SqliteMedia(path=tmp_path / "workspace.sqlite")
    states, sessions, snapshots = MediaStates(media=media), MediaSessions(media=media), MediaSnapshots(media=media)
    await states.save_state("a", State(control=1))
    await sessions.save("a", SESSION)
    await snapshots.save("a", SNAPSHOT)
    assert await states.load_state("a") == State(control=1)
    assert await sessions.load("a") == SESSION
    assert await snapshots.load("a") == SNAPSHOT
    await media.aclose()


async def test_two_stores_of_one_folder_write_one_log(tmp_path: Path) -> None:
    one, other = FilesystemSessionProvider(root=tmp_path), FilesystemSessionProvider(root=tmp_path)
    await one.save("a", SESSION)
    for store in (one, other, other, one):
        await store.record("a", SessionEvent(kind=SessionEventKind.STEP))
    assert [logged.seq for logged in await other.history("a")] == [0, 1, 2, 3]
    await one.aclose()
    await other.aclose()


async def test_each_thing_behind_an_item_is_looked_at_once_however_many_ways_lead_there() -> None:
    provenance = MemoryProvenanceProvider(sources=TextSources(report="Sales rose."))
    below: tuple[str, ...] = (await provenance.capture("report"),)
    for level in range(25):  # 2 to the power of 25 ways
        above = (f"{level} left", f"{level} right")
        for item in above:
            await provenance.record_derivation(item, below, activity="x")
        below = above
    assert len(await provenance.trace("24 left")) == 24 * 2 + 1


# ── streaming ───────────────────────────────────────────────────────────────────────────────


async def test_a_sink_is_told_of_each_step_in_order_and_its_failures_break_nothing() -> None:
    told: list[int] = []

    async def sink(entry: TraceEntry) -> None:
        told.append(entry.step)
        if entry.step == 1:
            raise OSError

    traces = StreamingTraceProvider(sink=sink, max_history_size=2)
    for number in range(4):
        await traces.record(step(number))
    assert told == [0, 1, 2, 3]
    assert traces.failures == 1
    assert [entry.step for entry in await traces.list()] == [2, 3]


async def test_memory_stays_flat_however_many_steps_there_are() -> None:
    traces = MemoryTraceProvider(max_history_size=3)
    for number in range(50):
        await traces.record(step(number))
    assert await traces.journal.count() == 3
