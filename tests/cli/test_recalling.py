"""``run`` with a memo, a recording or its replay."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from provider_runtime.testing.sandbox import Sandbox

Command = Callable[..., Result]


def at(sandbox: Sandbox) -> list[str]:
    return ["--model", "local:any", "--base-url", sandbox.compatible_url]


@pytest.mark.parametrize("place", ["answers", "answers.sqlite"])
def test_what_was_asked_before_is_answered_from_memory_and_said_so(
    command: Command, sandbox: Sandbox, tmp_path: Path, place: str
) -> None:
    words = ("run", "Why?", *at(sandbox), "--memo", str(tmp_path / place))
    first, again, as_json = command(*words), command(*words), command(*words, "--json")
    assert first.stdout == again.stdout
    assert "from memory, given 20" in again.stderr
    assert "from memory" not in first.stderr
    assert set(json.loads(as_json.stdout)["memo"]) == {"kept_at", "call_id", "usage"}
    assert len(sandbox.requests) == 1
    assert (tmp_path / place).is_dir() is not place.endswith(".sqlite")


def test_a_recording_is_replayed_without_a_server_and_without_a_key(
    command: Command, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "k")
    words = ("run", "Why?", "--model", "openai:gpt-5-mini", "--base-url", sandbox.url, "--api-key-env", "MY_KEY")
    recorded = command(*words, "--record", str(tmp_path / "run"))
    monkeypatch.delenv("MY_KEY")
    replayed = command(*words, "--replay", str(tmp_path / "run"))
    assert (recorded.exit_code, replayed.exit_code) == (0, 0)
    assert replayed.stdout == recorded.stdout
    assert len(sandbox.requests) == 1


def test_what_the_run_did_not_ask_is_a_failure_of_the_store_that_says_so(
    command: Command, sandbox: Sandbox, tmp_path: Path
) -> None:
    command("run", "Why?", *at(sandbox), "--record", str(tmp_path / "run"))
    result = command("run", "Why not?", *at(sandbox), "--replay", str(tmp_path / "run"))
    assert result.exit_code == 7
    assert "the recorded run did not make this call" in result.stderr
    assert "replay_miss" in result.stderr
    assert len(sandbox.requests) == 1


def test_a_recording_that_is_not_there_is_said_to_be_missing(
    command: Command, sandbox: Sandbox, tmp_path: Path
) -> None:
    result = command("run", "Why?", *at(sandbox), "--replay", str(tmp_path / "nowhere"))
    assert result.exit_code == 3
    assert "there is no recording at nowhere" in result.stderr


def test_a_call_remembers_records_or_replays_and_not_several_of_them(command: Command, sandbox: Sandbox) -> None:
    result = command("run", "Why?", *at(sandbox), "--memo", "a", "--replay", "b")
    assert result.exit_code == 2
    assert "give one of --memo, --replay" in result.stderr
