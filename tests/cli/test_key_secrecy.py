"""A key that is kept stands in the secret store, and in nothing that any command prints or writes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from provider_runtime.testing.sandbox import Sandbox

KEY = "sk-made-up-Zk4Vw7Yq8Rt2xLm9Bn3Cd5Fg"
PIECES = tuple(KEY[start : start + 8] for start in range(10, len(KEY) - 8))
Command = Callable[..., Result]


def files(folder: Path) -> dict[str, bytes]:
    """Every file below, but the secret store itself."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != "secrets.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_no_command_shows_a_key_or_leaves_it_in_a_file(
    command: Command, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said: dict[str, str] = {}

    def told(*words: str, **more: Any) -> int:
        result = command(*words, **more)
        said[" ".join(words)] = result.output + result.stderr
        return result.exit_code

    at = ("--kind", "openai", "--base-url", sandbox.url, "--tier", "local", "--secret", "acme-key")
    assert told("providers", "add", "acme", *at) == 0
    assert told("secrets", "set", "acme-key", input=f"{KEY}\n") == 0
    assert told("run", "Hello.", "--model", "acme:gpt-5-mini", "--json") == 0
    for words in (
        ("secrets", "list", "--json"),
        ("providers", "list"),
        ("providers", "show", "acme", "--json"),
        ("providers", "check", "acme"),
        ("providers", "export", "records.json"),
        ("explain", f"My key is {KEY}.", "--model", "acme:gpt-5-mini"),
        ("receipts", "list", "--json"),
        ("receipts", "show"),
        ("traces", "show", "--json"),
        ("report", "-o", "report.html"),
        ("config", "show", "--all", "--json"),
        ("doctor", "--offline", "--json"),
        ("providers", "edit", "acme", "--base-url", "http://127.0.0.1:9"),
        ("run", "Hello.", "--model", "acme:gpt-5-mini"),
        ("secrets", "remove", "acme-key"),
    ):
        assert told(*words) != 2, words  # every one of them is a command that exists
    for name, content in files(tmp_path).items():
        assert not [piece for piece in PIECES if piece.encode() in content], name
    assert {words for words, text in said.items() if any(piece in text for piece in PIECES)} == set()


def test_the_search_finds_a_key_where_one_is_planted(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(f"sent {KEY[12:30]} along")
    assert [name for name, content in files(tmp_path).items() if any(p.encode() in content for p in PIECES)] == [
        "log.txt"
    ]
