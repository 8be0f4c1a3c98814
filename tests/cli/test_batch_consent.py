"""Consent to a batch: asked for once, for all lines; without it nothing is sent, and no line is used up."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from pseudo_terminal import at_terminal

from provider_runtime.testing.sandbox import Sandbox

Command = Callable[..., Result]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    asked = ({"model": "here:small", "messages": [{"role": "user", "content": f"Say {n}."}]} for n in range(3))
    path.write_text("".join(f"{json.dumps(request)}\n" for request in asked))
    return path


def words(sandbox: Sandbox, questions: Path, *more: str) -> tuple[str, ...]:
    """A batch whose calls count as leaving the machine."""
    where = ("--model", "here:small", "--base-url", sandbox.compatible_url)
    return ("batch", str(questions), "-o", str(questions.with_name("out.jsonl")), *where, "--consent", "always", *more)


def test_without_a_terminal_it_stops_and_goes_on_when_somebody_has_consented(
    command: Command, sandbox: Sandbox, questions: Path
) -> None:
    refused = command(*words(sandbox, questions))
    assert (refused.exit_code, sandbox.requests) == (5, ())
    assert "3 of 3 lines are left" in refused.output.replace("\n", " ")
    assert "--resume" in refused.stderr
    (question,) = set(re.findall(r"req_[0-9a-f]+", refused.stderr))
    assert command("consent", "grant", question).exit_code == 0
    done = command(*words(sandbox, questions, "--resume"))
    assert done.exit_code == 0, done.output
    assert len(sandbox.requests) == 3


def test_consent_to_one_batch_is_none_to_another(command: Command, sandbox: Sandbox, questions: Path) -> None:
    (question,) = set(re.findall(r"req_[0-9a-f]+", command(*words(sandbox, questions)).stderr))
    command("consent", "grant", question)
    another = command(*words(sandbox, questions, "-o", str(questions.with_name("other.jsonl"))))
    assert (another.exit_code, sandbox.requests) == (5, ())


@pytest.mark.parametrize(("answer", "code", "sent"), [("y", 0, 3), ("n", 5, 0)])
def test_a_person_at_the_terminal_is_asked_once(
    sandbox: Sandbox, questions: Path, tmp_path: Path, answer: str, code: int, sent: int
) -> None:
    asked = words(sandbox, questions)
    shown = at_terminal(
        asked, columns=100, folder=tmp_path, answers=f"{answer}\n", more={"PROVIDER_RUNTIME_DATA": str(tmp_path / "d")}
    )
    assert (shown.exit_code, len(sandbox.requests)) == (code, sent), shown.text
    assert shown.text.count("Send them?") == 1


def test_lines_that_go_to_the_cloud_are_asked_about_without_being_told(
    command: Command, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test")
    out = str(questions.with_name("out.jsonl"))
    refused = command("batch", str(questions), "-o", out, "--model", "openai:gpt-5-mini")
    assert refused.exit_code == 5
    assert "nobody has consented" in refused.stderr


def test_whoever_has_no_key_is_not_asked(command: Command, questions: Path) -> None:
    out = str(questions.with_name("out.jsonl"))
    refused = command("batch", str(questions), "-o", out, "--model", "openai:gpt-5-mini")
    assert refused.exit_code == 3
    assert "OPENAI_API_KEY" in refused.stderr
