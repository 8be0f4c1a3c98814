"""``providers`` and ``secrets``: what is registered is used by the next command, and nothing tells a key."""

import asyncio
import json
import os
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import click
import pytest
from click.testing import Result

from provider_runtime.cli.registry.folder import DataFolder, usual_folder
from provider_runtime.testing.sandbox import Fault, Sandbox

Command = Callable[..., Result]
KEY = "acme-Qm4w8ZtR2yLk9XvB3nHd6TfPq1sJ"
ACME = ("providers", "add", "acme", "--base-url", "https://llm.example.com/v1")


def add_local(command: Command, sandbox: Sandbox, *more: str) -> Result:
    return command("providers", "add", "mine", "--tier", "local", "--base-url", sandbox.compatible_url, *more)


def shown(command: Command, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(command("providers", "show", name, "--json").stdout)
    return found


def config_of(command: Command, name: str) -> dict[str, object]:
    config = shown(command, name)["config"]
    assert isinstance(config, dict)
    return config


def test_nothing_is_made_before_something_is_kept(command: Command, tmp_path: Path) -> None:
    assert command("providers", "list").exit_code == 0
    assert command("secrets", "list").exit_code == 0
    assert command("explain", "Hello.", "--model", "openai:gpt-5-mini").exit_code == 0
    assert not (tmp_path / "data").exists()


def test_a_registered_local_server_answers_without_a_key(command: Command, sandbox: Sandbox) -> None:
    assert add_local(command, sandbox).exit_code == 0
    result = command("run", "Hello.", "--model", "mine:some-model")
    assert result.exit_code == 0, result.output
    assert [request.credential_sha256 for request in sandbox.requests] == [None]
    assert "mine" in command("explain", "Hello.", "--model", "mine:some-model").stdout


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_server_on_this_machine_is_local_unless_it_is_said_to_be_elsewhere(command: Command, host: str) -> None:
    where = ("--base-url", f"http://{host}:8000/v1")
    assert command("providers", "add", "mine", *where).exit_code == 0
    assert config_of(command, "mine")["tier"] == {"type": "local"}
    refused = command("providers", "add", "other", *where, "--tier", "cloud")
    assert "over https only" in refused.stderr


def test_any_other_server_is_in_the_cloud(command: Command) -> None:
    assert command("providers", "add", "mine", "--base-url", "https://127.0.0.1.example.com/v1").exit_code == 0
    assert config_of(command, "mine")["tier"] == {"type": "cloud"}


def test_a_kept_key_goes_to_the_provider_that_refers_to_it(command: Command, sandbox: Sandbox, tmp_path: Path) -> None:
    words = ("--kind", "openai", "--base-url", sandbox.url, "--tier", "local", "--secret", "acme-key")
    added = command("providers", "add", "acme", *words)
    assert "secrets set acme-key" in added.stderr
    assert command("secrets", "set", "acme-key", input=f"{KEY}\n").exit_code == 0
    assert command("run", "Hello.", "--model", "acme:gpt-5-mini").exit_code == 0
    assert sandbox.requests[0].credential_sha256 == sha256(KEY.encode()).hexdigest()
    assert stat.S_IMODE((tmp_path / "data" / "secrets.json").stat().st_mode) == 0o600
    assert json.loads(command("secrets", "list", "--json").stdout) == [
        {"name": "acme-key", "bound_to": sandbox.url, "used_by": ["acme"]}
    ]


def test_a_record_is_listed_shown_edited_and_removed(command: Command) -> None:
    command(*ACME, "--api-key-env", "ACME_KEY", "--option", "vendor=vllm", "--header", "x-team=search")
    command("providers", "add", "openai")
    listed = json.loads(command("providers", "list", "--json").stdout)
    assert [record["config"]["provider_id"] for record in listed] == ["acme", "openai"]
    assert "ACME_KEY" in command("providers", "list").stdout
    before = shown(command, "acme")
    assert command("providers", "edit", "acme", "--default-model", "large").exit_code == 0
    after = config_of(command, "acme")
    assert (after["default_model"], after["options"], after["headers"]) == (
        "large",
        {"vendor": "vllm"},
        {"x-team": "search"},
    )
    assert shown(command, "acme")["created_at"] == before["created_at"]
    assert "large" in command("providers", "show", "acme").stdout
    assert command("providers", "remove", "acme").exit_code == 0
    assert command("providers", "show", "acme").exit_code == 4


def test_another_address_is_refused_until_the_key_is_bound_to_it(command: Command, sandbox: Sandbox) -> None:
    where = ("--kind", "openai", "--tier", "local", "--base-url", "http://localhost:11434")
    command("providers", "add", "acme", *where, "--secret", "acme")
    edited = command("providers", "edit", "acme", "--base-url", sandbox.url)
    assert "--rebind" in edited.stderr
    command("secrets", "set", "acme", input=KEY)
    refused = command("run", "Hello.", "--model", "acme:gpt-5-mini")
    assert (refused.exit_code, sandbox.requests) == (5, ())
    command("providers", "edit", "acme", "--rebind")
    assert command("run", "Hello.", "--model", "acme:gpt-5-mini").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("providers", "add"), 2),
        (("providers", "add", "acme"), 2),
        (("providers", "add", "a b", "--base-url", "https://llm.example.com"), 2),
        ((*ACME, "--base-url", "http://llm.example.com"), 5),
        ((*ACME, "--base-url", "https://127.0.0.1", "--tier", "cloud"), 5),
        ((*ACME, "--option", "nonsense=1"), 3),
        ((*ACME, "--option", "nonsense"), 2),
        ((*ACME, "--header", "authorization=x"), 2),
        ((*ACME, "--secret", "a", "--api-key-env", "B"), 2),
        ((*ACME, "--keyring", "nocolon"), 2),
        (("providers", "edit", "nobody", "--rebind"), 4),
        (("providers", "check", "nobody"), 4),
        (("providers", "check"), 3),
        (("providers", "import", "no-such-file"), 2),
        (("secrets", "set", "nobody"), 2),
        (("secrets", "set", "acme", "--origin", "no origin"), 2),
        (("secrets", "set", "openai", "--origin", "https://a.example.com", "--provider", "openai"), 2),
        (("secrets", "remove", "nothing"), 7),
    ],
)
def test_what_cannot_be_is_refused_with_its_exit_code(command: Command, words: tuple[str, ...], code: int) -> None:
    result = command(*words, input="")
    assert result.exit_code == code, result.output
    assert result.stderr
    assert command("providers", "list", "--json").stdout.strip() == "[]"


