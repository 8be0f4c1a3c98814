"""What every ``SessionProvider`` and every ``SnapshotProvider`` promise."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.errors import BackendError, ErrorCode, RecordConflict, RecordCorrupt, RecordMissing
from provider_runtime.domain.json_values import freeze_object
from provider_runtime.domain.records.sessions import (
    SessionAnswer,
    SessionCounts,
    SessionData,
    SessionEvent,
    SessionEventKind,
    SessionState,
    checkpoint,
)
from provider_runtime.domain.records.snapshots import MachineSnapshot, NamedSnapshot
from provider_runtime.domain.records.state import State
from provider_runtime.ports.stores.sessions import SessionProvider, SnapshotProvider
from provider_runtime.testing.contracts.stores.drawn import DRAWN
from provider_runtime.testing.strategies.records import machine_snapshots, session_data, session_events

NOON: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
SESSION: Final = SessionData(state=SessionState.RUNNING, started_at=NOON, step_count=3)
SNAPSHOT: Final = MachineSnapshot(state=State(control="(+ 1 2)"), step=7, taken_at=NOON, description="before the sum")
_STEP: Final = SessionEvent(kind=SessionEventKind.STEP)
_ODD_NAMES: Final = ("../../etc/passwd", "a/b", "CON", ".", "A", "a", "x" * 1000, "é", "e\u0301", "nul\0")
_NO_NAMES: Final = ("", "a" * 1001, "\ud800")


class SessionProviderContract:
    """Subclass it, and give it a fixture ``sessions``: an empty one."""

    @pytest.fixture
    def sessions(self) -> SessionProvider:
        raise NotImplementedError

    def test_it_is_a_session_provider(self, sessions: SessionProvider) -> None:
        assert isinstance(sessions, SessionProvider)

    async def test_an_empty_one_lists_nothing_and_has_nothing(self, sessions: SessionProvider) -> None:
        assert await sessions.list() == ()
        assert await sessions.load("work") is None
        assert not await sessions.exists("work")

    async def test_what_was_saved_is_there_until_it_is_deleted(self, sessions: SessionProvider) -> None:
        await sessions.save("work", SESSION)
        assert await sessions.exists("work")
        assert await sessions.load("work") == SESSION
        await sessions.delete("work")
        await sessions.delete("work")
        assert not await sessions.exists("work")
        assert await sessions.load("work") is None

    async def test_the_list_has_each_saved_session_once_with_what_its_log_counts(
        self, sessions: SessionProvider
    ) -> None:
        await sessions.save("b", SESSION)
        await sessions.save("a", SESSION)
        await sessions.save("b", evolve(SESSION, state=SessionState.PAUSED))
        for kind in (
            SessionEventKind.INPUT,
            SessionEventKind.LLM_REQUEST,
            SessionEventKind.STEP,
            SessionEventKind.STEP,
        ):
            await sessions.record("b", SessionEvent(kind=SessionEventKind(kind)))
        first, second = await sessions.list()
        assert (first.name, first.history_size) == ("a", 0)
        assert (second.name, second.state, second.history_size) == ("b", SessionState.PAUSED, 4)
        assert second.counts == SessionCounts(evals=1, llm_calls=1, steps=2)

    async def test_odd_names_are_sessions_of_their_own(self, sessions: SessionProvider) -> None:
        for number, name in enumerate(_ODD_NAMES):
            await sessions.save(name, evolve(SESSION, step_count=number))
            await sessions.record(name, SessionEvent(kind=SessionEventKind.INPUT, preview=str(number)))
        for number, name in enumerate(_ODD_NAMES):
            loaded = await sessions.load(name)
            assert loaded is not None
            assert loaded.step_count == number
            assert [logged.event.preview for logged in await sessions.history(name)] == [str(number)]

    @pytest.mark.parametrize("name", _NO_NAMES)
    async def test_a_name_that_cannot_be_kept_is_refused(self, sessions: SessionProvider, name: str) -> None:
        asked = (sessions.load(name), sessions.save(name, SESSION), sessions.delete(name), sessions.exists(name))
        for one in (*asked, sessions.record(name, _STEP)):
            with pytest.raises(BackendError) as refused:
                await one
            assert refused.value.code is ErrorCode.NAME_INVALID

    # ── the log ─────────────────────────────────────────────────────────────────────────────

    async def test_events_are_numbered_from_0_without_gaps_however_many_write_at_once(
        self, sessions: SessionProvider
    ) -> None:
        await sessions.save("work", SESSION)
        written = await asyncio.gather(*(sessions.record("work", _STEP) for _ in range(12)))
        assert sorted(logged.seq for logged in written) == list(range(12))
        history = await sessions.history("work")
        assert [logged.seq for logged in history] == list(range(12))
        assert history[-1].counts.steps == 12
        assert await sessions.history("work", since=4, limit=3) == history[4:7]

    async def test_a_log_belongs_to_a_saved_session(self, sessions: SessionProvider) -> None:
        for asked in (sessions.record("work", _STEP), sessions.history("work"), sessions.jump("work", 0)):
            with pytest.raises(RecordMissing) as missing:
                await asked
            assert (missing.value.kind, missing.value.key) == ("session", "work")

    async def test_saving_leaves_the_log_and_deleting_does_not(self, sessions: SessionProvider) -> None:
        await sessions.save("work", SESSION)
        await sessions.record("work", _STEP)
        await sessions.save("work", SESSION)
        assert len(await sessions.history("work")) == 1
        await sessions.delete("work")
        await sessions.save("work", SESSION)
        assert await sessions.history("work") == ()
        assert (await sessions.record("work", _STEP)).seq == 0

    async def test_previews_are_cut_at_200_characters(self, sessions: SessionProvider) -> None:
        await sessions.save("work", SESSION)
        logged = await sessions.record("work", SessionEvent(kind=SessionEventKind.INPUT, preview="é" * 500))
        assert logged.event.preview == "é" * 200

    async def test_a_jump_begins_at_the_nearest_checkpoint(self, sessions: SessionProvider) -> None:
        await sessions.save("work", SESSION)
        early, late = State(control="early"), State(control="late")
        events = (_STEP, checkpoint(early), _STEP, _STEP, checkpoint(late), _STEP)
        logged = [await sessions.record("work", event) for event in events]
        assert (await sessions.jump("work", 3)).state == early
        assert (await sessions.jump("work", 3)).replay == tuple(logged[2:4])
        assert (await sessions.jump("work", 4)).state == late
        assert (await sessions.jump("work", 4)).replay == ()
        assert (await sessions.jump("work", 5)).replay == (logged[5],)

    @pytest.mark.parametrize("seq", [0, 2, -1])
    async def test_a_jump_to_where_nothing_is_kept_is_refused(self, sessions: SessionProvider, seq: int) -> None:
        await sessions.save("work", SESSION)
        for event in (_STEP, checkpoint(State())):  # nothing before 1, nothing at 2
            await sessions.record("work", event)
        with pytest.raises(RecordMissing) as missing:
            await sessions.jump("work", seq)
        assert missing.value.key == f"work/{seq}"

    async def test_a_jump_in_a_long_log_leads_where_a_jump_in_a_short_one_does(self, sessions: SessionProvider) -> None:
        await sessions.save("work", SESSION)
        for number in range(60):
            event = checkpoint(State(control=number)) if number % 7 == 3 else _STEP
            await sessions.record("work", event)
        for seq in range(3, 60):
            moment = await sessions.jump("work", seq)
            assert moment.checkpoint.seq == seq - (seq - 3) % 7
            assert [logged.seq for logged in moment.replay] == list(range(moment.checkpoint.seq + 1, seq + 1))
        assert [logged.seq for logged in await sessions.history("work", since=41, limit=5)] == [41, 42, 43, 44, 45]
        assert await sessions.history("work", since=60) == ()
        assert await sessions.history("work", limit=0) == ()

    # ── answers ─────────────────────────────────────────────────────────────────────────────

    async def test_answers_are_kept_by_what_was_asked_and_each_time_it_was(self, sessions: SessionProvider) -> None:
        await sessions.save("work", SESSION)
        first = SessionAnswer(request_hash="a" * 64, response={"text": "é"}, at=NOON, duration_ms=12, tokens=7)
        second = SessionAnswer(request_hash="a" * 64, response={"text": "otherwise"}, request=["asked"])
        other = SessionAnswer(request_hash="b" * 64, response=None)
        assert [await sessions.keep_answer("work", one) for one in (first, second, other)] == [0, 1, 0]
        assert await sessions.answer_to("work", "a" * 64) == first
        assert await sessions.answer_to("work", "a" * 64, 1) == second
        assert await sessions.answer_to("work", "b" * 64) == other
        assert await sessions.answer_to("work", "a" * 64, 2) is None
        assert await sessions.answer_to("work", "c" * 64) is None

    async def test_answers_kept_at_once_are_all_kept(self, sessions: SessionProvider) -> None:
        await sessions.save("work", SESSION)
        given = [SessionAnswer(request_hash="a" * 64, response=number) for number in range(8)]
        places = await asyncio.gather(*(sessions.keep_answer("work", one) for one in given))
        assert sorted(places) == list(range(8))
        kept = [await sessions.answer_to("work", "a" * 64, place) for place in places]
        assert kept == given

    async def test_answers_belong_to_a_saved_session_and_go_with_it(self, sessions: SessionProvider) -> None:
        answer = SessionAnswer(request_hash="a" * 64, response=1)
        for asked in (sessions.keep_answer("work", answer), sessions.answer_to("work", "a" * 64)):
            with pytest.raises(RecordMissing):
                await asked
        for name in ("work", "other"):
            await sessions.save(name, SESSION)
            await sessions.keep_answer(name, answer)
        await sessions.delete("work")
        await sessions.save("work", SESSION)
        assert await sessions.answer_to("work", "a" * 64) is None
        assert await sessions.answer_to("other", "a" * 64) == answer

    @DRAWN
    @given(data=session_data())
    async def test_any_session_comes_back(self, sessions: SessionProvider, data: SessionData) -> None:
        await sessions.save("any", data)
        assert await sessions.load("any") == data

    @DRAWN
    @given(events=st.lists(session_events(), min_size=1, max_size=4))
    async def test_replaying_from_a_jump_leads_through_the_same_events(
        self, sessions: SessionProvider, events: list[SessionEvent]
    ) -> None:
        await sessions.delete("any")
        await sessions.save("any", SESSION)
        logged = [await sessions.record("any", event) for event in (checkpoint(State()), *events)]
        assert list(await sessions.history("any")) == logged
        for seq in range(len(logged)):
            moment = await sessions.jump("any", seq)
            assert [moment.checkpoint, *moment.replay] == logged[moment.checkpoint.seq : seq + 1]

    async def test_a_fork_begins_with_the_same_and_goes_its_own_way(self, sessions: SessionProvider) -> None:
        await sessions.save("work", SESSION)
        before = [await sessions.record("work", event) for event in (_STEP, checkpoint(State(control=1)), _STEP)]
        await sessions.fork("work", "trial")
        assert await sessions.load("trial") == SESSION
        assert await sessions.history("trial") == tuple(before)
        assert (await sessions.jump("trial", 2)).state == State(control=1)
        await sessions.record("trial", _STEP)
        await sessions.save("work", evolve(SESSION, step_count=9))
        assert len(await sessions.history("work")) == 3
        assert await sessions.load("trial") == SESSION
        await sessions.delete("work")
        assert len(await sessions.history("trial")) == 4

    async def test_nothing_is_forked_from_nothing_or_over_another(self, sessions: SessionProvider) -> None:
        with pytest.raises(RecordMissing):
            await sessions.fork("nothing", "trial")
        await sessions.save("work", SESSION)
        await sessions.save("other", evolve(SESSION, step_count=9))
        await sessions.record("other", _STEP)
        with pytest.raises(RecordConflict):
            await sessions.fork("work", "other")
        assert await sessions.load("other") == evolve(SESSION, step_count=9)
        assert len(await sessions.history("other")) == 1
        with pytest.raises(BackendError):
            await sessions.fork("work", "")

    async def test_a_list_says_with_what_configuration(self, sessions: SessionProvider) -> None:
        await sessions.save("work", evolve(SESSION, config=freeze_object({"depth": 3})))
        (info,) = await sessions.list()
        assert (info.name, info.config) == ("work", {"depth": 3})


class SnapshotProviderContract:
    """Subclass it, and give it a fixture ``snapshots``: an empty one."""

    @pytest.fixture
    def snapshots(self) -> SnapshotProvider:
        raise NotImplementedError

    def test_it_is_a_snapshot_provider(self, snapshots: SnapshotProvider) -> None:
        assert isinstance(snapshots, SnapshotProvider)

    async def test_what_was_saved_is_there_until_it_is_deleted(self, snapshots: SnapshotProvider) -> None:
        assert await snapshots.load("one") is None
        await snapshots.save("one", SNAPSHOT)
        assert await snapshots.load("one") == SNAPSHOT
        await snapshots.delete("one")
        await snapshots.delete("one")
        assert await snapshots.load("one") is None
        assert await snapshots.list() == ()

    async def test_the_last_one_saved_counts(self, snapshots: SnapshotProvider) -> None:
        await snapshots.save("one", SNAPSHOT)
        await snapshots.save("one", evolve(SNAPSHOT, step=8))
        loaded = await snapshots.load("one")
        assert loaded is not None
        assert loaded.step == 8
        assert [info.step for info in await snapshots.list()] == [8]

    async def test_the_list_is_in_the_order_they_were_taken(self, snapshots: SnapshotProvider) -> None:
        await snapshots.save("z", SNAPSHOT)
        await snapshots.save("b", evolve(SNAPSHOT, taken_at=NOON.replace(hour=13), tags=("late",)))
        await snapshots.save("a", evolve(SNAPSHOT, taken_at=NOON.replace(hour=13)))
        listed = await snapshots.list()
        assert [info.name for info in listed] == ["z", "a", "b"]
        assert (listed[0].description, listed[2].tags) == ("before the sum", ("late",))
        assert all(info.size > 0 for info in listed)

    async def test_exported_and_imported_it_is_the_same_and_nothing_is_kept_by_it(
        self, snapshots: SnapshotProvider, tmp_path: Path
    ) -> None:
        await snapshots.save("../one", SNAPSHOT)
        path = tmp_path / "one.json"
        await snapshots.export_to("../one", path)
        assert path.stat().st_mode & 0o777 == 0o600
        await snapshots.delete("../one")
        assert await snapshots.import_from(path) == NamedSnapshot(name="../one", snapshot=SNAPSHOT)
        assert await snapshots.list() == ()

    async def test_exporting_what_is_not_there_names_it_and_writes_nothing(
        self, snapshots: SnapshotProvider, tmp_path: Path
    ) -> None:
        with pytest.raises(RecordMissing) as missing:
            await snapshots.export_to("one", tmp_path / "one.json")
        assert (missing.value.kind, missing.value.key) == ("snapshot", "one")
        assert not (tmp_path / "one.json").exists()

    async def test_importing_what_is_not_there_says_so(self, snapshots: SnapshotProvider, tmp_path: Path) -> None:
        with pytest.raises(RecordMissing):
            await snapshots.import_from(tmp_path / "one.json")

    @pytest.mark.parametrize(
        "garbage",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(b"\xff\xfe", id="no text"),
            pytest.param(b"[" * 100_000, id="deep"),
            pytest.param(b'{"kind":"state","version":1,"content":{}}', id="another kind"),
            pytest.param(b'{"kind":"snapshot","version":2,"content":{}}', id="another version"),
            pytest.param(b'{"kind":"snapshot","version":1,"content":{"name":"a"}}', id="half of it"),
        ],
    )
    async def test_garbage_is_refused_and_nothing_is_kept(
        self, snapshots: SnapshotProvider, tmp_path: Path, garbage: bytes
    ) -> None:
        path = tmp_path / "one.json"
        path.write_bytes(garbage)
        with pytest.raises(RecordCorrupt) as corrupt:
            await snapshots.import_from(path)
        assert (corrupt.value.kind, corrupt.value.key) == ("snapshot", "one.json")
        assert await snapshots.list() == ()

    @pytest.mark.parametrize("name", _NO_NAMES)
    async def test_a_name_that_cannot_be_kept_is_refused(self, snapshots: SnapshotProvider, name: str) -> None:
        for asked in (snapshots.load(name), snapshots.save(name, SNAPSHOT), snapshots.delete(name)):
            with pytest.raises(BackendError) as refused:
                await asked
            assert refused.value.code is ErrorCode.NAME_INVALID

    async def test_what_the_caller_made_it_of_can_change_without_it(self, snapshots: SnapshotProvider) -> None:
        bindings = {"x": [1]}
        await snapshots.save("one", evolve(SNAPSHOT, state=State(env=freeze_object(bindings))))
        bindings["x"].append(2)
        loaded = await snapshots.load("one")
        assert loaded is not None
        assert loaded.state.env == freeze_object({"x": [1]})

    @DRAWN
    @given(snapshot=machine_snapshots())
    async def test_any_snapshot_comes_back(self, snapshots: SnapshotProvider, snapshot: MachineSnapshot) -> None:
        await snapshots.save("any", snapshot)
        assert await snapshots.load("any") == snapshot
