"""The documentation as its tests see it: pages, their fenced blocks, and running them as a reader would."""

import ast
import asyncio
import contextlib
import doctest
import inspect
import io
import re
import shlex
import sys
import textwrap
from pathlib import Path
from typing import Any, Final

import click
from attrs import frozen
from click.testing import CliRunner

from provider_runtime.cli.app import app
from provider_runtime.composition.presets import PRESETS
from provider_runtime.domain.catalog.credentials import EnvCredential

CHECKOUT: Final = Path(__file__).resolve().parents[2]
SANDBOX_OF_THE_PAGES: Final = "http://127.0.0.1:8765"  # where pages say the sandbox listens
NEEDS_A_KEY: Final = "<!-- sample: needs a key -->"
_FILE: Final = re.compile(r"<!-- file: (?P<name>[\w.-]+) -->")
_FENCE: Final = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w+-]*)[^\n]*\n(?P<text>.*?)^(?P=indent)```\s*$", re.MULTILINE | re.DOTALL
)
_LINK: Final = re.compile(r"(?<!\!)\[[^\]\n]+(?:\n[^\]\n]+)?\]\((?P<target>[^)\s]+)\)")
_HEADING: Final = re.compile(r"^#{1,6} (?P<title>.+)$", re.MULTILINE)
_KEYS: Final = tuple(preset.credential.name for preset in PRESETS if isinstance(preset.credential, EnvCredential))


@frozen(kw_only=True)
class Block:
    """One fenced block. ``above``: the line above it. ``needs_a_key``: it is only read, not run. ``file``: its name."""

    page: Path
    line: int
    language: str
    text: str
    above: str
    needs_a_key: bool
    file: str | None

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(CHECKOUT)}:{self.line}"


def pages() -> list[Path]:
    """Every page a reader can come to."""
    return [CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order, with what the comment right above each says."""
    text = page.read_text("utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        above = text[: fence.start()].rstrip().rsplit("\n", 1)[-1].strip()
        kept_as = _FILE.fullmatch(above)
        found.append(
            Block(
                page=page,
                line=text.count("\n", 0, fence.start()) + 1,
                language=fence["language"],
                text=textwrap.dedent(fence["text"]).strip("\n") + "\n",
                above=above,
                needs_a_key=above == NEEDS_A_KEY,
                file=kept_as["name"] if kept_as else None,
            )
        )
    return found


def links(page: Path) -> list[str]:
    """The targets of the links of a page, those in code left out."""
    text = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text("utf-8")))
    return [link["target"] for link in _LINK.finditer(text)]


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get, as GitHub makes them."""
    titles = (heading["title"] for heading in _HEADING.finditer(_FENCE.sub("", page.read_text("utf-8"))))
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def says_the_same(shown: str, printed: str) -> bool:
    """Whether ``printed`` is what the page shows; ``…`` stands for anything, and white space does not count."""
    if shown.strip() == printed.strip():
        return True
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    # What was printed may hold the sign itself, where a table was cut.
    return doctest.OutputChecker().check_output(shown.replace("…", "..."), printed.replace("…", "..."), flags)


class Reader:
    """Follows one page: one namespace, one event loop for its top-level ``await``, one folder for its files."""

    def __init__(self, sandbox_url: str) -> None:
        self.sandbox_url = sandbox_url
        self.namespace: dict[str, Any] = {"__name__": "sample"}
        self.runner = asyncio.Runner()

    def close(self) -> None:
        self.runner.close()

    def follow(self, page: Path) -> None:
        """Run every block of the page, in order; the output it shows must be the output that comes."""
        printed = ""
        for block in blocks(page):
            text = block.text.replace(SANDBOX_OF_THE_PAGES, self.sandbox_url)
            if block.file:
                Path(block.file).write_text(text, encoding="utf-8")
            if block.language == "python":
                printed = self._python(block, text)
            elif block.language == "console":
                self._console(block, text)
            elif block.language == "output":
                assert says_the_same(text, printed), f"{block.place} shows\n{text}\nand this came:\n{printed}"

    def _python(self, block: Block, text: str) -> str:
        code = compile("\n" * block.line + text, str(block.page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if block.needs_a_key or _is_pytest(text):
            return ""
        with contextlib.redirect_stdout(io.StringIO()) as out:
            # A script that calls asyncio.run itself must not find a loop running.
            if code.co_flags & inspect.CO_COROUTINE:
                self.runner.run(eval(code, self.namespace))  # noqa: S307 - the project's own pages
            else:
                exec(code, self.namespace)  # noqa: S102 - as above
        return out.getvalue()

    def _console(self, block: Block, text: str) -> None:
        for command, shown in commands(text):
            arguments = shlex.split(command)[1:]
            if block.needs_a_key:
                understood(arguments)
                continue
            done = CliRunner().invoke(
                app, arguments, env={**dict.fromkeys((*_KEYS, "COLUMNS")), "PROVIDER_RUNTIME_DATA": "data"}
            )
            assert done.exit_code == 0, f"{block.place}: {command}\n{done.output}\n{done.exception!r}"
            if shown:
                assert says_the_same(shown, done.output), f"{block.place}: {command}\n{shown}\ncame as\n{done.output}"


def _is_pytest(text: str) -> bool:
    return bool(re.search(r"^(async )?def test_|^class Test", text, re.MULTILINE))


def pytest_source(page: Path) -> str:
    """The tests of a page with what it defines for them, as one module; nothing when there are none."""
    texts = [block.text for block in blocks(page) if block.language == "python"]
    if not any(_is_pytest(text) for text in texts):
        return ""
    return "\n\n".join(text for text in texts if _is_pytest(text) or _only_defines(text))


def _only_defines(text: str) -> bool:
    code = compile(text, "sample", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)
    return all(isinstance(statement, kinds) for statement in code.body)


def commands(text: str) -> list[tuple[str, str]]:
    """The ``provider-runtime`` commands of a console block, each with the output shown below it."""
    found: list[tuple[str, list[str]]] = []
    ours = False
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            # What is piped or redirected is the shell's business; the command itself is ours.
            command = re.split(r" (?:\||>|2>) ", line[2:])
            ours = command[0].startswith("provider-runtime")
            if ours:
                found.append((command[0], []))
                ours = len(command) == 1
        elif ours:
            found[-1][1].append(line)
    return [(command, "\n".join(lines)) for command, lines in found]


def understood(arguments: list[str]) -> None:
    """Parse a command without running it. Raises ``click.UsageError`` for one that does not exist."""
    name, command, rest = app.resolve_command(click.Context(app, **app.context_settings), list(arguments))
    assert command is not None
    command.make_context(name, rest, **app.context_settings)


def python_of(done_by: str) -> list[str]:
    """The command that starts this Python with a module."""
    return [sys.executable, "-m", done_by]
