"""``consent``, and ``run`` where policy wants it: who is asked, what is shown, what comes of the answer."""

import json
import os
import pty
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from click.testing import Result
from warm_program import ask, warm

from provider_runtime.testing.sandbox import Sandbox

Command = Callable[..., Result]
KEY = "a-key-for-openai"
INTERRUPT = "\x03"
CLOUD = ("Why is the sky blue?", "--model", "openai:gpt-5-mini", "--max-output-tokens", "50")


def here(sandbox: Sandbox, *more: str) -> tuple[str, ...]:
    """A call that consent is wanted for, and that a sandbox answers."""
    return (
        *("Why is the sky blue?", "--model", "local:any", "--base-url", sandbox.compatible_url),
        *("--consent", "always", *more),
    )


def waiting(command: Command, *words: str) -> str:
    """The id of the question about this call."""
    asked = command("consent", "request", *words, "--json")
    assert asked.exit_code == 0, asked.stderr
    request_id: str = json.loads(asked.stdout)["request"]["request_id"]
    return request_id


# ── without a terminal ──────────────────────────────────────────────────────────────────────


def test_a_script_that_would_leave_the_machine_is_refused_and_told_how_to_go_on(
    command: Command, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    refused = command("run", *CLOUD, "--no-keep")
    assert refused.exit_code == 5
    assert "consent_required (HSK-403-CLOUD-CONSENT-REQUIRED)" in refused.stderr
    (row,) = json.loads(command("consent", "list", "--json").stdout)
    request_id = row["request"]["request_id"]
    assert f"provider-runtime consent show {request_id}" in refused.stderr
    assert command("run", *CLOUD, "--no-keep").exit_code == 5
    assert len(json.loads(command("consent", "list", "--json").stdout)) == 1, "the same question waits once"
    assert sandbox.requests == ()
    assert sorted(path.name for path in (tmp_path / "data").iterdir() if "lock" not in path.name) == [
        "consent-signing-key",
        "consents.sqlite",
    ]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()} == {0o600}


