"""The families of a runtime, or of a program without one: each where the settings want it, made when asked for."""

import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from provider_runtime import (
    ArtifactProvider,
    BackendError,
    CallOptions,
    ExpertRole,
    FileStores,
    InvalidSettings,
    MemoryStateProvider,
    MemoryStores,
    MissingProviderRuntimeError,
    ProviderRuntime,
    RuntimeClosed,
    RuntimeSettings,
    SqliteReceiptProvider,
    SqliteStateProvider,
    SqliteStores,
    State,
    Stores,
    StoreSettings,
    open_runtime,
    open_stores,
)
from provider_runtime.composition.stores.families import FAMILIES
from provider_runtime.domain.records.artifacts import ArtifactKey
from provider_runtime.domain.records.sessions import SessionData
from provider_runtime.domain.records.snapshots import MachineSnapshot
from provider_runtime.domain.records.traces import TraceEntry
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeAdapter, FrozenClock
from provider_runtime.testing.mocks import MockArtifactProvider, MockSessionProvider, MockStateProvider
from provider_runtime.testing.stages import a_record

NOON = FrozenClock().now()
KEY = ArtifactKey(expr_key="e", deps_fingerprint="1")
STEP = TraceEntry(step=1, control_tag="c", control_detail="", stack_depth=0, outcome="state")


class Sources:
    """One source."""

    async def read(self, ref: str) -> str | None:
        return "Sales rose." if ref == "report" else None


async def _evidence(stores: Stores) -> None:
    await stores.provenance.capture("report")


KEPT: dict[str, tuple[Callable[[Stores], Awaitable[Any]], Callable[[Stores], Awaitable[Any]]]] = {
    "states": (lambda s: s.states.save_state("a", State(control=1)), lambda s: s.states.load_state("a")),
    "sessions": (lambda s: s.sessions.save("a", SessionData()), lambda s: s.sessions.load("a")),
    "snapshots": (
        lambda s: s.snapshots.save("a", MachineSnapshot(state=State(), step=1, taken_at=NOON)),
        lambda s: s.snapshots.load("a"),
    ),
    "receipts": (lambda s: s.receipts.store(a_record()), lambda s: s.receipts.list()),
    "traces": (lambda s: s.traces.record(STEP), lambda s: s.traces.list()),
    "artifacts": (lambda s: s.artifacts.put(KEY, 1), lambda s: s.artifacts.get(KEY)),
    "provenance": (_evidence, lambda s: s.provenance.query()),
}
"""Each family that can be kept: how something gets in, and how it is looked for."""
LIVE = {"logic", "streams", "effects", "experts"}


def test_every_family_is_here() -> None:
    assert set(FAMILIES) == set(KEPT) | LIVE


@pytest.mark.parametrize("place", ["sqlite", "files"])
async def test_what_every_family_keeps_is_there_for_the_next_process(place: str, tmp_path: Path) -> None:
    where = SqliteStores(path=tmp_path / "w.sqlite") if place == "sqlite" else FileStores(path=tmp_path / "w")
    async with open_stores(StoreSettings(place=where), sources=Sources()) as stores:
        for keep, _ in KEPT.values():
            await keep(stores)
        assert [name for name in FAMILIES if not isinstance(getattr(stores, name), FAMILIES[name])] == []
    async with open_stores(StoreSettings(place=where), sources=Sources()) as later:
        found = {name: await look(later) for name, (_, look) in KEPT.items()}
    assert [name for name, value in found.items() if not value] == []


async def test_a_workspace_in_sqlite_is_one_file_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite"
    async with open_stores(StoreSettings(place=SqliteStores(path=path)), sources=Sources()) as stores:
        for keep, _ in KEPT.values():
            await keep(stores)
    assert [file.name for file in tmp_path.iterdir()].count("w.sqlite") == 1
    assert {file.suffix for file in tmp_path.iterdir()} == {".sqlite", ".lock"}
    assert path.stat().st_mode & 0o077 == 0
    alone = SqliteStateProvider(path=path)  # the class that the source document names finds the same
    assert await alone.load_state("a") == State(control=1)
    assert len(await SqliteReceiptProvider(path=path).list()) == 1


async def test_in_memory_nothing_stays_and_two_share_nothing() -> None:
    async with open_stores(sources=Sources()) as one, open_stores(sources=Sources()) as other:
        for keep, look in KEPT.values():
            await keep(one)
            assert await look(one)
            assert not await look(other)


async def test_a_family_may_have_a_place_of_its_own(tmp_path: Path) -> None:
    settings = StoreSettings(place=FileStores(path=tmp_path / "all"), states=SqliteStores(path=tmp_path / "s.sqlite"))
    async with open_stores(settings) as stores:
        await stores.states.save_state("a", State())
        assert not (tmp_path / "all").exists()
        await stores.sessions.save("a", SessionData())
    assert {"all", "s.sqlite"} <= {file.name for file in tmp_path.iterdir()}


async def test_the_usual_settings_keep_sessions_in_files_and_the_rest_in_memory(tmp_path: Path) -> None:
    settings = StoreSettings.usual(tmp_path / "sessions")
    assert (settings.place, settings.history) == (MemoryStores(), 1000)
    async with open_stores(settings, sources=Sources()) as stores:
        for keep, _ in KEPT.values():
            await keep(stores)
    async with open_stores(settings, sources=Sources()) as later:
        assert [name for name, (_, look) in KEPT.items() if await look(later)] == ["sessions"]


