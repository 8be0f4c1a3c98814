"""``swap``: another model for a job, verified and rehearsed; and ``run --job``, which goes on with it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from provider_runtime.testing.sandbox import Sandbox

Command = Callable[..., Result]
WORDS = "the patient is called Wilhelmina"


@pytest.fixture
def job(command: Command, sandbox: Sandbox, tmp_path: Path) -> Command:
    """A profile with a worker that may be swapped, and notes of a job."""
    command("providers", "add", "here", "--tier", "local", "--base-url", sandbox.compatible_url)
    words = ("--assign", "worker=here:small", "--allow", "worker=here:large", "--use")
    assert command("profiles", "add", "team", *words).exit_code == 0
    (tmp_path / "notes.json").write_text(json.dumps({"said": WORDS}))
    return command


def swap(command: Command, tmp_path: Path, *words: str) -> Result:
    fresh = ("swap", "--job", "job-7", "--role", "worker", "--to", "here:large")
    return command(*fresh, *(words or ("--save", f"notes={tmp_path / 'notes.json'}")))


def test_the_next_call_of_the_job_asks_the_model_that_took_over(job: Command, sandbox: Sandbox, tmp_path: Path) -> None:
    result = swap(job, tmp_path)
    assert (result.exit_code, result.stdout) == (0, "job-7 goes on with role:worker=here:large.\n")
    assert sandbox.requests == ()
    assert job("run", "Go on.", "--role", "worker", "--job", "job-7").exit_code == 0
    assert job("run", "Go on.", "--role", "worker", "--job", "job-8").exit_code == 0
    assert job("run", "Go on.", "--role", "worker").exit_code == 0
    assert [request.json["model"] for request in sandbox.requests] == ["large", "small", "small"]


def test_the_fresh_context_can_be_sent_as_it_was_rehearsed(job: Command, sandbox: Sandbox, tmp_path: Path) -> None:
    fresh = tmp_path / "next.json"
    result = swap(job, tmp_path, "--save", f"notes={tmp_path / 'notes.json'}", "-o", str(fresh))
    assert f"run --request {fresh}" in result.stderr
    assert job("run", "--request", str(fresh)).exit_code == 0
    sent = sandbox.requests[0].json
    assert sent["model"] == "large"
    assert WORDS in sent["messages"][-1]["content"]
    assert WORDS not in result.output


def test_a_recipe_says_how_the_context_is_made(job: Command, tmp_path: Path) -> None:
    recipe = {"model": "any:model", "messages": [{"role": "user", "content": "Notes: {states}. Go on."}]}
    (tmp_path / "recipe.json").write_text(json.dumps(recipe))
    words = ("--save", f"notes={tmp_path / 'notes.json'}", "--recipe", str(tmp_path / "recipe.json"), "--json")
    swapped = json.loads(swap(job, tmp_path, *words).stdout)
    (message,) = swapped["request"]["messages"]
    text = message["content"][0]["text"]
    assert text.startswith("Notes: ")
    assert WORDS in text
    assert swapped["state"] == {"type": "completed"}


def test_a_swap_leaves_a_snapshot_from_which_the_next_one_can_begin(job: Command, tmp_path: Path) -> None:
    words = ("--save", f"notes={tmp_path / 'notes.json'}", "--id", "first")
    assert swap(job, tmp_path, *words).exit_code == 0
    back = ("swap", "--job", "job-7", "--role", "worker", "--to", "here:small", "--json")
    swapped = json.loads(job(*back, "--snapshot", "swap:first:notes").stdout)
    assert WORDS in json.dumps(swapped["request"])


def test_a_job_swaps_on_from_where_the_last_swap_led(job: Command, tmp_path: Path) -> None:
    assert swap(job, tmp_path).exit_code == 0
    again = swap(job, tmp_path, "--state", "notes")
    assert (again.exit_code, "another model" in again.stderr) == (2, True)
    stale = swap(job, tmp_path, "--state", "notes", "--from", "here:small")
    assert (stale.exit_code, "current_model_mismatch" in stale.stderr) == (5, True)


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("--state", "nothing"), 5, "state_missing"),
        (("--snapshot", "nothing"), 5, "state_missing"),
        (("--state", "notes", "--hash", "f" * 64), 5, "state_hash_mismatch"),
        (("--state", "notes", "--hash", "short"), 2, "state_hash"),
        (("--state", "notes", "--to", "here:unknown"), 5, "target_unknown"),
        (("--state", "notes", "--to", "unknown"), 2, "target"),
        (("--state", "notes", "--timeout", "0"), 7, "timed_out"),
        (("--state", "../../etc"), 2, "state_refs"),
        (("--state", "notes", "--set", "swaps.allow_swaps=false"), 5, "disallowed"),
        (("--state", "notes", "--role", "critic"), 7, "record_missing"),
        (("--job", "no job"), 2, "job_id"),
        (("--save", "notes=nowhere.json"), 2, "cannot read"),
        (("--save", "notes"), 2, "REF=FILE"),
        ((), 2, "--state"),
    ],
)
def test_what_stands_in_the_way_is_said_and_the_job_stays_where_it_was(
    job: Command, sandbox: Sandbox, tmp_path: Path, words: tuple[str, ...], exit_code: int, said: str
) -> None:
    assert swap(job, tmp_path, "--save", f"notes={tmp_path / 'notes.json'}", "--job", "other").exit_code == 0
    fresh = ("swap", "--job", "job-7", "--role", "worker", "--to", "here:large")
    result = job(*fresh, *words)
    assert (result.exit_code, said in result.stderr) == (exit_code, True), result.stderr
    assert WORDS not in result.output
    job("run", "Go on.", "--role", "worker", "--job", "job-7")
    assert sandbox.requests[0].json["model"] == "small"


def test_a_cloud_target_needs_a_profile_that_lets_calls_go_there(job: Command, tmp_path: Path) -> None:
    words = ("--save", f"notes={tmp_path / 'notes.json'}", "--to", "openai:gpt-5-mini")
    refused = swap(job, tmp_path, *words)
    assert (refused.exit_code, "allow" in refused.stderr) == (5, True)
    job("profiles", "edit", "team", "--cloud", "--allow", "worker=openai:gpt-5-mini")
    assert swap(job, tmp_path, *words).exit_code == 0
    assert swap(job, tmp_path, *words, "--job", "job-9", "--policy-is-no-option").exit_code == 2
    locked = swap(job, tmp_path, *words, "--job", "job-9", "--set", "policy.mode=locked")
    assert (locked.exit_code, "governance_locked" in locked.stderr) == (5, True)


def test_a_swap_that_fails_after_policy_lets_it_go_on_says_so_and_ends_with_7(job: Command, tmp_path: Path) -> None:
    words = ("--save", f"notes={tmp_path / 'notes.json'}", "--timeout", "0")
    result = swap(job, tmp_path, *words, "--set", "swaps.on_failure=continue_with_current")
    assert (result.exit_code, "stays on role:worker=here:small" in result.stderr) == (7, True)


def test_a_job_goes_with_a_role_and_not_with_a_model(job: Command) -> None:
    assert job("run", "Hi.", "--job", "job-7").exit_code == 2
    assert job("run", "Hi.", "--job", "job-7", "--role", "worker", "--model", "here:x").exit_code == 2
