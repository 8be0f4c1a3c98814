"""``sessions`` and ``snapshots``: what programs kept in a data folder, or in a store of their own."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from provider_runtime.adapters.backends.families.sessions import MediaSessions
from provider_runtime.adapters.backends.families.snapshots import MediaSnapshots
from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import Media
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.domain.records.sessions import SessionData, SessionEvent, checkpoint
from provider_runtime.domain.records.snapshots import MachineSnapshot
from provider_runtime.domain.records.state import State

Command = Callable[..., Result]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def _fill(media: Media) -> None:
    sessions, snapshots = MediaSessions(media=media), MediaSnapshots(media=media)
    for name in ("draft", "other"):
        await sessions.save(name, SessionData(started_at=NOON))
    for number in range(30):
        event = SessionEvent(kind="step", preview=f"step {number}")  # type: ignore[arg-type]  # converted
        await sessions.record("draft", checkpoint(State(control=number)) if number % 10 == 4 else event)
    await snapshots.save("before", MachineSnapshot(state=State(control="x"), step=2, taken_at=NOON, tags=("kept",)))
    await media.aclose()


@pytest.fixture(params=["data folder", "folder", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """How the commands are told where it is."""
    if request.param == "data folder":
        asyncio.run(_fill(SqliteMedia(path=tmp_path / "data" / "stores.sqlite")))
        return []
    if request.param == "folder":
        asyncio.run(_fill(FilesystemMedia(root=tmp_path / "own")))
        return ["--store", str(tmp_path / "own")]
    asyncio.run(_fill(SqliteMedia(path=tmp_path / "own.sqlite")))
    return ["--store", str(tmp_path / "own.sqlite")]


def test_sessions_are_listed_shown_and_removed(command: Command, store: list[str]) -> None:
    table = command("sessions", "list", *store).stdout
    assert "draft" in table
    assert max(map(len, table.splitlines())) <= 80
    listed = json.loads(command("sessions", "list", *store, "--json").stdout)
    assert [(info["name"], info.get("history_size", 0)) for info in listed] == [("draft", 30), ("other", 0)]
    page = command("sessions", "show", "draft", *store).stdout
    assert "step 29" in page
    assert "step 9" not in page
    assert "30, with 3 checkpoints" in page
    assert "step 9" in command("sessions", "show", "draft", "--last", "99", *store).stdout
    assert command("sessions", "remove", "draft", *store).stdout == "Removed draft.\n"
    assert "draft" not in command("sessions", "list", *store).stdout
    for words in (("show", "draft"), ("remove", "draft")):
        result = command("sessions", *words, *store)
        assert (result.exit_code, "no session draft" in result.stderr) == (7, True)


def test_a_session_is_shown_as_it_was_at_any_event(command: Command, store: list[str]) -> None:
    page = command("sessions", "show", "draft", "--at", "17", *store).stdout
    assert "Checkpoint 14" in page
    assert '"control":14' in page
    assert "3 events to replay" in page
    moment = json.loads(command("sessions", "show", "draft", "--at", "17", *store, "--json").stdout)
    assert [logged["seq"] for logged in moment["replay"]] == [15, 16, 17]
    for seq in ("2", "99"):
        assert command("sessions", "show", "draft", "--at", seq, *store).exit_code == 7


def test_snapshots_are_listed_shown_handed_on_and_removed(command: Command, store: list[str], tmp_path: Path) -> None:
    assert "before" in command("snapshots", "list", *store).stdout
    assert "kept" in command("snapshots", "show", "before", *store).stdout
    shown = command("snapshots", "show", "before", *store, "--json").stdout
    file = str(tmp_path / "before.json")
    assert command("snapshots", "export", "before", file, *store).exit_code == 0
    twice = command("snapshots", "import", file, *store)
    assert (twice.exit_code, "--replace" in twice.stderr) == (7, True)
    assert command("snapshots", "import", file, "--replace", *store).exit_code == 0
    assert command("snapshots", "import", file, "--name", "after", *store).stdout == "Imported after.\n"
    assert command("snapshots", "show", "after", *store, "--json").stdout == shown
    assert command("snapshots", "remove", "before", *store).exit_code == 0
    assert [s["name"] for s in json.loads(command("snapshots", "list", *store, "--json").stdout)] == ["after"]
    for words in (("show", "before"), ("remove", "before"), ("export", "before", file)):
        assert command("snapshots", *words, *store).exit_code == 7


def test_a_file_that_is_no_snapshot_is_told_and_nothing_is_kept(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text('{"kind":"snapshot","version":1,"content":{"name":"a secret"}}')
    result = command("snapshots", "import", str(file))
    assert (result.exit_code, "x.json" in result.stderr, "a secret" in result.output) == (7, True, False)
    assert "No snapshots yet." in command("snapshots", "list").stderr


def test_a_store_that_is_no_store_is_told(command: Command, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("milk")
    result = command("sessions", "list", "--store", str(tmp_path / "notes.txt"))
    assert (result.exit_code, "milk" in result.output) == (2, False)
