"""What ``run`` keeps of a call, and ``receipts`` and ``traces`` of what was kept."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from provider_runtime.cli.records.recording import recording
from provider_runtime.cli.registry.folder import DataFolder
from provider_runtime.testing.sandbox import Fault, Sandbox
from provider_runtime.testing.settings import cloud_settings

Command = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def local(sandbox: Sandbox) -> list[str]:
    return ["--model", "mine:llama-3", "--base-url", sandbox.compatible_url]


def call_id(command: Command) -> str:
    found: str = json.loads(command("receipts", "show", "--json").stdout)["record"]["call_id"]
    return found


# ── what run keeps ──────────────────────────────────────────────────────────────────────────


def test_a_call_leaves_its_receipt_and_its_trace_for_the_owner_alone(
    command: Command, local: list[str], data: Path
) -> None:
    before = os.umask(0)
    try:
        assert command("run", "Hello.", *local).exit_code == 0
    finally:
        os.umask(before)
    assert {path.name for path in data.iterdir()} >= {"receipts.sqlite", "traces.sqlite", "receipt.key"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in data.iterdir()} == {0o600}
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for path in data.iterdir():
        assert b"Hello." not in path.read_bytes()


def test_a_call_that_shall_not_be_recorded_leaves_nothing(command: Command, local: list[str], data: Path) -> None:
    assert command("run", "Hello.", *local, "--no-keep").exit_code == 0
    assert not data.exists()


def test_digests_of_one_folder_are_made_with_one_key(command: Command, local: list[str]) -> None:
    for _ in range(2):
        command("run", "Hello.", *local)
    kept = json.loads(command("receipts", "list", "--json").stdout)
    assert len({receipt["record"]["request_digest"] for receipt in kept}) == 1


def test_a_key_that_was_emptied_is_told_and_not_written_over(command: Command, local: list[str], data: Path) -> None:
    command("run", "Hello.", *local)
    (data / "receipt.key").write_text("")
    result = command("run", "Hello.", *local)
    assert result.exit_code == 7
    assert "receipt.key" in result.stderr
    assert (data / "receipt.key").read_text() == ""


def test_a_failed_and_a_refused_call_are_recorded_too(command: Command, sandbox: Sandbox, local: list[str]) -> None:
    sandbox.fail_next(9, Fault.status(400))
    assert command("run", "Hello.", *local).exit_code == 6
    assert command("run", "Hello.", "--model", "openai:gpt-5-mini", "--policy", "locked").exit_code == 5
    outcomes = [r["record"]["outcome"]["type"] for r in json.loads(command("receipts", "list", "--json").stdout)]
    assert outcomes == ["failed", "refused"]
    assert [len(trace["events"]) > 1 for trace in json.loads(command("traces", "list", "--json").stdout)] == [True] * 2


def test_receipts_in_a_file_of_their_own_leave_the_trace_in_the_folder(
    command: Command, local: list[str], tmp_path: Path, data: Path
) -> None:
    command("run", "Hello.", *local, "--receipts", str(tmp_path / "own.jsonl"))
    assert "answered" in command("receipts", "list", str(tmp_path / "own.jsonl")).stdout
    assert not (data / "receipts.sqlite").exists()
    assert "mine" in command("traces", "list").stdout


async def test_where_no_folder_is_known_nothing_is_recorded_and_nothing_changed() -> None:
    settings = cloud_settings()
    async with recording(DataFolder(None), settings) as kept:
        assert (kept.settings, dict(kept.parts)) == (settings, {})


# ── receipts ────────────────────────────────────────────────────────────────────────────────


def test_nothing_yet_is_said_so_and_makes_nothing(command: Command, data: Path) -> None:
    for words, said in (
        (("receipts", "list"), "No receipts yet."),
        (("traces", "list"), "No traces yet."),
        (("sessions", "list"), "No sessions yet."),
        (("snapshots", "list"), "No snapshots yet."),
    ):
        result = command(*words)
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"{said}\n")
    assert command("receipts", "verify").exit_code == 0
    assert not data.exists()


@pytest.mark.parametrize("words", [("receipts", "show"), ("traces", "show"), ("receipts", "show", "call_9")])
def test_what_is_not_there_ends_with_7_and_says_where_to_look(command: Command, words: tuple[str, ...]) -> None:
    result = command(*words)
    assert (result.exit_code, "list" in result.stderr) == (7, True)


@pytest.fixture
def several(command: Command, sandbox: Sandbox, local: list[str]) -> None:
    """An answer, a failure of another provider, and a refusal."""
    command("run", "Hello.", *local)
    sandbox.fail_next(9, Fault.status(400))
    command("run", "Hello.", "--model", "other:some-model", "--base-url", sandbox.compatible_url)
    sandbox.clear()
    command("run", "Hello.", "--model", "openai:gpt-5-mini", "--policy", "locked")


def numbers(command: Command, *options: str) -> list[int]:
    return [receipt["seq"] for receipt in json.loads(command("receipts", "list", *options, "--json").stdout)]


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), [0, 1, 2]),
        (("--provider", "mine"), [0]),
        (("-p", "nobody"), []),
        (("--model", "LLAMA"), [0]),
        (("-m", "m"), [0, 1, 2]),
        (("--outcome", "failed"), [1]),
        (("--outcome", "refused", "--provider", "openai"), [2]),
        (("--since", "1h"), [0, 1, 2]),
        (("--since", "2126-01-31"), []),
        (("--since", "2026-01-31T12:00:00+02:00", "--last", "2"), [1, 2]),
        (("--outcome", "answered", "--last", "1"), [0]),
    ],
)
def test_receipts_are_filtered(command: Command, options: tuple[str, ...], expected: list[int]) -> None:
    assert numbers(command, *options) == expected


@pytest.mark.usefixtures("several")
def test_a_receipt_is_shown_by_its_number_its_id_and_its_call(command: Command) -> None:
    receipt = json.loads(command("receipts", "show", "1", "--json").stdout)
    name = receipt["record"]["call_id"]
    for which in (receipt["receipt_id"], name, name[:14], "1"):
        assert json.loads(command("receipts", "show", which, "--json").stdout) == receipt
    page = command("receipts", "show", name).stdout
    for fact in ("number 1", name, "failed", "other", "attempt 1", "400", "capability pass"):
        assert fact in page
    assert max(map(len, page.splitlines())) <= 80
    assert numbers(command, "--call", name[:20]) == [1]
    assert command("receipts", "show", "17").exit_code == 7
    assert command("receipts", "show", "rct_nonsense").exit_code == 7


@pytest.mark.usefixtures("several")
def test_tables_fit_80_columns_and_name_what_show_takes(command: Command) -> None:
    for words in (("receipts", "list"), ("traces", "list")):
        table = command(*words).stdout
        assert max(map(len, table.splitlines())) <= 80
        shown = [word for word in table.split() if word.startswith("call_")]
        assert len(shown) == 3
        assert command(words[0], "show", shown[1]).exit_code == 0


def test_no_match_says_so(command: Command, local: list[str]) -> None:
    command("run", "Hello.", *local)
    assert "No receipt matches." in command("receipts", "list", "--provider", "nobody").stderr


def test_a_time_that_is_none_is_told(command: Command) -> None:
    for text in ("yesterday", "5x", "2026-13-01", ""):
        result = command("receipts", "list", "--since", text)
        assert (result.exit_code, "how long ago" in result.stderr) == (2, True)


# ── traces ──────────────────────────────────────────────────────────────────────────────────


def test_a_timeline_tells_of_every_attempt_in_order(command: Command, sandbox: Sandbox, local: list[str]) -> None:
    sandbox.fail_next(1, Fault.status(503))
    command("run", "Why is the sky blue?", *local)
    name = call_id(command)
    page = command("traces", "show", name).stdout
    told = ["asked", "cleared", "attempt 1", "attempt 1 failed", "attempt 2", "answered"]
    places = [page.index(f"  {what}  ") for what in told]
    assert places == sorted(places)
    for fact in (name, "503", "after waiting", "mine:llama-3", " in, ", "stop"):
        assert fact in page
    assert "sky" not in page
    assert command("traces", "show").stdout == page
    assert command("traces", "show", name[:12]).stdout == page
    events = json.loads(command("traces", "show", "--json").stdout)["events"]
    assert [event["kind"]["type"] for event in events][-1] == "call_answered"


def test_a_beginning_that_several_calls_share_is_told(command: Command, local: list[str]) -> None:
    for _ in range(2):
        command("run", "Hello.", *local)
    result = command("traces", "show", "call_")
    assert (result.exit_code, "several calls" in result.stderr) == (2, True)


def test_traces_come_out_of_a_file_of_events(command: Command, tmp_path: Path) -> None:
    from provider_runtime import JsonLinesEventSink
    from provider_runtime.testing.contracts.oversight.call_traces import a_trace

    file = tmp_path / "events.jsonl"
    with JsonLinesEventSink(file) as sink:
        for name in ("call_a", "call_b"):
            for event in a_trace(name).events:
                sink.emit(event)
    with file.open("ab") as opened:
        opened.write(b'{"kind":"call_sta')  # cut off while it was written
    listed = json.loads(command("traces", "list", "--events", str(file), "--json").stdout)
    assert [trace["events"][0]["call_id"] for trace in listed] == ["call_a", "call_b"]
    assert "call_a" in command("traces", "show", "call_a", "--events", str(file)).stdout
    file.write_bytes(b"{}\n" + file.read_bytes())
    result = command("traces", "list", "--events", str(file))
    assert (result.exit_code, "line 1 of events.jsonl" in result.stderr) == (7, True)