def test_a_script_may_be_told_that_nobody_has_to_consent(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    told = command("explain", *CLOUD, "--consent", "never")
    assert "policy wants no consent to this call" in told.stdout
    monkeypatch.setenv("PROVIDER_RUNTIME_CONSENT", "never")
    assert "policy wants no consent to this call" in command("explain", *CLOUD).stdout


def test_nobody_is_asked_about_a_call_that_has_no_key_to_go_with(command: Command, tmp_path: Path) -> None:
    refused = command("run", *CLOUD)
    assert refused.exit_code == 3
    assert "OPENAI_API_KEY" in refused.stderr
    assert command("consent", "list").exit_code == 7


def test_a_call_on_this_machine_asks_nobody_and_leaves_nothing(
    command: Command, sandbox: Sandbox, tmp_path: Path
) -> None:
    local = ("--model", "local:any", "--base-url", sandbox.compatible_url)
    assert command("run", "Hello.", *local, "--no-keep").exit_code == 0
    assert not (tmp_path / "data").exists()


def test_explaining_says_that_consent_is_wanting_and_leaves_nothing(command: Command, tmp_path: Path) -> None:
    plan = command("explain", *CLOUD)
    assert "nobody has consented to this call" in plan.stdout
    assert "`run` would ask for consent first. Nothing was sent." in plan.stdout
    assert not (tmp_path / "data").exists()
    projection = json.loads(command("explain", *CLOUD, "--json").stdout)["projection"]
    assert projection["subject"]["origin"] == "https://api.openai.com:443"


def test_a_question_is_asked_granted_and_used_up(command: Command, sandbox: Sandbox) -> None:
    request_id = waiting(command, *here(sandbox))
    granted = command("consent", "grant", request_id)
    assert granted.exit_code == 0
    assert "Granted consent_" in granted.stdout
    answered = command("run", *here(sandbox))
    assert answered.exit_code == 0
    assert "sky blue" in answered.stdout
    again = command("run", *here(sandbox))
    assert again.exit_code == 5
    assert "consent_used" in again.stderr
    assert len(sandbox.requests) == 1
    table = command("consent", "list", "--all").stdout
    assert "used up" in table
    assert "1/1" in table


def test_another_prompt_is_not_covered_by_a_consent_to_one(command: Command, sandbox: Sandbox) -> None:
    command("consent", "grant", waiting(command, *here(sandbox)), "--uses", "5")
    other = command("run", "And the sea?", *here(sandbox)[1:])
    assert other.exit_code == 5
    assert "other bytes" in other.stderr
    assert sandbox.requests == ()


def test_a_broadcast_covers_whatever_the_script_says_next(command: Command, sandbox: Sandbox) -> None:
    request_id = waiting(command, *here(sandbox))
    granted = command("consent", "grant", request_id, "--scope", "broadcast", "--for", "7d", "--json")
    receipt = json.loads(granted.stdout)
    assert receipt["scope"] == {"type": "broadcast"} or receipt["scope"] == "broadcast"
    assert command("run", "And the sea?", *here(sandbox)[1:]).exit_code == 0
    assert command("run", "And the sea?", *here(sandbox)[1:], "--session", "chat-7").exit_code == 5
    assert len(sandbox.requests) == 1


def test_a_session_covers_what_is_said_in_it(command: Command, sandbox: Sandbox) -> None:
    request_id = waiting(command, *here(sandbox, "--session", "chat-7"))
    assert command("consent", "grant", request_id, "--scope", "session").exit_code == 0
    assert command("run", "And the sea?", *here(sandbox, "--session", "chat-7")[1:]).exit_code == 0
    assert command("run", "And the sea?", *here(sandbox, "--session", "chat-8")[1:]).exit_code == 5


def test_a_denial_is_remembered_and_a_revoked_consent_is_none(command: Command, sandbox: Sandbox) -> None:
    denied = command("consent", "deny", waiting(command, *here(sandbox)), "--note", "not  with\nnames in it")
    assert "Denied consent_" in denied.stdout
    refused = command("run", *here(sandbox))
    assert refused.exit_code == 5
    assert "somebody decided that this call must not be made" in refused.stderr
    request_id = next(
        row["request"]["request_id"]
        for row in json.loads(command("consent", "list", "--json").stdout)
        if row["state"] in ("waiting", {"type": "waiting"})
    )
    command("consent", "grant", request_id)
    assert command("run", *here(sandbox)).exit_code == 0, "the newest decision counts"
    revoked = command("consent", "revoke", request_id, "--reason", "mistake")
    assert "Revoked consent_" in revoked.stdout
    assert command("run", *here(sandbox)).exit_code == 5, "and without it the one before"
    assert len(sandbox.requests) == 1


def test_a_revoked_consent_is_none(command: Command, sandbox: Sandbox) -> None:
    request_id = waiting(command, *here(sandbox))
    command("consent", "grant", request_id, "--uses", "5")
    command("consent", "revoke", request_id)
    assert "consent_revoked" in command("run", *here(sandbox)).stderr
    assert sandbox.requests == ()


def test_one_question_is_shown_whole_and_found_by_the_beginning_of_its_id(command: Command, sandbox: Sandbox) -> None:
    request_id = waiting(command, *CLOUD, "--reason", "tests_failed_twice")
    shown = command("consent", "show", request_id[:8])
    assert shown.exit_code == 0
    for told in ("openai (cloud)", "api.openai.com/v1/responses", "sha256", "at most $", "tests_failed_twice"):
        assert told in shown.stdout
    assert "sky blue" not in shown.stdout
    assert f"consent grant {request_id}" in shown.stderr
    command("consent", "grant", request_id[:8], "--as", "ada", "--max-cost", "0.05")
    shown = command("consent", "show", request_id)
    for told in ("holds", "yes, by ada", "$0.050000", "signed", "ed25519:"):
        assert told in shown.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("grant", "req_nothing"), 7),
        (("show", "req_nothing"), 7),
        (("revoke", "consent_nothing"), 7),
        (("grant", "req_x", "--for", "soon"), 2),
        (("grant", "req_x", "--uses", "0"), 2),
        (("grant", "req_x", "--scope", "everything"), 2),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(command: Command, words: tuple[str, ...], code: int) -> None:
    waiting(command, *CLOUD)
    refused = command("consent", *words)
    assert refused.exit_code == code
    assert refused.stderr