def test_an_id_is_registered_once(command: Command) -> None:
    assert command(*ACME).exit_code == 0
    assert command(*ACME).exit_code == 7


@pytest.mark.parametrize("given", ["", "  \n", "none\n", "two words\n", "schlüssel\n"])
def test_what_is_no_key_is_not_kept(command: Command, given: str) -> None:
    assert command("secrets", "set", "openai", input=given).exit_code == 2
    assert json.loads(command("secrets", "list", "--json").stdout) == []


def test_a_check_tells_each_providers_state_and_what_to_do(command: Command, sandbox: Sandbox) -> None:
    add_local(command, sandbox)
    command("providers", "add", "claude", "--kind", "anthropic", "--tier", "local", "--base-url", sandbox.url)
    result = command("providers", "check", "--json")
    assert result.exit_code == 6
    states = {health["provider_id"]: health["status"]["type"] for health in json.loads(result.stdout)}
    assert states == {"claude": "unauthorised", "mine": "ready"}
    table = command("providers", "check", "mine")
    assert (table.exit_code, "ready" in table.stdout) == (0, True)
    sandbox.fail_next(1, Fault.status(503))
    assert "degraded" in command("providers", "check", "mine").stdout


def test_the_models_of_registered_providers_are_listed_as_run_takes_them(command: Command, sandbox: Sandbox) -> None:
    command("providers", "add", "mine", "--kind", "ollama", "--tier", "local", "--base-url", sandbox.url)
    result = command("models", "discover")
    assert (result.exit_code, "mine:qwen3:4b" in result.stdout) == (0, True)
    assert "qwen3:4b" in command("models", "discover", "-p", "mine", "--json").stdout
    sandbox.fail_next(1, Fault.status(503))
    failed = command("models", "discover")
    assert (failed.exit_code, failed.stdout) == (6, "")
    assert "mine" in failed.stderr


