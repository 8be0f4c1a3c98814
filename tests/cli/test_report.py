"""``report``: a page from the receipts of the data folder, or of a file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from provider_runtime.testing.sandbox import Sandbox

pytest.importorskip("vl_convert", reason="the extra `report` is not installed")
Command = Callable[..., Result]
MODEL = "openai:gpt-5-mini"
SAID = "the marmot sleeps at noon"


@pytest.fixture
def called(command: Command, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Three calls have been made, and one was refused; all of that was recorded in the data folder."""
    monkeypatch.setenv("MY_KEY", "a-key")
    lines = tmp_path / "in.jsonl"
    requests = [{"model": MODEL, "messages": [{"role": "user", "content": SAID}]}] * 3
    lines.write_text(
        "".join(json.dumps({"request": one, "options": {"metadata": {"tenant": "acme"}}}) + "\n" for one in requests)
    )
    at = ["--model", MODEL, "--base-url", sandbox.url, "--api-key-env", "MY_KEY"]
    assert command("batch", str(lines), "-o", str(tmp_path / "out.jsonl"), *at).exit_code == 0
    assert command("run", SAID, "--model", MODEL, "--policy", "locked").exit_code == 5
    return command


def test_what_was_recorded_is_on_the_page_and_nothing_that_was_said(called: Command, tmp_path: Path) -> None:
    page = tmp_path / "week.html"
    result = called("report", "-o", str(page), "--title", "My week")
    assert (result.exit_code, result.stdout) == (0, f"{page}: 4 calls.\n")
    text = page.read_text()
    assert "<h1>My week</h1>" in text
    for words in ("75 %", "acme", "openai:gpt-5-mini", "attempt 1", "cleared", "tier", "chain of 4 receipts is whole"):
        assert words in text
    assert "marmot" not in text


def test_a_call_that_is_asked_for_is_shown_first_with_its_life(called: Command, tmp_path: Path) -> None:
    listed = json.loads(called("receipts", "list", "--json").stdout)
    call_id = listed[1]["record"]["call_id"]
    page = tmp_path / "one.html"
    assert called("report", "-o", str(page), "--call", call_id).exit_code == 0
    first = page.read_text().partition('<details class="call" open>')[2]
    assert "asked for" in first[:600]
    assert call_id in first[:2000]


def test_a_file_of_receipts_makes_a_page_as_well(command: Command, sandbox: Sandbox, tmp_path: Path) -> None:
    file, page = tmp_path / "receipts.jsonl", tmp_path / "page.html"
    at = ["--model", "local:m", "--base-url", sandbox.compatible_url, "--receipts", str(file)]
    assert command("run", "Hi.", *at).exit_code == 0
    assert command("report", str(file), "-o", str(page), "--since", "1h").exit_code == 0
    assert "1 call, begun" in page.read_text()
    assert command("report", str(file), "-o", str(page), "--until", "1h").stdout == f"{page}: 0 calls.\n"


def test_a_page_that_cannot_be_written_is_an_error_of_usage(command: Command, tmp_path: Path) -> None:
    result = command("report", "-o", str(tmp_path / "no" / "such" / "folder.html"))
    assert result.exit_code == 2
    assert "cannot write" in result.stderr