def test_a_session_that_the_call_does_not_have_cannot_be_consented_to(command: Command) -> None:
    refused = command("consent", "grant", waiting(command, *CLOUD), "--scope", "session")
    assert refused.exit_code == 3
    assert "names no session" in refused.stderr


def test_a_secret_is_not_asked_about_but_refused(command: Command, sandbox: Sandbox) -> None:
    words = "remember ghp_Zk4Vw7Yq8Rt2xLm9Bn3Cd5Fg6Hj1KpQs0Tu"
    refused = command("consent", "request", words, *CLOUD[1:])
    assert refused.exit_code == 5
    assert "leakage_found" in refused.stderr
    assert "ghp_" not in refused.output
    assert sandbox.requests == ()


def test_the_key_that_signs_is_printed_for_others_to_trust(command: Command) -> None:
    printed = command("consent", "key").stdout.strip()
    assert printed.startswith("ed25519:")
    assert command("consent", "key").stdout.strip() == printed


def test_a_changed_key_takes_its_decisions_along(command: Command, sandbox: Sandbox, tmp_path: Path) -> None:
    command("consent", "grant", waiting(command, *here(sandbox)))
    (tmp_path / "data" / "consent-signing-key").unlink()
    refused = command("run", *here(sandbox))
    assert refused.exit_code == 5
    assert sandbox.requests == ()


def test_a_new_key_voids_what_was_consented_to_under_the_old_one(command: Command, sandbox: Sandbox) -> None:
    words = ("Hi.", "--model", "acme:any", "--consent", "always")
    command("providers", "add", "acme", "--base-url", sandbox.compatible_url, "--tier", "local", "--secret", "acme")
    command("secrets", "set", "acme", input="key-one\n")
    command("consent", "grant", waiting(command, *words), "--uses", "5")
    assert command("run", *words).exit_code == 0
    told = command("secrets", "set", "acme", input="key-two\n")
    assert "1 consent is void" in told.stderr
    assert "consent_revoked" in command("run", *words).stderr
    assert len(sandbox.requests) == 1


def test_an_edited_record_is_another_one_and_a_removed_one_takes_its_consents_along(
    command: Command, sandbox: Sandbox
) -> None:
    words = ("Hi.", "--model", "acme:any", "--consent", "always")
    adding = ("providers", "add", "acme", "--base-url", sandbox.compatible_url, "--tier", "local")
    command(*adding)
    command("consent", "grant", waiting(command, *words), "--uses", "5")
    command("providers", "edit", "acme", "--header", "x-gateway=eu")
    assert "record" in command("run", *words).stderr
    command("providers", "remove", "acme")
    command(*adding)
    assert "consent_revoked" in command("run", *words).stderr
    assert sandbox.requests == ()


def test_an_empty_folder_says_so(command: Command) -> None:
    assert command("consent", "list").exit_code == 7


# ── at a terminal ───────────────────────────────────────────────────────────────────────────


def at_a_terminal(
    data: Path, answer: str | None, *words: str, piped: bytes | None = None, own: bool = False
) -> tuple[int, str, str]:
    """Exit code, standard output, and what the person saw, who typed ``answer`` once they were asked.

    ``own``: the terminal is that of the program, as a shell would have it.
    """
    person, screen = pty.openpty()
    here = {**os.environ, "PROVIDER_RUNTIME_DATA": str(data), "COLUMNS": "100", "TERM": "dumb"}
    with TemporaryFile() as printed, TemporaryFile() as given:
        given.write(piped or b"")
        given.seek(0)
        streams = (screen if piped is None else given.fileno(), printed.fileno(), screen)
        program = ask(
            warm().place, ["run", *words], streams=streams, environment=here, folder=Path.cwd(), own_terminal=own
        )
        os.close(screen)
        seen = _seen_and_answered(person, answer)
        code = program.wait()
        printed.seek(0)
        return code, printed.read().decode(), seen