def test_an_export_moves_the_records_to_another_folder(command: Command, tmp_path: Path) -> None:
    command(*ACME, "--secret", "acme")
    command("providers", "add", "openai")
    document = tmp_path / "providers.json"
    assert command("providers", "export", str(document)).exit_code == 0
    there = ("--data", str(tmp_path / "elsewhere"))
    assert command("providers", "import", str(document), *there).exit_code == 0
    again = command("providers", "import", "-", *there, input=document.read_bytes())
    assert "As it was" in again.stdout
    assert command("providers", "export", *there).stdout == document.read_text()


def test_an_import_changes_nothing_unless_told_and_never_where_a_key_goes(command: Command, tmp_path: Path) -> None:
    command(*ACME, "--api-key-env", "ACME_KEY")
    forged = command("providers", "export").stdout.replace("llm.example.com", "attacker.example.com")
    refused = command("providers", "import", "-", input=forged)
    assert refused.exit_code == 7
    assert config_of(command, "acme")["base_url"] == "https://llm.example.com/v1"
    replaced = command("providers", "import", "-", "--replace", input=forged)
    assert (replaced.exit_code, "refused" in replaced.stderr) == (0, True)
    assert config_of(command, "acme")["bound_to"] == "https://llm.example.com:443"


@pytest.mark.parametrize(
    "document", ["{}", '{"providers": [{"provider_id": "a"}]}', '{"providers": [], "api_key": "tell-nobody-1"}', "x"]
)
def test_a_document_that_is_none_is_named_by_place(command: Command, document: str) -> None:
    result = command("providers", "import", "-", input=document)
    assert result.exit_code == 3
    assert "tell-nobody" not in result.output


def test_local_servers_are_found_and_registered(command: Command, sandbox: Sandbox) -> None:
    told = command("providers", "add", "--local", "--port", str(sandbox.port))
    assert (told.exit_code, "not registered" in told.stdout) == (0, True)
    assert command("providers", "list", "--json").stdout.strip() == "[]"
    done = command("providers", "add", "--local", "--port", str(sandbox.port), "--yes")
    name = f"ollama-{sandbox.port}"
    assert f"{name}: http://localhost:{sandbox.port}" in done.stdout
    assert all(request.method == "GET" and request.credential_sha256 is None for request in sandbox.requests)
    assert command("run", "Hello.", "--model", f"{name}:qwen3:4b").exit_code == 0
    assert "registered before" in command("providers", "add", "--local", "--port", str(sandbox.port), "--yes").stdout


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({}, "linux", "/home/ada/.local/share/provider-runtime"),
        ({"XDG_DATA_HOME": "/data"}, "linux", "/data/provider-runtime"),
        ({"XDG_DATA_HOME": "relative"}, "linux", "/home/ada/.local/share/provider-runtime"),
        ({}, "darwin", "/home/ada/Library/Application Support/provider-runtime"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/provider-runtime"),
    ],
)
def test_the_usual_folder_is_that_of_the_platform(environment: dict[str, str], platform: str, folder: str) -> None:
    assert usual_folder(environment, platform, Path("/home/ada")) == Path(folder)


def test_a_machine_without_a_home_calls_as_ever_and_keeps_nothing() -> None:
    nowhere = DataFolder(usual_folder({}, "linux", None))
    assert [config.provider_id for config in asyncio.run(nowhere.providers())][:1] == ["openai"]
    assert nowhere.secret_file is None
    with pytest.raises(click.UsageError, match="--data"):
        nowhere.secrets()


def test_the_folder_of_an_option_goes_before_the_variable(command: Command, tmp_path: Path) -> None:
    command(*ACME, "--data", str(tmp_path / "other"))
    assert (tmp_path / "other" / "records.sqlite").exists()
    assert not Path(os.environ["PROVIDER_RUNTIME_DATA"]).exists()
