"""``profiles``: kept in editions, chosen for good, and obeyed by the next call."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from provider_runtime.composition.workspace.config import FILE_NAME
from provider_runtime.testing.sandbox import Sandbox

Command = Callable[..., Result]


@pytest.fixture
def team(command: Command, sandbox: Sandbox) -> Command:
    """Two providers here, and a profile that has one of them work."""
    for name in ("here", "spare"):
        words = ("--tier", "local", "--base-url", sandbox.compatible_url)
        assert command("providers", "add", name, *words).exit_code == 0
    assert command("profiles", "add", "team", "--assign", "worker=here:small").exit_code == 0
    return command


def shown(command: Command, *words: str) -> dict[str, object]:
    result = command("profiles", "show", *words, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, object] = json.loads(result.stdout)
    return found


def test_a_profile_that_is_used_is_obeyed_by_the_next_call(team: Command, sandbox: Sandbox) -> None:
    assert team("run", "Hello.", "--role", "worker").exit_code == 3
    assert "holds from now on" in team("profiles", "use", "team").stdout
    assert team("run", "Hello.", "--role", "worker").exit_code == 0
    assert sandbox.requests[0].json["model"] == "small"
    assert team("run", "Hello.", "--role", "worker", "--model", "spare:large").exit_code == 0
    assert sandbox.requests[1].json["model"] == "large"
    assert team("profiles", "use", "--none").exit_code == 0
    assert team("run", "Hello.", "--role", "worker").exit_code == 3


def test_an_edit_is_another_edition_and_the_old_one_can_still_be_shown(team: Command, sandbox: Sandbox) -> None:
    team("profiles", "use", "team")
    before = shown(team)
    assert "Changed" in team("profiles", "edit", "team", "--assign", "worker=here:large", "--description", "x").stdout
    after = shown(team)
    assert before["profile_id"] != after["profile_id"]
    assert after["in_force"] is True
    assert shown(team, str(before["profile_id"]))["profile"] == before["profile"]
    assert str(before["profile_id"]) in team("profiles", "show", "team").stdout
    team("run", "Hello.", "--role", "worker")
    assert sandbox.requests[0].json["model"] == "large"
    assert "As it was" in team("profiles", "edit", "team").stdout


def test_an_edition_can_be_pinned(team: Command, sandbox: Sandbox) -> None:
    pinned = str(shown(team, "team")["profile_id"])
    assert team("profiles", "use", pinned).exit_code == 0
    team("profiles", "edit", "team", "--assign", "worker=here:large")
    team("run", "Hello.", "--role", "worker")
    team("run", "Hello.", "--role", "worker", "--profile", "team")
    assert [request.json["model"] for request in sandbox.requests] == ["small", "large"]


def test_what_a_profile_says_is_said_option_by_option(team: Command) -> None:
    words = (
        *("--fallback", "worker=spare:small", "--allow", "worker=here:a", "--allow", "worker=here:b"),
        *("--local-only", "worker", "--assign", "critic=spare:c", "--cloud", "--max-escalations", "2"),
        *("--automation", "hybrid", "--description", "for the night"),
    )
    assert team("profiles", "edit", "team", *words).exit_code == 0
    profile = shown(team, "team")["profile"]
    assert isinstance(profile, dict)
    worker = profile["assignments"]["worker"]
    assert (worker["fallback"]["model_id"], worker["local_only"], len(worker["allowed_models"])) == ("small", True, 2)
    assert profile["governance"]["automation"] == {"type": "hybrid"}
    assert (profile["governance"]["allow_cloud_escalation"], profile["description"]) == (True, "for the night")
    assert (
        team("profiles", "edit", "team", "--not-local", "worker", "--unassign", "critic", "--no-cloud").exit_code == 0
    )
    profile = shown(team, "team")["profile"]
    assert isinstance(profile, dict)
    assert "local_only" not in profile["assignments"]["worker"]
    assert list(profile["assignments"]) == ["worker"]


def test_a_removed_profile_holds_no_more(team: Command) -> None:
    team("profiles", "use", "team")
    pinned = str(shown(team)["profile_id"])
    assert team("profiles", "remove", "team").stdout == "Removed team.\n"
    assert team("profiles", "show").exit_code == 7
    assert team("profiles", "remove", "team").exit_code == 7
    assert shown(team, pinned)["in_force"] is False


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("add", "team", "--assign", "worker=here:x"), 7, "record_conflict"),
        (("add", "new", "--assign", "worker=nobody:x"), 3, "assignment_invalid"),
        (("add", "new"), 2, "--assign"),
        (("add", "new", "--assign", "worker"), 2, "ROLE=PROVIDER:MODEL"),
        (("add", "no good", "--assign", "worker=here:x"), 2, "ProfileName"),
        (("edit", "nobody", "--cloud"), 7, "record_missing"),
        (("edit", "team", "--fallback", "critic=here:x"), 2, "critic"),
        (("edit", "team", "--unassign", "critic"), 2, "critic"),
        (("use", "nobody"), 7, "record_missing"),
        (("use",), 2, "--none"),
        (("show", "nobody"), 7, "record_missing"),
        (("show", "no@id"), 2, "ProfileId"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    team: Command, words: tuple[str, ...], exit_code: int, said: str
) -> None:
    before = team("profiles", "list", "--json").stdout
    result = team("profiles", *words)
    assert (result.exit_code, said in result.stderr) == (exit_code, True), result.stderr
    assert team("profiles", "list", "--json").stdout == before


def test_profiles_of_a_file_are_listed_chosen_there_and_not_changed_by_commands(
    team: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / FILE_NAME
    file.write_text('profile = "ours"\n[profiles.ours.assignments]\nworker = {primary = "spare:s"}\n')
    listed = json.loads(team("profiles", "list", "--json").stdout)
    assert [(one["profile"]["name"], one["place"], one["in_force"]) for one in listed] == [
        ("ours", FILE_NAME, True),
        ("team", "in the data folder", False),
    ]
    for words in (
        ("edit", "ours", "--cloud"),
        ("remove", "ours"),
        ("use", "ours"),
        ("add", "ours", "--assign", "w=spare:s"),
    ):
        result = team("profiles", *words)
        assert (result.exit_code, FILE_NAME in result.stderr) == (3, True)
    assert "goes first" in team("profiles", "use", "team").stderr
    assert shown(team)["place"] == FILE_NAME
    file.write_text("")
    assert shown(team)["place"] == "in the data folder"


def test_choosing_and_editing_are_told_as_events(
    team: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / FILE_NAME).write_text('events = "events.jsonl"\nname = "desk"\n')
    team("profiles", "use", "team")
    team("profiles", "edit", "team", "--assign", "worker=here:large")
    team("profiles", "use", "--none")
    told = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [event["kind"] for event in told] == ["profile_selected", "profile_changed", "profile_changed"]
    assert {event["runtime_id"] for event in told} == {"desk"}


def test_a_chosen_profile_whose_provider_is_gone_is_an_error_that_says_so(team: Command) -> None:
    team("profiles", "use", "team")
    team("providers", "remove", "here")
    result = team("run", "Hello.", "--model", "spare:m")
    assert (result.exit_code, "team@" in result.stderr) == (3, True)
    assert team("profiles", "use", "--none").exit_code == 0
    assert team("run", "Hello.", "--model", "spare:m").exit_code == 0