def _seen_and_answered(person: int, answer: str | None) -> str:
    seen = ""
    while True:
        try:
            piece = os.read(person, 4096).decode(errors="replace")
        except OSError:  # nobody writes there any more
            piece = ""
        if not piece:
            os.close(person)
            return seen
        seen += piece
        if answer is not None and "Send it?" in seen:
            os.write(person, answer.encode() if answer == INTERRUPT else f"{answer}\n".encode())
            answer = None


def test_a_person_is_shown_the_plan_and_asked_and_once_is_once(tmp_path: Path, sandbox: Sandbox) -> None:
    code, output, seen = at_a_terminal(tmp_path / "data", "o", *here(sandbox))
    assert (code, "sky blue" in output) == (0, True)
    for told in ("would leave your machine", "local (local), model any", "bytes, sha256", "Send it?"):
        assert told in seen
    assert len(sandbox.requests) == 1
    code, output, seen = at_a_terminal(tmp_path / "data", "n", *here(sandbox))
    assert (code, output) == (5, "")
    assert "somebody decided that this call must not be made" in seen
    assert len(sandbox.requests) == 1


def test_for_this_session_nobody_is_asked_again_at_this_terminal(tmp_path: Path, sandbox: Sandbox) -> None:
    assert at_a_terminal(tmp_path / "data", "s", *here(sandbox))[0] == 0
    code, _, seen = at_a_terminal(tmp_path / "data", None, "And the sea?", *here(sandbox)[1:])
    assert code == 0
    assert "Send it?" not in seen
    assert len(sandbox.requests) == 2
    code, _, seen = at_a_terminal(tmp_path / "data", "n", "And the sea?", *here(sandbox, "--session", "other")[1:])
    assert code == 5
    assert "Send it?" in seen
    assert len(sandbox.requests) == 2


def test_a_person_whose_prompt_is_piped_in_is_asked_at_the_terminal(tmp_path: Path, sandbox: Sandbox) -> None:
    words = here(sandbox)[1:]
    code, output, seen = at_a_terminal(tmp_path / "data", "o", *words, piped=b"Review this: a = 1", own=True)
    assert code == 0, seen
    assert "Review this" in output
    assert "Send it?" in seen
    assert len(sandbox.requests) == 1


def test_whoever_leaves_instead_of_answering_has_decided_nothing(tmp_path: Path, sandbox: Sandbox) -> None:
    code, output, seen = at_a_terminal(tmp_path / "data", INTERRUPT, *here(sandbox), own=True)
    assert (code, output) == (130, "")
    assert "Interrupted." in seen
    assert sandbox.requests == ()


def test_an_answer_that_is_none_is_asked_for_again_and_no_answer_is_a_no(tmp_path: Path, sandbox: Sandbox) -> None:
    code, _, seen = at_a_terminal(tmp_path / "data", "perhaps\no", *here(sandbox))
    assert code == 0
    assert "Type one of o, s, n." in seen
    assert at_a_terminal(tmp_path / "data", "", *here(sandbox))[0] == 5
    assert len(sandbox.requests) == 1


def test_whoever_said_no_may_say_yes_the_next_time(tmp_path: Path, sandbox: Sandbox) -> None:
    assert at_a_terminal(tmp_path / "data", "n", *here(sandbox))[0] == 5
    assert at_a_terminal(tmp_path / "data", "o", *here(sandbox))[0] == 0
    assert len(sandbox.requests) == 1


def test_the_answer_stays_clean_where_it_is_piped(tmp_path: Path, sandbox: Sandbox) -> None:
    code, output, _ = at_a_terminal(tmp_path / "data", "o", *here(sandbox, "--json"))
    assert code == 0
    assert json.loads(output)["call_id"]
