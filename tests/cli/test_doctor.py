"""``doctor``: a line for each finding, what to do about it, and the exit code of the worst."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from pseudo_terminal import at_terminal

from provider_runtime.cli.doctor import here
from provider_runtime.cli.doctor.findings import Finding, Level, worst
from provider_runtime.composition.workspace.config import FILE_NAME
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.sandbox import Fault, Sandbox

Command = Callable[..., Result]
KEY = "doctor-Qm4w8ZtR2yLk9XvB3nHd6TfPq1sJ"


@pytest.fixture
def folder(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A fresh workspace, in which commands run."""
    monkeypatch.delenv("PROVIDER_RUNTIME_DATA")
    assert command("init", str(tmp_path / "work")).exit_code == 0
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def found(command: Command, *words: str) -> tuple[dict[str, dict[str, str]], int]:
    """Each finding by its check, the last one counting, and the exit code."""
    result = command("doctor", "--json", *words)
    return {finding["check"]: finding for finding in json.loads(result.stdout)}, result.exit_code


def level(finding: dict[str, object]) -> str:
    kind = finding["level"]
    assert isinstance(kind, dict)
    return str(kind["type"])


def register(command: Command, sandbox: Sandbox, name: str = "here", *more: str) -> None:
    words = ("providers", "add", name, "--tier", "local", "--base-url", sandbox.compatible_url, *more)
    assert command(*words).exit_code == 0


def test_a_fresh_workspace_is_as_it_should_be_but_for_the_provider_that_is_missing(
    command: Command, folder: Path
) -> None:
    findings, exit_code = found(command, "--offline")
    assert exit_code == 0
    assert {check: level(finding) for check, finding in findings.items()} == {
        "environment": "ok",
        "extras": "ok",
        "clock": "ok",
        "catalog": "ok",
        "workspace": "ok",
        "governance": "ok",
        "receipts": "ok",
        "providers": "warn",
        "local servers": "ok",
    }
    assert "providers add" in findings["providers"]["remedy"]


def test_a_server_on_this_machine_is_found_registered_and_asked_without_a_key(
    command: Command, folder: Path, sandbox: Sandbox
) -> None:
    port = str(sandbox.port)
    findings, _ = found(command, "--port", port)
    assert level(findings["local server"]) == "warn"
    assert "providers add --local" in findings["local server"]["remedy"]
    told = command("doctor", "--port", port, "--yes")
    name = told.stderr.split("--model ")[1].split(":")[0]
    model = told.stderr.split("--model ")[1].split()[0]
    result = command("run", "Hello.", "--model", model)
    assert (result.exit_code, sandbox.requests[-1].credential_sha256) == (0, None)
    findings, exit_code = found(command, "--port", port)
    assert (level(findings["local server"]), level(findings[f"provider {name}"]), exit_code) == ("ok", "ok", 0)


def test_at_a_terminal_it_offers_to_register_what_it_found(command: Command, folder: Path, sandbox: Sandbox) -> None:
    shown = at_terminal(["doctor", "--port", str(sandbox.port)], columns=100, folder=folder, answers="y\n")
    assert "[Y/n]" in shown.text
    assert "provider-runtime run" in shown.text
    assert len(json.loads(command("providers", "list", "--json").stdout)) == 1
    at_terminal(["doctor", "--port", str(sandbox.port)], columns=100, folder=folder)
    assert len(json.loads(command("providers", "list", "--json").stdout)) == 1


