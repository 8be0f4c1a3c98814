"""A real terminal for a command: a pseudo-terminal of a given width, and what was written to it."""

import fcntl
import os
import pty
import select
import struct
import termios
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import frozen
from warm_program import ask, warm

_CHECKOUT = Path(__file__).resolve().parents[1]
_AS_EVERYWHERE = ("PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT")


@frozen
class Shown:
    """What a person saw, and how the command ended."""

    text: str
    exit_code: int

    @property
    def lines(self) -> list[str]:
        """What was seen, line by line; a line that was written over is one of its own."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def environment(**more: str) -> dict[str, str]:
    """The environment of a command that is tested: nothing of whoever runs the tests but what programs need."""
    usual = {name: os.environ[name] for name in _AS_EVERYWHERE if name in os.environ}
    path = os.pathsep.join(filter(None, (str(_CHECKOUT), usual.get("PYTHONPATH", ""))))
    return {**usual, "PYTHONPATH": path, "TERM": "xterm-256color", **more}


def at_terminal(
    words: Sequence[str], *, columns: int, folder: Path, answers: str = "", more: Mapping[str, str] | None = None
) -> Shown:
    """Run ``provider-runtime`` with ``words`` at a terminal; ``answers`` are what the person types."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    streams = (theirs, theirs, theirs)
    running = ask(warm().place, words, streams=streams, environment=environment(**(more or {})), folder=folder)
    os.close(theirs)
    if answers:
        os.write(ours, answers.encode())
    written = b"".join(_all_of(ours))
    os.close(ours)
    return Shown(written.decode(), running.wait())


def _all_of(terminal: int) -> Iterator[bytes]:
    """What is written to it, until the program has gone."""
    while True:
        ready, _, _ = select.select([terminal], [], [], 60)
        try:
            chunk = os.read(terminal, 65536) if ready else b""
        except OSError:  # how Linux says that nobody is at the other end any more
            return
        if not chunk:
            return
        yield chunk
