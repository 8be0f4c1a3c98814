"""``batch``, against a sandbox: what is asked, what is kept, what is shown, how it ends and how it goes on."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from provider_runtime.testing.sandbox import Fault, Sandbox, Scripted

Command = Callable[..., Result]
MODEL = "openai:gpt-5-mini"


def write_lines(path: Path, *lines: object) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def asking(said: object, **changes: Any) -> dict[str, Any]:
    said_so = [{"role": "user", "content": f"Say {said}."}]
    return {"id": str(said), "request": {"model": MODEL, "messages": said_so, "max_output_tokens": 50}, **changes}


def answers_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "in.jsonl", *(asking(number) for number in range(1, 21)))


@pytest.fixture
def run(command: Command, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs ``batch`` with its answers in ``out.jsonl``, at the sandbox."""
    monkeypatch.setenv("MY_KEY", "a-key")

    def batch(source: Path, *words: str, **options: Any) -> Result:
        at = ["--model", MODEL, "--base-url", sandbox.url, "--api-key-env", "MY_KEY"]
        return command("batch", str(source), "-o", str(tmp_path / "out.jsonl"), *at, *words, **options)

    return batch


def test_every_line_is_answered_and_a_table_says_what_it_came_to(run: Command, questions: Path, tmp_path: Path) -> None:
    result = run(questions)
    assert result.exit_code == 0
    answers = answers_in(tmp_path / "out.jsonl")
    assert sorted(answer["line"] for answer in answers) == list(range(1, 21))
    assert all(f"Say {answer['id']}." in json.dumps(answer["response"]) for answer in answers)
    assert "openai:gpt-5-mini" in result.stdout
    assert f"All 20 lines are answered in {tmp_path / 'out.jsonl'}." in result.stdout.replace("\n", " ").replace(
        "  ", " "
    )
    assert "$" in result.stdout


def test_json_says_the_same_to_a_program(run: Command, questions: Path) -> None:
    report = json.loads(run(questions, "--json").stdout)
    assert (report["end"], report["lines"], report["left"], report["answered"]) == ("finished", 20, 0, 20)
    assert list(report["models"]) == [MODEL]
    assert float(report["cost_usd"]) > 0


def test_answers_can_be_kept_in_the_order_of_the_lines(run: Command, questions: Path, tmp_path: Path) -> None:
    assert run(questions, "--in-order", "--concurrency", "7").exit_code == 0
    assert [answer["line"] for answer in answers_in(tmp_path / "out.jsonl")] == list(range(1, 21))


def test_openais_batch_files_are_answered_in_openais_form(run: Command, tmp_path: Path) -> None:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 50}
    line = {"custom_id": "request-1", "method": "POST", "url": "/v1/chat/completions", "body": body}
    assert run(write_lines(tmp_path / "in.jsonl", line)).exit_code == 0
    answer = answers_in(tmp_path / "out.jsonl")[0]
    assert (answer["custom_id"], answer["response"]["status_code"], answer["error"]) == ("request-1", 200, None)
    assert "Say hello." in answer["response"]["body"]["choices"][0]["message"]["content"]


def test_lines_of_every_ill_kind_are_answered_by_errors_and_the_good_ones_are_asked(
    run: Command, sandbox: Sandbox, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    good = json.dumps(asking("hi")).encode()
    bad = [b"{", b"\x00", b"\xff\xfe", b'"\\ud800"', b"[" * 5000, b'{"a":1,"a":1}', b"null", b"x" * 100_000]
    source.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join([good, b"", b"   ", *bad, good]))
    result = run(source)
    assert result.exit_code == 9
    outcomes = Counter(answer["outcome"] for answer in answers_in(tmp_path / "out.jsonl"))
    assert outcomes == {"answered": 2, "invalid": len(bad)}
    assert len(sandbox.requests) == 2
    assert f"Lines that hold no request: {len(bad)}." in result.stdout
    assert [a["line"] for a in answers_in(tmp_path / "out.jsonl") if a["outcome"] == "answered"] in ([1, 12], [12, 1])


def test_what_fails_is_counted_by_its_code_and_ends_with_9(
    run: Command, sandbox: Sandbox, questions: Path, tmp_path: Path
) -> None:
    sandbox.script("openai", Scripted(status=400, json={"error": {"message": "Not this one."}}))
    result = run(questions)
    assert result.exit_code == 9
    assert "Failed with invalid_request 1." in result.stdout
    failed = [answer for answer in answers_in(tmp_path / "out.jsonl") if answer["outcome"] == "failed"]
    assert failed[0]["error"]["message"] == "Not this one."


