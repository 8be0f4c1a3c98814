"""Following pages in a real shell: commands as they stand there, in one folder, with programs that stay.

What the line above a block says: ``<!-- terminal: NAME -->``, its command runs in a terminal of its own until another
one takes its place; ``<!-- sample: exits N -->``, its last command ends so; ``<!-- sample: needs an index -->``, it
installs, which whoever follows may have done otherwise.
"""

import os
import re
import signal
import socket
import subprocess
import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Self

from attrs import define, field
from doc_pages import Block, blocks, says_the_same

_BASH: Final = "/bin/bash"
NEEDS_AN_INDEX: Final = "<!-- sample: needs an index -->"
_TERMINAL: Final = re.compile(r"<!-- terminal: (?P<name>[\w-]+) -->")
_EXITS: Final = re.compile(r"<!-- sample: exits (?P<code>\d+) -->")
_PATIENCE_S: Final = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Terminal:
    """A program that stays, and what it has printed so far."""

    def __init__(self, command: str, folder: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [_BASH, "-c", f"exec {command}"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.screen = ""
        self.ended = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as printed:
            for line in printed:
                with self._news:
                    self.screen += line
                    self._news.notify_all()
        with self._news:
            self.ended = True
            self._news.notify_all()

    def shows(self, text: str) -> bool:
        """Whether the screen comes to show ``text``, before the program ends and patience does."""
        with self._news:
            self._news.wait_for(lambda: self.ended or says_the_same(text, self.screen), _PATIENCE_S)
            return says_the_same(text, self.screen)

    def end(self) -> None:
        """Ctrl-C, and wait."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(_PATIENCE_S)
        self._reader.join(_PATIENCE_S)


@define(kw_only=True)
class ShellReader(AbstractContextManager["ShellReader"]):
    """Somebody who types what pages say, in ``folder``. ``ports``: the ports that pages name, and those used here.

    ``programs`` is the folder of the programs; what is in ``first`` is found before them. ``installs``: follow blocks
    that install, too.
    """

    folder: Path
    programs: Path
    first: tuple[Path, ...] = ()
    ports: dict[str, int]
    installs: bool = False
    environment: dict[str, str] = field(factory=dict)
    _terminals: dict[str, Terminal] = field(factory=dict, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for terminal in self._terminals.values():
            terminal.end()

    def follow(self, page: Path) -> None:
        """Do what the page says, block by block; what it shows must be what comes."""
        for block in blocks(page):
            if block.file:
                (self.folder / block.file).write_text(self._here(block.text), encoding="utf-8")
            if block.language != "console" or (block.above == NEEDS_AN_INDEX and not self.installs):
                continue
            terminal, exits = _TERMINAL.fullmatch(block.above), _EXITS.fullmatch(block.above)
            typed = lines_of(self._here(block.text))
            for number, (command, shown) in enumerate(typed, 1):
                if terminal:
                    self._stay(block, terminal["name"], command, shown)
                else:
                    self._type(block, command, shown, int(exits["code"]) if exits and number == len(typed) else 0)

    def _here(self, text: str) -> str:
        for named, used in self.ports.items():
            text = text.replace(named, str(used))
        return text

    @property
    def _around(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        path = os.pathsep.join((*map(str, self.first), str(self.programs), kept.get("PATH", "")))
        # Programs print at once, as they do at a terminal.
        return {**kept, "PATH": path, "HOME": str(self.folder), "PYTHONUNBUFFERED": "1", **self.environment}

    def _type(self, block: Block, command: str, shown: str, code: int) -> None:
        done = subprocess.run(
            [_BASH, "-c", command],
            cwd=self.folder,
            env=self._around,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        assert done.returncode == code, f"{block.place}: {command}\nended with {done.returncode}:\n{done.stdout}"
        if shown:
            assert says_the_same(shown, done.stdout), f"{block.place}: {command}\n{shown}\ncame as\n{done.stdout}"

    def _stay(self, block: Block, name: str, command: str, shown: str) -> None:
        if name in self._terminals:
            self._terminals[name].end()
        terminal = self._terminals[name] = Terminal(command, self.folder, self._around)
        assert terminal.shows(shown), f"{block.place}: {command}\n{shown}\ncame as\n{terminal.screen}"


def lines_of(text: str) -> list[tuple[str, str]]:
    """The commands of a console block as they are typed, each with the output shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and found[-1][0].endswith("\\"):
            found[-1] = (f"{found[-1][0]}\n{line}", [])
        elif found:
            found[-1][1].append(line)
    return [(command, "\n".join(shown)) for command, shown in found]
