"""The command line as a process of its own that need not import anything: it is forked from one that is ready.

What is run is the real ``provider-runtime``: its own process, environment, folder, terminal, signals and end. Only the
second in which Python imports everything is not spent again for each. Programs that are started anew are in
``tests/cli/test_programs.py``. Standard library only: ``ask`` is a program, too.
"""

import atexit
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Final, NamedTuple

_SERVER: Final = Path(__file__).with_name("warm_server.py")
_NUMBER: Final = struct.Struct("!i")


class Running:
    """A program that was asked for. ``pid``: its process, for signals."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.pid = self._number()

    def wait(self, timeout_s: float = 60) -> int:
        """How it ended; as ``subprocess`` has it, a signal is a negative number."""
        self._connection.settimeout(timeout_s)
        with self._connection:
            return self._number()

    def _number(self) -> int:
        said = self._connection.recv(_NUMBER.size, socket.MSG_WAITALL)
        number: int = _NUMBER.unpack(said)[0]
        return number


def ask(
    place: str,
    words: Sequence[str],
    *,
    streams: tuple[int, int, int],
    environment: Mapping[str, str],
    folder: Path | str,
    own_terminal: bool = False,
) -> Running:
    """Have the server at ``place`` run ``provider-runtime`` with ``words``, and with these ``streams`` for its own.

    ``own_terminal``: the terminal of standard error becomes that of the program, as a shell would have it.
    """
    asked = {
        "words": list(words),
        "environment": dict(environment),
        "folder": str(folder),
        "own_terminal": own_terminal,
    }
    told = json.dumps(asked).encode()
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place)
    socket.send_fds(connection, [_NUMBER.pack(len(told))], list(streams))
    connection.sendall(told)
    return Running(connection)


class Ended(NamedTuple):
    """A program that has ended: its exit code and what it wrote."""

    exit_code: int
    stdout: str
    stderr: str


def run(words: Sequence[str], *, environment: Mapping[str, str], folder: Path | str) -> Ended:
    """``provider-runtime`` with ``words`` as a script calls it: without a terminal."""
    with TemporaryFile() as out, TemporaryFile() as err, Path(os.devnull).open("rb") as nothing:
        streams = (nothing.fileno(), out.fileno(), err.fileno())
        exit_code = ask(warm().place, words, streams=streams, environment=environment, folder=folder).wait()
        out.seek(0)
        err.seek(0)
        return Ended(exit_code, out.read().decode(), err.read().decode())


class WarmProgram:
    """A server that runs until ``end``; ``python`` is whose packages it has."""

    def __init__(self, python: str = sys.executable, environment: Mapping[str, str] | None = None) -> None:
        self._folder = TemporaryDirectory(prefix="warm-")
        self.place = str(Path(self._folder.name) / "asked")
        # -P: nothing beside the server's own file is found by the programs.
        command = [python, "-P", str(_SERVER), self.place]
        self._server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
        )
        assert self._server.stdout is not None
        with self._server.stdout as told:
            assert told.readline() == b"ready\n"

    def end(self) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(60)
        self._folder.cleanup()


@cache
def warm() -> WarmProgram:
    """The one of this process and checkout; it ends with the process."""
    checkout = Path(__file__).resolve().parents[1]
    path = os.pathsep.join(filter(None, (str(checkout), os.environ.get("PYTHONPATH", ""))))
    program = WarmProgram(environment={**os.environ, "PYTHONPATH": path})
    atexit.register(program.end)
    return program


if __name__ == "__main__":  # ``python -S warm_program.py PLACE WORDS…``: a command that is quick to start
    _here = ask(sys.argv[1], sys.argv[2:], streams=(0, 1, 2), environment=os.environ, folder=Path.cwd())
    raise SystemExit(_here.wait(600))