# ── ends, and goes on ───────────────────────────────────────────────────────────────────────


def test_a_batch_is_not_begun_twice_by_accident_and_goes_on_when_told_to(
    run: Command, sandbox: Sandbox, questions: Path, tmp_path: Path
) -> None:
    assert run(questions, "--resume").exit_code == 0
    before = (tmp_path / "out.jsonl").read_bytes()
    again = run(questions)
    assert again.exit_code == 3
    assert "--resume" in again.stderr
    on = run(questions, "--resume")
    assert (on.exit_code, on.stderr) == (0, "20 of 20 lines are done already.\n")
    assert (tmp_path / "out.jsonl").read_bytes() == before
    assert len(sandbox.requests) == 20


def test_a_batch_does_not_go_on_with_other_lines(run: Command, questions: Path, tmp_path: Path) -> None:
    assert run(questions).exit_code == 0
    questions.write_text(questions.read_text() + json.dumps(asking(21)) + "\n")
    result = run(questions, "--resume")
    assert result.exit_code == 3
    assert "batch_conflict" in result.stderr
    assert len(answers_in(tmp_path / "out.jsonl")) == 20


def test_money_ends_a_batch_and_more_money_goes_on(run: Command, questions: Path, tmp_path: Path) -> None:
    result = run(questions, "--max-cost", "0.0007", "--stop-on-budget", "--concurrency", "4")
    assert result.exit_code == 5
    some = len(answers_in(tmp_path / "out.jsonl"))
    assert 0 < some < 20
    assert "budget_exceeded" in result.stderr
    assert f"{20 - some} of 20 lines are left. The same command with --resume goes on." in result.stdout
    assert run(questions, "--max-cost", "$1", "--resume").exit_code == 0
    total = sum(float(answer["response"]["cost"]["total_cost"]) for answer in answers_in(tmp_path / "out.jsonl"))
    assert total > 0.0007


