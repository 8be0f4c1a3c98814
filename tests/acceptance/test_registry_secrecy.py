"""A key that was registered stands in the secret store and nowhere else, whatever is done, shown or refused."""

import asyncio
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from provider_runtime.cli.app import app
from provider_runtime.testing.sandbox import Sandbox, Scripted

KEY = "sk-proj-Qm4w8ZtR2yLk9XvB3nHd6TfPq1sJc5Ge"
PLAIN_KEY = "Zk7pQm4w8ZtR2yLk9XvB3nHd6TfPq1sJc5GeMa"  # of no shape that anybody would know
KEYS = (KEY, PLAIN_KEY)
Command = Callable[..., Result]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    served, ready, ended = Sandbox(), threading.Event(), []  # type: ignore[var-annotated]  # of callables

    async def serve() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        async with served:
            ended.append(lambda: loop.call_soon_threadsafe(stop.set))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    yield served
    ended[0]()
    thread.join(10)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    monkeypatch.setenv("PROVIDER_RUNTIME_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "300")  # nothing hides behind a fold

    def run(*words: str, **options: object) -> Result:
        return CliRunner().invoke(app, list(words), **options)  # type: ignore[arg-type]  # options of the runner

    return run


def files_with_a_key(folder: Path) -> set[str]:
    whole = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {path.name for path, content in whole.items() if any(key.encode() in content for key in KEYS)}


def assert_silent(result: Result) -> None:
    told = result.stdout + result.stderr + repr(result.exception)
    for key in KEYS:
        assert key not in told
        assert key[10:22] not in told  # nor a part of it


@pytest.mark.parametrize("key", KEYS, ids=["of a known shape", "of none"])
def test_a_kept_key_is_told_by_no_command(command: Command, sandbox: Sandbox, tmp_path: Path, key: str) -> None:
    echo = Scripted(status=401, json={"error": {"message": f"Incorrect API key provided: {key}", "code": key}})
    where = ("--kind", "openai", "--tier", "local", "--base-url", sandbox.url)
    document = str(tmp_path / "providers.json")
    for words in (
        ("providers", "add", "acme", *where, "--secret", "acme"),
        ("secrets", "set", "acme"),
        ("providers", "list"),
        ("providers", "list", "--json"),
        ("providers", "show", "acme"),
        ("providers", "show", "acme", "--json"),
        ("providers", "export"),
        ("providers", "export", document),
        ("providers", "import", document),
        ("providers", "edit", "acme", "--default-model", "m"),
        ("secrets", "list"),
        ("secrets", "list", "--json"),
        ("providers", "check"),
        ("providers", "check", "--json"),
        ("run", "Hello.", "--model", "acme:gpt-5-mini", "--receipts", str(tmp_path / "receipts.jsonl")),
        ("run", "Hello.", "--model", "acme:gpt-5-mini", "--json"),
        ("explain", "Hello.", "--model", "acme:gpt-5-mini", "--json"),
        ("providers", "edit", "acme", "--base-url", "http://localhost:11434"),
        ("run", "Hello.", "--model", "acme:gpt-5-mini"),
        ("providers", "check"),
        ("providers", "remove", "acme"),
    ):
        sandbox.script("/v1/models", echo)
        sandbox.script("/v1/responses", echo)
        assert_silent(command(*words, input=key if words[:2] == ("secrets", "set") else ""))
    assert any(request.credential_sha256 for request in sandbox.requests), "the key was used, so it could have leaked"
    assert files_with_a_key(tmp_path) == {"secrets.json"}
    assert_silent(command("secrets", "remove", "acme"))
    assert files_with_a_key(tmp_path) == set()


@pytest.mark.parametrize(
    "words",
    [
        ("secrets", "set", "openai", KEY),
        ("secrets", "set", KEY),
        ("secrets", "set", KEY, "--provider", "openai"),
        ("secrets", "set", "openai", "--origin", KEY),
        ("secrets", "set", "openai", "--value", KEY),
        ("secrets", "set", "openai", f"--key={KEY}"),
        ("secrets", "remove", KEY),
        ("providers", "add", "openai", "--api-key-env", KEY),
        ("providers", "add", "openai", "--secret", KEY),
        ("providers", "add", "openai", "--keyring", KEY),
        ("providers", "add", "openai", "--keyring", f"service:{KEY}"),
        ("providers", "add", "openai", "--key-file", KEY),
        ("providers", "add", "openai", "--default-model", KEY),
        ("providers", "add", "openai", "--header", f"x-gateway={KEY}"),
        ("providers", "add", "openai", "--header", f"authorization={KEY}"),
        ("providers", "add", "openai", "--header", KEY),
        ("providers", "add", "openai", "--option", f"api_key={KEY}"),
        ("providers", "add", "acme", "--base-url", f"https://{KEY}@llm.example.com"),
        ("providers", "add", "acme", "--base-url", f"https://llm.example.com/v1?key={KEY}"),
        ("providers", "add", "acme", "--base-url", "https://llm.example.com", "--option", f"vendor={KEY}"),
        ("providers", "add", "openai", "--network", KEY),
        ("providers", "add", "openai", f"--api-key={KEY}"),
    ],
    ids=" ".join,
)
def test_a_key_in_the_wrong_place_is_refused_not_repeated_and_not_kept(
    command: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    result = command(*words, input=PLAIN_KEY)
    assert result.exit_code != 0
    assert_silent(result)
    assert files_with_a_key(tmp_path) == set()


def a_document(field: str) -> str:
    return f'{{"providers":[{{"provider_id":"a","kind":"openai","base_url":"https://a.example.com",{field}}}]}}'


@pytest.mark.parametrize(
    "document",
    [
        a_document(f'"api_key":"{KEY}"'),
        a_document(f'"credential":"{KEY}"'),
        a_document(f'"headers":{{"x-a":"{KEY}"}}'),
        a_document(f'"headers":{{"{KEY}":"a"}}'),
        a_document(f'"{KEY}":1'),
        f'{{"{KEY}": 1}}',
        KEY,
    ],
)
def test_a_document_with_a_key_is_not_imported(command: Command, tmp_path: Path, document: str) -> None:
    result = command("providers", "import", "-", input=document)
    assert result.exit_code == 3
    assert_silent(result)
    assert files_with_a_key(tmp_path) == set()


def test_a_key_that_is_typed_at_the_terminal_is_not_shown(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "provider_runtime", "secrets", "set", "openai", "--data", str(tmp_path / "data")],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,  # or it would ask whoever runs the tests
        close_fds=True,
    )
    os.close(theirs)
    shown = b""
    while b"https://api.openai.com" not in shown:
        shown += os.read(ours, 1024)
    os.write(ours, KEY.encode() + b"\n")
    while b"Kept openai" not in shown:
        shown += os.read(ours, 1024)
    assert program.wait(30) == 0
    os.close(ours)
    assert KEY.encode() not in shown
    assert files_with_a_key(tmp_path) == {"secrets.json"}
