"""Who sits at the terminal, if anybody does."""

import getpass
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

_TERMINAL: Final = Path("/dev/tty")
_NO_NAME: Final = "somebody"
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.:/@+-]+")


def has_terminal() -> bool:
    """Whether a person is there to see a question and to answer it, also where a prompt is piped in."""
    if not sys.stderr.isatty():
        return False
    return sys.stdin.isatty() or _can_be_opened(_TERMINAL)


def asked(question: str, answers: str) -> str:
    """The letter of ``answers`` that the person types; the last of them for none at all.

    Raises ``KeyboardInterrupt`` for whoever leaves instead.
    """
    while True:
        with _interruptible():  # from before the question is seen: whoever reads it may leave at once
            click.echo(f"{question}: ", nl=False, err=True)
            line = _typed_line()
        if not line:
            click.echo(err=True)
            raise KeyboardInterrupt
        letter = line.strip()[:1].lower() or answers[-1]
        if letter in answers:
            return letter
        click.echo(f"Type one of {', '.join(answers)}.", err=True)


def _typed_line() -> str:
    if sys.stdin.isatty():
        return sys.stdin.readline()
    with _TERMINAL.open() as terminal:
        return terminal.readline()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let an interrupt end what blocks now: asyncio's own handler waits for the event loop, which is blocked."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _can_be_opened(path: Path) -> bool:
    try:
        with path.open():
            return True
    except OSError:
        return False


def user_name() -> str:
    """Whoever is logged in, in letters that a record takes."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as some containers have
        name = _NO_NAME
    return _UNFIT.sub("_", name)[:128] or _NO_NAME


def terminal_session() -> str | None:
    """A name for the session of this terminal; ``None`` where there is none.

    The number of the process that leads it, and when that began: numbers are given out again.
    """
    if not has_terminal() or not hasattr(os, "getsid"):
        return None
    leader = os.getsid(0)
    return f"terminal-{leader}-{_began(leader)}"


def _began(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):  # no such folder on this system
        return "0"
