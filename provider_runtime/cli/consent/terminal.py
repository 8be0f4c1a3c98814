"""Who sits at the terminal, if anybody does."""

import getpass
import os
import re
import sys
from pathlib import Path
from typing import Final

_NO_NAME: Final = "somebody"
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.:/@+-]+")


def has_terminal() -> bool:
    """Whether a person is there to see a question and to answer it."""
    return sys.stderr.isatty() and sys.stdin.isatty()


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