async def test_nothing_is_made_before_it_is_asked_for_nothing_opened_before_it_is_used(tmp_path: Path) -> None:
    settings = StoreSettings(place=SqliteStores(path=tmp_path / "w.sqlite"))
    async with open_stores(settings) as stores:
        sessions = stores.sessions
        assert stores.sessions is sessions
        assert list(tmp_path.iterdir()) == []
        assert not await sessions.exists("a")
        assert list(tmp_path.iterdir()) == []
        await sessions.save("a", SessionData())
        assert list(tmp_path.iterdir()) != []


@pytest.mark.parametrize("place", [MemoryStores(), None], ids=["memory", "sqlite"])
async def test_afterwards_they_are_closed_and_what_was_handed_in_is_not(
    place: MemoryStores | None, tmp_path: Path
) -> None:
    mine = MockStateProvider()
    where = place or SqliteStores(path=tmp_path / "w.sqlite")
    async with open_stores(StoreSettings(place=where), states=mine, sources=Sources()) as stores:
        assert stores.states is mine
        for keep, _ in KEPT.values():
            await keep(stores)
    for name, (keep, _) in KEPT.items():
        if name != "states":
            with pytest.raises(BackendError, match="closed"):
                await keep(stores)
    assert await mine.load_state("a") == State(control=1)
    await stores.aclose()


async def test_a_history_and_the_bounds_of_artifacts_are_as_the_settings_say() -> None:
    async with open_stores(StoreSettings(history=2, artifact_capacity=1)) as stores:
        for _ in range(3):
            await stores.traces.record(STEP)
        assert len(await stores.traces.list()) == 2
        assert (await stores.artifacts.stats()).capacity == 1


async def test_without_a_reader_of_sources_evidence_says_what_is_missing() -> None:
    async with open_stores() as stores:
        with pytest.raises(MissingProviderRuntimeError) as missing:
            await stores.provenance.capture("report")
    assert missing.value.missing_fields == ("sources",)


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"session": MockSessionProvider()}, "session"),
        ({"sessions": MockStateProvider()}, "sessions"),
        ({"clock": 1}, "clock"),
    ],
    ids=str,
)
async def test_a_part_of_another_name_or_kind_is_refused(parts: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        async with open_stores(**parts):
            pass
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"place": "w.sqlite"}, "place"),
        ({"sessions": 7}, "sessions"),
        ({"history": 0}, "history"),
        ({"history": None}, "history"),
        ({"artifact_capacity": 0}, "artifact_capacity"),
        ({"artifact_bytes": True}, "artifact_bytes"),
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused_by_name(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        StoreSettings(**wrong)
    assert refused.value.field == field


# ── of a runtime ────────────────────────────────────────────────────────────────────────────


async def test_a_runtime_has_its_families_and_closes_them(tmp_path: Path) -> None:
    stores = StoreSettings(place=SqliteStores(path=tmp_path / "w.sqlite"))
    expert = ExpertRole(role="coder", name="Ours")
    async with open_runtime(RuntimeSettings(stores=stores, experts=[expert])) as runtime:
        await runtime.stores.sessions.save("a", SessionData())
        assert runtime.stores.receipts is runtime.receipts
        assert runtime.stores.experts.get_role("coder") == expert
        assert len(runtime.stores.experts.list_roles()) == 7
        sessions = runtime.stores.sessions
    with pytest.raises(BackendError, match="closed"):
        await sessions.exists("a")
    with pytest.raises(RuntimeClosed):
        _ = runtime.stores


async def test_a_runtime_that_was_told_of_no_place_has_none() -> None:
    async with open_runtime(RuntimeSettings()) as runtime:
        with pytest.raises(MissingProviderRuntimeError) as missing:
            _ = runtime.stores
    assert missing.value.missing_fields == ("stores",)


async def test_families_handed_to_a_runtime_stand_among_its_stores_and_stay_open() -> None:
    states, artifacts = MemoryStateProvider(), MockArtifactProvider()
    settings = RuntimeSettings(stores=StoreSettings())
    async with open_runtime(settings, states=states, artifacts=artifacts) as runtime:
        assert runtime.stores.states is states
        assert runtime.stores.artifacts is artifacts
    assert await states.load_state("a") is None
    assert (await artifacts.stats()).count == 0


async def test_an_answer_for_a_memo_is_the_only_thing_that_a_call_keeps_there() -> None:
    builder = ProviderRuntime.builder().with_adapter(FakeAdapter("ada")).with_stores(StoreSettings())
    async with builder.build() as runtime:
        request = a_request(model="ada:m")
        await runtime.run(request)
        assert (await runtime.stores.artifacts.stats()).count == 0
        await runtime.run(request, CallOptions(memo=True))
        assert (await runtime.stores.artifacts.stats()).count == 1
        assert await runtime.stores.sessions.list() == ()
        assert await runtime.stores.traces.list() == ()


async def test_a_recording_takes_the_place_of_the_artifacts_and_has_no_bounds(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    settings = RuntimeSettings(stores=StoreSettings(artifact_capacity=1), record=SqliteStores(path=path))
    async with open_runtime(settings) as runtime:
        artifacts: ArtifactProvider = runtime.stores.artifacts
        for number in range(3):
            await artifacts.put(ArtifactKey(expr_key=str(number), deps_fingerprint="1"), number)
        stats = await artifacts.stats()
    assert (stats.count, stats.capacity) == (3, None)
    assert path.exists()


def test_a_runtime_without_stores_loads_none_of_them() -> None:
    probe = (
        "import asyncio, sys\n"
        "from provider_runtime import RuntimeSettings, open_runtime\n"
        "async def main():\n    async with open_runtime(RuntimeSettings()):\n        pass\n"
        "asyncio.run(main())\n"
        "heavy = ('provider_runtime.adapters.backends.families', 'provider_runtime.adapters.answers', 'cattrs')\n"
        "print([name for name in sys.modules if name in heavy])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
