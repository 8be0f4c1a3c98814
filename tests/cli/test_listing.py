"""``receipts``, ``models`` and the help of every command."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result

from provider_runtime.cli.app import app
from provider_runtime.testing.sandbox import Sandbox

Command = Callable[..., Result]


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, found in group.commands.items():
        if isinstance(found, click.Group):
            yield from every_command(found, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(every_command(app)), ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_explains_itself_and_each_of_its_options(
    command: Command, path: tuple[str, ...], flag: str
) -> None:
    result = command(*path, flag)
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")
    described: click.Command = app
    for name in path:
        assert isinstance(described, click.Group)
        described = described.commands[name]
    assert described.help
    assert [option.name for option in described.params if isinstance(option, click.Option) and not option.help] == []
    # Examples may be a little longer than 80 columns: they are there to be copied.
    assert max(map(len, result.stdout.splitlines())) <= 90


def test_the_version_is_told(command: Command) -> None:
    result = command("--version")
    assert result.exit_code == 0
    assert "version" in result.stdout


def test_an_unknown_command_ends_with_2(command: Command) -> None:
    result = command("rnu")
    assert (result.exit_code, "rnu" in result.stderr) == (2, True)


# ── receipts ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def kept(command: Command, sandbox: Sandbox, tmp_path: Path) -> Path:
    """Three receipts: two answers and a refusal."""
    file = tmp_path / "receipts.jsonl"
    local = ["--model", "llama-3", "--base-url", sandbox.compatible_url]
    for words in (local, local, ["--model", "openai:gpt-5-mini", "--policy", "locked"]):
        command("run", "Hello.", *words, "--receipts", str(file))
    return file


def test_receipts_are_listed_one_a_line_with_how_the_call_ended(command: Command, kept: Path) -> None:
    result = command("receipts", "list", str(kept))
    assert result.exit_code == 0
    heading, *rows = [line for line in result.stdout.splitlines() if line[0] != " "]
    assert heading.split()[0] == "#"
    assert [row.split()[0] for row in rows] == ["0", "1", "2"]
    assert "governance_" in rows[2]
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_receipts_as_json_hold_the_whole_chain(command: Command, kept: Path) -> None:
    receipts = json.loads(command("receipts", "list", str(kept), "--json").stdout)
    assert [receipt["record"]["outcome"]["type"] for receipt in receipts] == ["answered", "answered", "refused"]
    assert [receipt.get("prev_hash") for receipt in receipts[1:]] == [
        receipt["receipt_hash"] for receipt in receipts[:-1]
    ]


def test_a_whole_chain_is_verified_and_its_head_told(command: Command, kept: Path) -> None:
    head = json.loads(command("receipts", "list", str(kept), "--json").stdout)[-1]["receipt_hash"]
    result = command("receipts", "verify", str(kept))
    assert result.exit_code == 0
    assert "3 receipts" in result.stdout
    assert head in result.stdout
    assert command("receipts", "verify", str(kept), "--head", head).exit_code == 0


def test_a_changed_receipt_is_found_and_ends_with_8(command: Command, kept: Path) -> None:
    lines = kept.read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace('"outcome":"answered"', '"outcome":"refused!"')
    kept.write_text("".join(lines))
    result = command("receipts", "verify", str(kept))
    assert result.exit_code == 8
    assert "receipt 1" in result.stderr
    verdict = json.loads(command("receipts", "verify", str(kept), "--json").stdout)
    assert (verdict["valid"], verdict["broken_at"]) == (False, 1)


@pytest.mark.parametrize("missing", [0, 1])
def test_a_removed_receipt_is_found(command: Command, kept: Path, missing: int) -> None:
    lines = kept.read_text().splitlines(keepends=True)
    kept.write_text("".join(lines[:missing] + lines[missing + 1 :]))
    assert command("receipts", "verify", str(kept)).exit_code == 8


def test_a_cut_tail_shows_against_a_noted_head_only(command: Command, kept: Path) -> None:
    head = json.loads(command("receipts", "list", str(kept), "--json").stdout)[-1]["receipt_hash"]
    lines = kept.read_text().splitlines(keepends=True)
    kept.write_text("".join(lines[:-1]))
    assert command("receipts", "verify", str(kept)).exit_code == 0
    assert command("receipts", "verify", str(kept), "--head", head).exit_code == 8


def test_a_file_that_holds_no_receipts_is_no_traceback(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "shopping.txt"
    file.write_text("milk\nbread\n")
    listed = command("receipts", "list", str(file))
    assert listed.exit_code == 7
    assert "record_corrupt" in listed.stderr
    assert "milk" not in listed.output
    assert command("receipts", "verify", str(file)).exit_code == 8


@pytest.mark.parametrize("name", ["list", "verify"])
def test_a_file_that_is_not_there_ends_with_2(command: Command, tmp_path: Path, name: str) -> None:
    assert command("receipts", name, str(tmp_path / "nowhere")).exit_code == 2


def test_receipts_that_cannot_be_written_do_not_cost_the_answer(
    command: Command, sandbox: Sandbox, tmp_path: Path
) -> None:
    nowhere = tmp_path / "a-file"
    nowhere.write_text("in the way")
    local = ["--model", "llama-3", "--base-url", sandbox.compatible_url]
    result = command("run", "Hello.", *local, "--receipts", str(nowhere / "receipts.jsonl"))
    assert result.exit_code == 0
    assert "Hello." in result.stdout
    assert "settlement_pending" in result.stderr


# ── models ──────────────────────────────────────────────────────────────────────────────────


def models(result: Result) -> list[tuple[str, str]]:
    return [(model["provider"], model["model_id"]) for model in json.loads(result.stdout)["models"]]


def test_models_are_filtered_by_text_and_by_provider(command: Command) -> None:
    every = models(command("models", "list", "--json"))
    sonnets = models(command("models", "list", "SONNET", "--json"))
    of_anthropic = models(command("models", "list", "sonnet", "--provider", "anthropic", "--json"))
    assert sonnets == [model for model in every if "sonnet" in model[1].lower()]
    assert of_anthropic == [model for model in sonnets if model[0] == "anthropic"]
    assert every > sonnets != of_anthropic != []


def test_the_table_of_models_names_what_run_takes_and_fits_80_columns(command: Command) -> None:
    result = command("models", "list", "claude-sonnet-4-5", "-p", "anthropic")
    assert "anthropic:claude-sonnet-4-5 " in result.stdout
    assert "200k" in result.stdout
    whole = command("models", "list")
    assert max(map(len, whole.stdout.splitlines())) <= 80
    assert "…" not in whole.stdout


def test_no_match_says_so(command: Command) -> None:
    result = command("models", "list", "no-such-model-anywhere")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No model matches." in result.stderr


# ── demo ────────────────────────────────────────────────────────────────────────────────────


def test_the_demo_shows_the_main_job_end_to_end_on_a_machine_without_keys(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "receipts.jsonl"
    result = command("demo", "--receipts", str(file))
    assert result.exit_code == 0
    assert "made-up answers" in result.stdout
    assert result.stdout.count("tool call kept, reasoning kept") == 3
    assert "lost" not in result.stdout
    assert "4 receipts, one for each call; their chain is whole" in result.stdout
    assert command("receipts", "verify", str(file)).exit_code == 0


def test_the_demo_as_json_is_its_responses(command: Command) -> None:
    responses = json.loads(command("demo", "--json").stdout)
    assert [response["provider"] for response in responses] == ["anthropic", "openai", "openrouter", "anthropic"]
    assert all(response["cost"]["total_cost"] for response in responses)
