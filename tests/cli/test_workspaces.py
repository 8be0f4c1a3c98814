"""``init`` and ``config``: a workspace is made, found from below, and says where each setting came from."""

import json
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from provider_runtime.composition.workspace.config import FILE_NAME
from provider_runtime.composition.workspace.keys import keys
from provider_runtime.composition.workspace.reading import read_config
from provider_runtime.testing.sandbox import Sandbox

Command = Callable[..., Result]


@pytest.fixture
def below(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder deep in a fresh workspace, which is where commands run; returns the configuration file."""
    monkeypatch.delenv("PROVIDER_RUNTIME_DATA")
    deep = tmp_path / "project" / "src" / "deep"
    deep.mkdir(parents=True)
    assert command("init", str(tmp_path / "project")).exit_code == 0
    monkeypatch.chdir(deep)
    return tmp_path / "project" / FILE_NAME


def settings(command: Command, *words: str, **options: Any) -> dict[str, tuple[object, str]]:
    """Each setting with its value and where it was said."""
    document = json.loads(command("config", "show", "--json", *words, **options).stdout)
    return {row["key"]: (row["value"], row["where"] or row["origin"]) for row in document["settings"]}


# ── init ────────────────────────────────────────────────────────────────────────────────────


def test_init_makes_a_file_to_commit_and_a_folder_for_its_owner_alone(command: Command, tmp_path: Path) -> None:
    result = command("init", str(tmp_path / "new" / "team"))
    data = tmp_path / "new" / "team" / ".provider-runtime"
    assert result.exit_code == 0
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert "*" in (data / ".gitignore").read_text().splitlines()
    assert "provider-runtime doctor" in result.stderr
    assert read_config(tmp_path / "new" / "team" / FILE_NAME).config.data == ".provider-runtime"


def test_init_overwrites_nothing(command: Command, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("deadline_s = 5\n")
    result = command("init", str(tmp_path))
    assert (result.exit_code, "invalid_settings" in result.stderr) == (3, True)
    assert (tmp_path / FILE_NAME).read_text() == "deadline_s = 5\n"
    assert not (tmp_path / ".provider-runtime").exists()


def test_init_says_what_is_in_its_way(command: Command, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    result = command("init", str(tmp_path / "taken" / "below"))
    assert result.exit_code == 7
    assert "store_unavailable" in result.stderr


def test_the_data_folder_can_lie_elsewhere(command: Command, tmp_path: Path) -> None:
    made = json.loads(command("init", str(tmp_path / "a"), "--data-folder", "../kept", "--json").stdout)
    assert Path(made["data"]).resolve() == tmp_path / "kept"
    assert (tmp_path / "kept").is_dir()
    assert command("init", str(tmp_path / "b"), "--quiet").output == ""


def test_every_example_in_the_file_is_valid_as_it_stands(command: Command, tmp_path: Path) -> None:
    command("init", str(tmp_path))
    file = tmp_path / FILE_NAME
    text = re.sub(r"^#(?=[^ #])", "", file.read_text(), flags=re.MULTILINE)
    assert text.count("\n[") >= 6
    file.write_text(text)
    config = read_config(file).config
    assert (config.policy.mode, config.budgets[0].usd, config.limits["openai"].concurrent_calls) == ("strict", "10", 8)  # type: ignore[index]  # an id is its text
    assert max(map(len, text.splitlines())) <= 110


# ── config ──────────────────────────────────────────────────────────────────────────────────


def test_each_setting_says_where_it_came_from(command: Command, below: Path) -> None:
    below.write_text("deadline_s = 5\nconnect_timeout_s = 2\n\n[retry]\nmax_attempts = 2\n")
    environment = {"PROVIDER_RUNTIME__CONNECT_TIMEOUT_S": "3", "PROVIDER_RUNTIME__RETRY__MAX_BACKOFF_MS": "900"}
    found = settings(command, "--set", "policy.mode=strict", env=environment)
    assert found["deadline_s"] == (5, f"{FILE_NAME}:1")
    assert found["connect_timeout_s"] == (3, "PROVIDER_RUNTIME__CONNECT_TIMEOUT_S")
    assert found["retry.max_attempts"] == (2, f"{FILE_NAME}:5")
    assert found["retry.max_backoff_ms"] == (900, "PROVIDER_RUNTIME__RETRY__MAX_BACKOFF_MS")
    assert found["policy.mode"] == ("strict", "--set")
    assert found["policy.consent"] == ("cloud", "default of the mode at --set")
    assert found["circuit"] == (True, "default")


def test_all_keys_that_stand_once_are_shown(command: Command, below: Path) -> None:
    below.write_text("")
    # Whole tables that may be left out.
    there_or_not = ("fallback.", "checkpoints.", "consents.", "governance.", "stores.")
    assert {key.path for key in keys() if key.is_one and not key.path.startswith(there_or_not)} <= set(
        settings(command)
    )


WRITTEN = """
fallback = {alternatives = ["here:large"]}
guarded_secrets = [{type = "env", name = "GUARDED"}]
[providers.openai]
[providers.here]
kind = "ollama"
base_url = "http://localhost:11434"
tier = "local"
[leakage.treatments]
marker = "warn"
[[budgets]]
name = "b"
usd = "1"
[profiles.team.assignments]
worker = {primary = "here:small"}
"""


def test_tables_are_told_key_by_key_and_what_they_leave_out_is_by_default(command: Command, below: Path) -> None:
    below.write_text(WRITTEN)
    found = settings(command)
    said = {key: where for key, (_, where) in found.items()}
    assert said["fallback.alternatives"] == f"{FILE_NAME}:2"
    assert said["fallback.even_if_billed"] == "default"
    assert said["guarded_secrets[0].name"] == f"{FILE_NAME}:3"
    assert said["providers.openai.base_url"] == "default"
    assert said["providers.here.base_url"] == f"{FILE_NAME}:7"
    assert said["leakage.treatments"] == f"{FILE_NAME}:9"
    assert (said["budgets[0].usd"], said["budgets[0].scope"]) == (f"{FILE_NAME}:13", "default")
    assert said["profiles.team.assignments.worker.primary"] == f"{FILE_NAME}:15"
    assert said["profiles.team.assignments.worker.local_only"] == "default"


def test_a_table_shows_what_was_said_and_all_of_it_where_that_is_wanted(command: Command, below: Path) -> None:
    below.write_text("deadline_s = 5\n")
    short = command("config", "show")
    assert ("deadline_s" in short.stdout, "circuit" in short.stdout) == (True, False)
    assert str(below) in short.stderr
    assert f"{FILE_NAME}:1" in command("config", "show", "--origin").stdout
    assert "circuit" in command("config", "show", "circ", "--all").stdout
    assert "deadline_s" not in command("config", "show", "circ", "--all").stdout


def test_where_the_file_and_the_folder_are(command: Command, below: Path, tmp_path: Path) -> None:
    assert command("config", "path").stdout == f"{below}\n"
    assert command("config", "path", "--data-folder").stdout == f"{below.parent / '.provider-runtime'}\n"
    assert json.loads(command("config", "path", "--json").stdout)["file"] == str(below)


def test_without_a_workspace_there_is_no_path_and_everything_else_works(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("config", "path").exit_code == 3
    assert settings(command)["deadline_s"] == (600.0, "default")
    assert command("explain", "Hello.", "--model", "openai:gpt-5-mini").exit_code == 0


def test_a_key_that_is_not_known_is_refused_by_every_command_that_goes_by_settings(
    command: Command, below: Path
) -> None:
    below.write_text("[retry]\nmax_atempts = 3\n")
    for words in (("config", "show"), ("explain", "Hi.", "--model", "openai:gpt-5-mini"), ("providers", "check")):
        result = command(*words)
        assert result.exit_code == 3
        assert f"{FILE_NAME}:2" in result.stderr
        assert 'Did you mean "max_attempts"?' in result.stderr
    assert command("providers", "list").exit_code == 0


# ── what calls make of it ───────────────────────────────────────────────────────────────────


def test_a_call_goes_by_the_workspace_and_leaves_its_receipt_and_its_events_there(
    command: Command, below: Path, sandbox: Sandbox
) -> None:
    below.write_text(
        f'events = "events.jsonl"\ndefault_provider = "here"\n[parameters]\nmax_output_tokens = 77\n'
        f'[providers.here]\nkind = "openai_compatible"\ntier = "local"\nbase_url = "{sandbox.compatible_url}"\n'
    )
    result = command("run", "Hello.", "--model", "whatever")
    assert result.exit_code == 0, result.stderr
    assert sandbox.requests[0].json["max_tokens"] == 77
    kept = below.parent / ".provider-runtime" / "receipts.sqlite"
    assert "1 receipt," in command("receipts", "verify", str(kept)).stdout
    kinds = [json.loads(line)["kind"] for line in (below.parent / "events.jsonl").read_text().splitlines()]
    assert (kinds[0], kinds[-1]) == ("call_started", "call_answered")


def test_a_budget_of_the_workspace_is_shared_by_its_calls(command: Command, below: Path, sandbox: Sandbox) -> None:
    below.write_text(
        '[[budgets]]\nname = "two"\ncalls = 2\n'
        f'[providers.here]\nkind = "openai_compatible"\ntier = "local"\nbase_url = "{sandbox.compatible_url}"\n'
    )
    outcomes = [command("run", "Hello.", "--model", "here:m").exit_code for _ in range(3)]
    assert outcomes == [0, 0, 5]
    assert len(sandbox.requests) == 2


def test_an_option_goes_before_the_workspace(command: Command, below: Path) -> None:
    below.write_text('[policy]\nmode = "standard"\nconsent = "never"\ncloud_allowed = true\n')
    words = ("explain", "Hello.", "--model", "openai:gpt-5-mini", "--json")

    def refused_by(*more: str) -> set[str]:
        verdicts = json.loads(command(*words, *more).stdout)["verdicts"]
        return {verdict["gate"] for verdict in verdicts if verdict["verdict"] == "refused"}

    assert refused_by() == set()
    assert "tier" in refused_by("--policy", "locked")
    assert "consent" in refused_by("--policy", "strict")


def test_who_is_registered_and_written_at_once_is_refused_until_one_of_them_goes(command: Command, below: Path) -> None:
    command("providers", "add", "acme", "--base-url", "https://a.example.com/v1")
    below.write_text('[providers.acme]\nkind = "openai_compatible"\nbase_url = "https://b.example.com/v1"\n')
    result = command("explain", "Hello.", "--model", "acme:m")
    assert (result.exit_code, "acme" in result.stderr) == (3, True)
    assert command("providers", "remove", "acme").exit_code == 0
    assert "https://b.example.com" in command("explain", "Hello.", "--model", "acme:m").stdout


def test_keys_are_kept_where_the_workspace_wants_them(command: Command, below: Path, sandbox: Sandbox) -> None:
    below.write_text(
        '[secrets]\npath = "keys/mine.json"\n'
        f'[providers.here]\nkind = "openai"\ntier = "local"\nbase_url = "{sandbox.url}"\n'
        'credential = {type = "named_key", name = "mine"}\n'
    )
    assert command("secrets", "set", "mine", "--provider", "here", input="a-key-for-this-server").exit_code == 0
    assert stat.S_IMODE((below.parent / ".provider-runtime" / "keys" / "mine.json").stat().st_mode) == 0o600
    assert command("run", "Hello.", "--model", "here:gpt-5-mini").exit_code == 0
    assert sandbox.requests[0].credential_sha256 is not None


def test_who_is_written_in_the_file_is_told_beside_who_is_registered(command: Command, below: Path) -> None:
    below.write_text("[providers.openai]\n")
    listed = command("providers", "list")
    assert (listed.exit_code, f"Written in {FILE_NAME}: openai." in listed.stderr) == (0, True)
