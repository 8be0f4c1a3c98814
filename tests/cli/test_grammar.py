"""One grammar for all commands: how they are called, what they print, how they fail."""

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result
from pseudo_terminal import at_terminal, environment
from reference_output import SHAPES
from warm_program import run

from provider_runtime.cli.app import SECTIONS, app
from provider_runtime.testing.sandbox import Sandbox

Command = Callable[..., Result]
# What is done is told in a sentence, or the output is a document of its own.
WITHOUT_JSON = frozenset(
    {
        "models export",
        "providers export",
        "providers import",
        "providers remove",
        "secrets set",
        "secrets remove",
        "profiles remove",
        "profiles use",
        "budget remove",
        "budget use",
        "completion",
        "consent key",
        "receipts key",
        "report",
        "sessions remove",
        "snapshots export",
        "snapshots import",
        "snapshots remove",
    }
)
# The same thing is called the same, and means the same wherever it stands.
MEANT_BY = {
    "--json": "as_json",
    "--data": "folder",
    "--model": "model",
    "--role": "role",
    "--job": "job",
    "--profile": "profile",
    "--set": "pairs",
    "--yes": "yes",
    "--quiet": "quiet",
    "--verbose": "verbose",
    "--base-url": "base_url",
    "--kind": "kind",
    "--policy": "policy",
    "--deadline": "deadline",
}
SHORT = {
    "-m": "--model",
    "-f": "--file",
    "-o": "--output",
    "-p": "--provider",
    "-q": "--quiet",
    "-v": "--verbose",
    "-y": "--yes",
    "-h": "--help",
}
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def commands(group: click.Group = app, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


ALL = dict(commands())


def options(command: click.Command) -> list[click.Option]:
    return [option for option in command.params if isinstance(option, click.Option)]


@pytest.mark.parametrize("path", ALL)
def test_every_command_shows_an_example_of_itself_and_the_exit_codes(path: str) -> None:
    command = ALL[path]
    _, _, examples = (command.help or "").partition("\b\n")
    assert f"provider-runtime {path}" in examples
    assert (command.epilog or "").startswith("Exit codes:")


@pytest.mark.parametrize("path", ALL)
def test_every_command_that_prints_data_prints_it_as_json_too(path: str) -> None:
    has_json = any("--json" in option.opts for option in options(ALL[path]))
    assert has_json is (path not in WITHOUT_JSON)


def test_the_shape_of_every_json_is_documented() -> None:
    assert set(SHAPES) == set(ALL) - WITHOUT_JSON


@pytest.mark.parametrize("path", ALL)
def test_options_are_called_the_same_everywhere(path: str) -> None:
    for option in options(ALL[path]):
        long = next(name for name in option.opts if name.startswith("--"))
        assert option.name == MEANT_BY.get(long, option.name)
        assert [SHORT.get(name) for name in option.opts if not name.startswith("--")] in ([], [long])
        assert long == long.lower()
        assert "_" not in long
        assert option.help
        assert option.help[0].isupper() or not option.help[0].isalpha() or ":" in option.help[:24]
        assert option.help.endswith((".", ")", "?"))


@pytest.mark.parametrize("path", ALL)
def test_the_sentence_of_a_command_in_the_list_is_the_first_of_its_own_help(path: str) -> None:
    top = path.split(maxsplit=1)[0]
    listed = next(one for section in SECTIONS for one in section.commands if one.name == top)
    text = " ".join((app.commands[top].help or "").partition("\b")[0].split())
    assert text.startswith(listed.sentence.rstrip("."))
    assert listed.sentence.endswith(".")


@pytest.mark.parametrize("path", ALL)
def test_an_option_that_is_not_known_ends_with_2_and_shows_where_help_is(command: Command, path: str) -> None:
    result = command(*path.split(), "--nonsense")
    assert result.exit_code == 2
    assert "--nonsense" in result.stderr
    assert "--help" in result.stderr


# ── failures ────────────────────────────────────────────────────────────────────────────────

FAILURES = {
    "a setting that is none": (["config", "show", "--set", "retry.max_atempts=1"], 3),
    "a workspace that is not there": (["doctor", "--workspace", "/nowhere/at/all"], 3),
    "a model of nobody": (["run", "Hi.", "--model", "nobody-knows-this"], 4),
    "a key that is missing": (["run", "Hi.", "--model", "openai:gpt-5-mini"], 3),
    "a refusal": (["run", "Hi.", "--model", "openai:gpt-5-mini", "--policy", "locked"], 5),
    "nobody at the other end": (["run", "Hi.", "--model", "a:b", "--base-url", "http://127.0.0.1:FREE"], 6),
    "a profile of nobody": (["profiles", "show", "nobody"], 7),
    "a provider of nobody": (["providers", "show", "nobody"], 4),
    "a secret of nobody": (["secrets", "remove", "nobody"], 7),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_says_what_happened_its_code_and_the_way_out_and_ends_with_its_family(
    tmp_path: Path, case: str
) -> None:
    words, exit_code = FAILURES[case]
    with socket.socket() as taken:  # and free again
        taken.bind(("127.0.0.1", 0))
        words = [word.replace("FREE", str(taken.getsockname()[1])) for word in words]
    more = {"PROVIDER_RUNTIME_DATA": str(tmp_path / "data")}
    done = run(words, environment=environment(**more), folder=tmp_path)
    assert done.exit_code == exit_code, done.stderr
    shown = done.stdout if words[0] == "doctor" else done.stderr
    assert "Traceback" not in done.stderr
    if words[0] == "doctor":
        assert "→" in shown
        return
    assert shown.startswith("Error: ")
    assert re.search(r"^  code +[a-z_]+", shown, re.MULTILINE)
    assert "\n→ " in shown
    assert done.stdout == ""
    assert not ANSI.search(shown)


# ── terminals ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def kept(command: Command, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with long names in it: a provider, a profile, a receipt."""
    folder = tmp_path / "work"
    monkeypatch.delenv("PROVIDER_RUNTIME_DATA")
    command("init", str(folder), "--quiet")
    monkeypatch.chdir(folder)
    words = ("--tier", "local", "--base-url", sandbox.compatible_url, "--api-key-env", "A_VERY_LONG_NAME_OF_A_VARIABLE")
    monkeypatch.setenv("A_VERY_LONG_NAME_OF_A_VARIABLE", "a-key-of-no-worth")
    command("providers", "add", "the-provider-with-the-long-name", *words)
    assign = "reviewer-of-everything=the-provider-with-the-long-name:the-model-with-the-even-longer-name"
    command("profiles", "add", "team", "--assign", assign, "--use")
    result = command("run", "Hello.", "--role", "reviewer-of-everything")
    assert result.exit_code == 0, result.stderr
    return folder


TABLES = {
    "providers list": ["providers", "list"],
    "providers show": ["providers", "show", "the-provider-with-the-long-name"],
    "providers check": ["providers", "check"],
    "profiles list": ["profiles", "list"],
    "profiles show": ["profiles", "show"],
    "config show": ["config", "show", "--origin", "--all"],
    "doctor": ["doctor", "--offline"],
    "models list": ["models", "list", "claude-sonnet"],
    "models show": ["models", "show", "anthropic:claude-sonnet-4-5"],
    "receipts list": ["receipts", "list", ".provider-runtime/receipts.sqlite"],
    "explain": ["explain", "Hello.", "--role", "reviewer-of-everything"],
    "help": ["--help"],
    "help of run": ["run", "--help"],
}


@pytest.mark.parametrize(
    ("columns", "names"), [(60, tuple(TABLES)), (200, ("providers list", "config show", "doctor"))]
)
def test_every_table_fits_the_terminal(kept: Path, columns: int, names: tuple[str, ...]) -> None:
    more = {"A_VERY_LONG_NAME_OF_A_VARIABLE": "a-key-of-no-worth"}
    for name in names:
        words = TABLES[name]
        shown = at_terminal(words, columns=columns, folder=kept, more=more)
        assert shown.exit_code == 0, f"{name}: {shown.text}"
        lines = [ANSI.sub("", line) for line in shown.lines]
        # Examples in a help text, and where a file is, are there to be copied, and stay whole.
        copied = [str(kept)] + (["provider-runtime"] if name.startswith("help") else [])
        tables = [line for line in lines if not any(text in line for text in copied)]
        widest = max(tables, key=len)
        assert len(widest) <= columns, f"{name}: {widest!r}"
        assert "…" not in "".join(tables), f"{name} cuts something off"


def test_a_terminal_gets_colour_and_nobody_else_does(kept: Path) -> None:
    words = ["doctor", "--offline"]
    more = {"A_VERY_LONG_NAME_OF_A_VARIABLE": "a-key-of-no-worth"}
    assert ANSI.search(at_terminal(words, columns=80, folder=kept, more=more).text)
    for quiet in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert not ANSI.search(at_terminal(words, columns=80, folder=kept, more={**more, **quiet}).text)
    error = ["profiles", "show", "nobody"]
    assert ANSI.search(at_terminal(error, columns=80, folder=kept, more=more).text)
    assert not ANSI.search(at_terminal(error, columns=80, folder=kept, more={**more, "NO_COLOR": "1"}).text)


def test_what_is_piped_has_neither_colour_nor_blanks_at_the_ends_of_lines(kept: Path, command: Command) -> None:
    for name, words in TABLES.items():
        piped = command(*words, env={"COLUMNS": None})
        assert piped.exit_code == 0, name
        assert not ANSI.search(piped.output), name
        assert not any(line != line.rstrip() for line in piped.stdout.splitlines()), name
    done = run(["doctor", "--offline"], environment=environment(), folder=kept)
    assert not ANSI.search(done.stdout + done.stderr)
    assert not any(line != line.rstrip() for line in done.stdout.splitlines())


# ── completion ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_asks_this_program(command: Command, shell: str) -> None:
    script = command("completion", shell)
    assert script.exit_code == 0
    assert f"_PROVIDER_RUNTIME_COMPLETE={shell}_complete" in script.stdout
    assert command("completion", "cmd").exit_code == 2


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["pro"], {"providers", "profiles"}),
        (["profiles", "e"], {"edit"}),
        (["run", "--rol"], {"--role"}),
        (["run", "--policy", "st"], {"standard", "strict"}),
    ],
)
def test_commands_options_and_choices_are_completed(tmp_path: Path, words: list[str], offered: set[str]) -> None:
    line = " ".join(["provider-runtime", *words])
    asked = {"_PROVIDER_RUNTIME_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words))}
    done = run([], environment=environment(**asked), folder=tmp_path)
    assert {line.split(",")[1] for line in done.stdout.splitlines()} == offered