def test_money_that_is_spent_refuses_the_rest_unless_told_to_stop(run: Command, questions: Path) -> None:
    result = run(questions, "--max-cost", "0.0007", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 9
    assert report["refused_by"] == {"budget": report["refused"]}
    assert float(report["cost_usd"]) <= 0.0007


def test_a_wrong_key_ends_a_batch_and_uses_up_no_line(
    run: Command, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "wrong-key")
    result = run(questions)
    assert result.exit_code == 6
    assert "wrong-key" not in result.output
    assert not (tmp_path / "out.jsonl").exists()
    monkeypatch.setenv("MY_KEY", "good-key")
    assert run(questions, "--resume").exit_code == 0


def test_a_provider_that_is_down_ends_a_batch_when_patience_is_over(
    run: Command, sandbox: Sandbox, questions: Path, tmp_path: Path
) -> None:
    sandbox.fail_next(500, Fault.status(503, retry_after_s=0.01))
    result = run(questions, "--patience", "0", "--concurrency", "1")
    assert result.exit_code == 6
    assert "20 of 20 lines are left" in result.stdout
    sandbox.clear()
    assert run(questions, "--resume").exit_code == 0


def test_receipts_bear_the_names_of_the_lines(run: Command, questions: Path, tmp_path: Path) -> None:
    assert run(questions, "--receipts", str(tmp_path / "receipts.jsonl")).exit_code == 0
    called = {json.loads(line)["receipt"]["record"]["call_id"] for line in _lines(tmp_path)}
    assert called == {answer["call_id"] for answer in answers_in(tmp_path / "out.jsonl")}


def _lines(folder: Path) -> list[str]:
    return (folder / "receipts.jsonl").read_text().splitlines()


def test_limits_slow_a_batch_down_and_fail_no_line(run: Command, sandbox: Sandbox, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "few.jsonl", *(asking(number) for number in range(3)))
    result = run(source, "--requests-per-minute", "6000", "--tokens-per-minute", "600000")
    assert (result.exit_code, len(sandbox.requests)) == (0, 3)
    refused = run(source, "--requests-per-minute", "0", "--resume")
    assert (refused.exit_code, "requests_per_minute" in refused.stderr) == (3, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--concurrency", "0"], "concurrency"),
        (["--max-cost", "plenty"], "2.50"),
        (["--max-cost", "-1"], "2.50"),
        (["--patience", "-1"], "patience"),
        (["--form", "xml"], "canonical"),
    ],
    ids=str,
)
def test_a_command_written_wrongly_ends_with_2(run: Command, questions: Path, words: list[str], said: str) -> None:
    result = run(questions, *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_another_server_needs_the_model_that_is_asked_there(command: Command, questions: Path, tmp_path: Path) -> None:
    result = command("batch", str(questions), "-o", str(tmp_path / "out.jsonl"), "--base-url", "http://127.0.0.1:1")
    assert result.exit_code == 2
    assert "--model" in result.stderr


# ── as a program ────────────────────────────────────────────────────────────────────────────


def program(sandbox: Sandbox, folder: Path, *words: str) -> tuple[list[str], dict[str, str]]:
    where = ["--model", MODEL, "--base-url", sandbox.url, "--api-key-env", "MY_KEY"]
    files = [str(folder / "in.jsonl"), "-o", str(folder / "out.jsonl")]
    environment = {**os.environ, "MY_KEY": "a-key", "PROVIDER_RUNTIME_DATA": str(folder / "data"), "COLUMNS": "90"}
    return [sys.executable, "-m", "provider_runtime", "batch", *files, *where, *words], environment


async def _arrivals(sandbox: Sandbox, count: int) -> None:
    while len(sandbox.requests) < count:  # noqa: ASYNC110 - the sandbox has no event for an arrival
        await asyncio.sleep(0.005)


async def test_ctrl_c_waits_for_what_is_under_way_and_the_next_run_asks_nothing_twice(tmp_path: Path) -> None:
    write_lines(tmp_path / "in.jsonl", *(asking(number) for number in range(1, 21)))
    async with Sandbox() as sandbox:
        sandbox.fail_next(4, Fault.slow(1))
        words, environment = program(sandbox, tmp_path, "--concurrency", "4")
        started = await asyncio.create_subprocess_exec(
            *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        await _arrivals(sandbox, 4)
        started.send_signal(signal.SIGINT)
        out, said = await started.communicate()
        assert started.returncode == 130
        assert b"Ctrl-C again" in said
        assert b"16 of 20 lines are left" in out
        again = await asyncio.create_subprocess_exec(*words, "--resume", stdout=subprocess.DEVNULL, env=environment)
        assert await again.wait() == 0
    assert len(sandbox.requests) == 20
    assert not any(answer.get("asked_again") for answer in answers_in(tmp_path / "out.jsonl"))


async def test_a_second_ctrl_c_ends_it_at_once_and_the_next_run_says_what_it_asked_again(tmp_path: Path) -> None:
    write_lines(tmp_path / "in.jsonl", *(asking(number) for number in range(1, 7)))
    async with Sandbox() as sandbox:
        sandbox.fail_next(2, Fault.slow(60))
        words, environment = program(sandbox, tmp_path, "--concurrency", "2")
        started = await asyncio.create_subprocess_exec(
            *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        await _arrivals(sandbox, 2)
        started.send_signal(signal.SIGINT)
        assert started.stderr is not None
        assert b"Ctrl-C again" in await started.stderr.readline()
        started.send_signal(signal.SIGINT)
        _, said = await started.communicate()
        assert (started.returncode, said) == (130, b"Interrupted.\n")
        again = await asyncio.create_subprocess_exec(
            *words, "--resume", "--json", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        out, _ = await again.communicate()
    assert json.loads(out)["asked_again"] == 2
    assert Counter(answer.get("asked_again") for answer in answers_in(tmp_path / "out.jsonl")) == {None: 4, 1: 2}


async def test_at_a_terminal_a_bar_tells_lines_pace_and_cost(tmp_path: Path) -> None:
    write_lines(tmp_path / "in.jsonl", *(asking(number) for number in range(1, 41)))
    async with Sandbox() as sandbox:
        words, environment = program(sandbox, tmp_path)
        ours, theirs = pty.openpty()
        started = await asyncio.create_subprocess_exec(
            *words, stdout=subprocess.DEVNULL, stderr=theirs, env={**environment, "TERM": "xterm-256color"}
        )
        os.close(theirs)
        shown = await asyncio.to_thread(_all_of, ours)
        assert await started.wait() == 0
    assert "40/40" in shown
    assert "/s" in shown
    assert "$0.00" in shown


def _all_of(descriptor: int) -> str:
    parts: list[bytes] = []
    try:
        while part := os.read(descriptor, 65536):
            parts.append(part)
    except OSError:  # how Linux says that the other end was closed
        pass
    finally:
        os.close(descriptor)
    return b"".join(parts).decode()