def test_of_a_key_it_is_told_where_it_is_and_never_what_it_is(
    command: Command, folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERE_KEY", KEY)
    register(command, sandbox, "here", "--api-key-env", "HERE_KEY")
    command("secrets", "set", "other", "--origin", "https://a.example.com", input=KEY)
    result = command("doctor")
    assert result.exit_code == 0
    assert "key from env:HERE_KEY" in " ".join(result.stdout.split())
    assert "other" in result.stdout
    assert KEY not in result.output + command("doctor", "--json").output


@pytest.mark.parametrize(("mishap", "expected"), [(Fault.status(401), 6), (Fault.status(503), 0)])
def test_a_provider_that_fails_ends_it_with_6_and_one_that_is_busy_does_not(
    command: Command, folder: Path, sandbox: Sandbox, mishap: Fault, expected: int
) -> None:
    register(command, sandbox)
    sandbox.fail_next(9, mishap)
    findings, exit_code = found(command)
    assert exit_code == expected
    assert level(findings["provider here"]) == ("fail" if expected else "warn")
    assert findings["provider here"]["remedy"]


@pytest.mark.parametrize("text", ["deadline_s = [", "[retry]\nmax_atempts = 3\n", 'profile = "nobody"\n'])
def test_a_configuration_that_cannot_be_used_ends_it_with_3_and_the_rest_is_looked_at(
    command: Command, folder: Path, text: str
) -> None:
    (folder / FILE_NAME).write_text(text)
    findings, exit_code = found(command, "--offline")
    assert exit_code == 3
    (bad,) = [finding for finding in findings.values() if level(finding) == "fail"]
    assert FILE_NAME in bad["message"]
    assert level(findings["environment"]) == "ok"


def test_a_broken_chain_of_receipts_ends_it_with_7(command: Command, folder: Path, sandbox: Sandbox) -> None:
    (folder / FILE_NAME).write_text('[receipts]\nmedium = "file"\n')
    register(command, sandbox)
    for _ in range(3):
        assert command("run", "Hello.", "--model", "here:m").exit_code == 0
    findings, exit_code = found(command)
    assert (level(findings["receipts"]), exit_code) == ("ok", 0)
    assert findings["receipts"]["message"].startswith("3 ")
    file = folder / ".provider-runtime" / "receipts.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines).replace("answered", "refused", 1))
    findings, exit_code = found(command)
    assert (level(findings["receipts"]), exit_code) == ("fail", 7)


def test_others_who_can_look_into_the_data_folder_are_warned_of(command: Command, folder: Path) -> None:
    (folder / ".provider-runtime").chmod(0o755)
    findings, exit_code = found(command, "--offline")
    assert (level(findings["data"]), exit_code) == ("warn", 0)
    assert "chmod 700" in findings["data"]["remedy"]


def test_a_secret_file_that_others_can_read_is_a_failure_of_the_store(command: Command, folder: Path) -> None:
    command("secrets", "set", "other", "--origin", "https://a.example.com", input=KEY)
    (folder / ".provider-runtime" / "secrets.json").chmod(0o644)
    findings, exit_code = found(command, "--offline")
    assert (level(findings["secrets"]), exit_code) == ("fail", 7)
    assert KEY not in json.dumps(findings)


@pytest.mark.parametrize(
    ("days", "check", "expected"), [(-400, "clock", "fail"), (0, "catalog", "ok"), (400, "catalog", "warn")]
)
def test_an_old_catalog_is_warned_of_and_a_clock_before_the_release_is_wrong(
    days: int, check: str, expected: str
) -> None:
    from provider_runtime.adapters.catalog import builtin_prices

    released = datetime.fromisoformat(f"{builtin_prices().version}T12:00:00+00:00")
    clock = FrozenClock(released + timedelta(days=days))
    findings = {finding.check: finding for finding in asyncio.run(here.catalog(clock))}
    assert findings[check].level == expected


def test_the_worst_finding_decides_and_warnings_do_not() -> None:
    def finding(level: Level, code: int) -> Finding:
        return Finding(check="x", level=level, message="", exit_code=code)

    assert worst((finding(Level.OK, 0), finding(Level.WARN, 7))) == 0
    assert worst((finding(Level.FAIL, 3), finding(Level.FAIL, 7), finding(Level.FAIL, 6))) == 7
    assert worst((finding(Level.FAIL, 0),)) == 1


def test_outside_a_workspace_it_says_how_to_make_one(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    findings, exit_code = found(command, "--offline")
    assert (level(findings["workspace"]), exit_code) == ("warn", 0)
    assert "provider-runtime init" in findings["workspace"]["remedy"]
