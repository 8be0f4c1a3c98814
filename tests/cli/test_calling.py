"""``run`` and ``explain``, against a sandbox: what goes out, what is shown, how it ends."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import Result

from provider_runtime.adapters.serialization import (
    make_converter,
    request_to_json,
    response_from_json,
)
from provider_runtime.testing.builders import a_request, a_tool
from provider_runtime.testing.sandbox import Fault, Sandbox, Scripted

Command = Callable[..., Result]
KEY = "a-key-for-this-server"
MODELS = {
    "openai": "openai:gpt-5-mini",
    "anthropic": "anthropic:claude-sonnet-4-5",
    "openrouter": "openrouter:anthropic/claude-haiku-4.5",
}


def at(sandbox: Sandbox, model: str = MODELS["openai"]) -> list[str]:
    return ["--model", model, "--base-url", sandbox.url, "--api-key-env", "MY_KEY"]


@pytest.fixture(autouse=True)
def _a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)


@pytest.mark.parametrize("model", MODELS.values())
def test_a_prompt_is_answered_on_standard_output_and_accounted_for_on_standard_error(
    command: Command, sandbox: Sandbox, model: str
) -> None:
    result = command("run", "Why is the sky blue?", *at(sandbox, model))
    assert result.exit_code == 0
    assert "sky blue" in result.stdout
    assert "$" not in result.stdout
    assert model.split(":", maxsplit=1)[0] in result.stderr
    assert " in, " in result.stderr
    assert [request.credential_sha256 for request in sandbox.requests] == [sha256(KEY.encode()).hexdigest()]


def test_a_keyless_compatible_server_is_the_default_kind_of_a_base_url(command: Command, sandbox: Sandbox) -> None:
    result = command("run", "Hello.", "--model", "llama-3", "--base-url", sandbox.compatible_url)
    assert result.exit_code == 0
    assert sandbox.requests[0].credential_sha256 is None
    assert sandbox.requests[0].wire == "openai_compatible"


def test_the_kind_says_which_wire_a_server_speaks(command: Command, sandbox: Sandbox) -> None:
    result = command("run", "Hello.", *at(sandbox, "acme:claude-sonnet-4-5"), "--kind", "anthropic")
    assert result.exit_code == 0
    assert sandbox.requests[0].wire == "anthropic"


def test_the_usual_keys_are_never_sent_to_another_server(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-real-service")
    result = command("run", "Hello.", "--model", MODELS["openai"], "--base-url", sandbox.url)
    assert result.exit_code == 3
    assert sandbox.requests == ()
    assert "sk-of-the-real-service" not in result.output


@pytest.mark.parametrize("words", [[], ["-"]])
def test_standard_input_is_the_prompt_where_none_is_given(command: Command, sandbox: Sandbox, words: list[str]) -> None:
    result = command("run", *words, *at(sandbox), "--system", "Be terse.", input="From a pipe.\n")
    assert result.exit_code == 0
    assert b"From a pipe." in sandbox.requests[0].body
    assert b"Be terse." in sandbox.requests[0].body


def test_quiet_prints_the_answer_alone(command: Command, sandbox: Sandbox) -> None:
    result = command("run", "Hello.", *at(sandbox), "--quiet")
    assert (bool(result.stdout), result.stderr) == (True, "")


def test_options_reach_the_request(command: Command, sandbox: Sandbox) -> None:
    command("run", "Hello.", *at(sandbox), "--max-output-tokens", "77", "--reasoning", "low")
    sent = sandbox.requests[0].json
    assert (sent["max_output_tokens"], sent["reasoning"]["effort"]) == (77, "low")


@pytest.mark.parametrize("source", ["file", "-"])
def test_a_canonical_request_is_read_from_a_file_or_from_standard_input(
    command: Command, sandbox: Sandbox, tmp_path: Path, source: str
) -> None:
    text = request_to_json(make_converter(), a_request("From a file.", tools=[a_tool()], model=MODELS["openai"]))
    file = tmp_path / "request.json"
    file.write_bytes(text)
    words = ["--base-url", sandbox.url, "--api-key-env", "MY_KEY", "--request", str(file) if source == "file" else "-"]
    result = command("run", *words, input=text)
    assert result.exit_code == 0
    sent = sandbox.requests[0].json
    assert sent["tools"][0]["name"] == "get_weather"
    assert "From a file." in json.dumps(sent)


def test_json_output_is_a_canonical_response(command: Command, sandbox: Sandbox) -> None:
    result = command("run", "Hello.", *at(sandbox), "--json")
    response = response_from_json(make_converter(), result.stdout_bytes)
    assert (response.provider, response.finish_reason) == ("openai", "stop")
    assert "Hello." in response.text
    assert result.stderr == ""


@pytest.mark.parametrize("model", MODELS.values())
def test_the_bytes_that_explain_shows_are_the_bytes_that_run_sends(
    command: Command, sandbox: Sandbox, model: str
) -> None:
    words = ["Wörter & <Zeichen>", *at(sandbox, model), "--max-output-tokens", "50"]
    explained = command("explain", *words, "--body")
    assert sandbox.requests == ()
    command("run", *words)
    assert explained.stdout_bytes == sandbox.requests[0].body
    plan = json.loads(command("explain", *words, "--json").stdout)
    assert plan["body_sha256"] == sha256(explained.stdout_bytes).hexdigest()


def test_a_plan_names_route_bytes_gates_and_worst_cost_within_80_columns(command: Command) -> None:
    result = command("explain", "Hello.", "--model", MODELS["openai"])
    assert result.exit_code == 0
    for said in ("openai (cloud)", "https://api.openai.com/v1/responses", "sha256", "$", "not configured"):
        assert said in result.stdout
    for gate in ("capability", "tier", "endpoint", "grants", "consent", "leakage", "budget"):
        assert gate in result.stdout
    assert "Nothing was sent." in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_a_plan_that_would_be_refused_says_so(command: Command) -> None:
    result = command("explain", "Hello.", "--model", MODELS["openai"], "--policy", "locked")
    assert "`run` would be refused." in result.stdout


# ── endings ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["Hello.", "--model", MODELS["openai"]], 3, "OPENAI_API_KEY"),
        (["Hello.", "--model", "openai:x", "--deadline", "0"], 3, "deadline_s"),
        (["Hello.", "--model", "no-such-model-anywhere"], 4, "no provider is known"),
        (["Hello.", "--model", "nobody:x"], 4, "nobody"),
        (["Hello.", "--model", MODELS["openai"], "--policy", "locked"], 5, "HSK-403-GOVERNANCE-LOCKED"),
        (["Hello.", "--model", MODELS["openai"], "--base-url", "no url"], 5, "base URL"),
    ],
)
def test_each_family_of_failure_has_its_exit_code_and_says_the_way_out(
    command: Command, words: list[str], exit_code: int, said: str
) -> None:
    result = command("run", *words)
    assert result.exit_code == exit_code
    assert said in result.stderr
    assert "→ " in result.stderr
    assert result.stderr.startswith("Error: ")
    assert result.stdout == ""


def test_a_provider_that_fails_ends_with_6_and_says_how_often_it_was_asked(command: Command, sandbox: Sandbox) -> None:
    sandbox.script("openai", Scripted(status=400, json={"error": {"message": "This is not possible."}}))
    result = command("run", "Hello.", *at(sandbox))
    assert result.exit_code == 6
    assert "This is not possible." in result.stderr
    for name in ("status_code", "billed", "attempts", "code"):
        assert name in result.stderr


def test_a_rejected_key_ends_with_6_and_is_not_shown(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "wrong-key")
    result = command("run", "Hello.", *at(sandbox))
    assert result.exit_code == 6
    assert "wrong-key" not in result.output


def test_an_answer_that_is_html_is_an_error_without_the_page(command: Command, sandbox: Sandbox) -> None:
    sandbox.fail_next(1, Fault.html(200))
    result = command("run", "Hello.", *at(sandbox))
    assert result.exit_code == 6
    assert "<html" not in result.output.lower()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Hello."], "--model"),
        (["Hello.", "--model", ":x"], "provider:model"),
        (["Hello.", "--model", MODELS["openai"], "--temperature", "9"], "temperature"),
        (["Hello.", "--model", MODELS["openai"], "--max-output-tokens", "0"], "max_output_tokens"),
        (["Hello.", "--model", MODELS["openai"], "--reasoning", "wildly"], "--reasoning"),
        (["Hello.", "--request", "x.json"], "not both"),
        (["--request", "no-such-file.json"], "no-such-file.json"),
        (["", "--model", MODELS["openai"]], "empty"),
    ],
)
@pytest.mark.parametrize("name", ["run", "explain"])
def test_a_command_written_wrongly_ends_with_2_and_says_what_is_wrong(
    command: Command, name: str, words: list[str], said: str
) -> None:
    result = command(name, *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Usage: " in result.stderr


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{", "$"),
        ('{"model": "openai:x"}', "messages"),
        ('{"model": "openai:x", "messages": [], "temprature": 1}', "temprature"),
        ("\x00\xff", "$"),
    ],
)
def test_a_malformed_request_is_refused_by_place_without_being_quoted(
    command: Command, tmp_path: Path, text: str, place: str
) -> None:
    file = tmp_path / "request.json"
    file.write_bytes(text.encode("latin-1"))
    result = command("run", "--request", str(file))
    assert result.exit_code == 5
    assert place in result.stderr
    assert "→ " in result.stderr
