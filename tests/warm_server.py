"""A process that has imported the command line, and forks for each program that it is asked for.

``python -P warm_server.py PLACE`` listens there, says ``ready``, and ends when its standard input does.
"""

import fcntl
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import struct
import sys
import termios
from contextlib import suppress
from typing import Any, Final, NoReturn

_NUMBER: Final = struct.Struct("!i")
_ROOMS: Final = ("domain", "ports", "application", "adapters", "composition", "cli")
# Imported by functions once they are called.
_LIBRARIES: Final = ("aiohttp", "cattrs", "filelock", "rich.table", "rich.progress", "cryptography.hazmat.primitives")


def main() -> None:
    """Serve; in a process that was forked, be the program."""
    asked = _next_program(sys.argv[1])
    if asked is None:
        return
    from provider_runtime.cli import main as program

    program()


def _next_program(place: str) -> dict[str, Any] | None:
    for room in _ROOMS:
        package = importlib.import_module(f"provider_runtime.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            with suppress(ImportError):  # of an extra that is not there
                importlib.import_module(module.name)
    for library in _LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(library)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen(64)
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([listening, 0], [], [])
            if listening not in ready:
                return None
            connection, _ = listening.accept()
            with connection:
                streams, asked = _read(connection)
                if os.fork() == 0:
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    if program := os.fork():
                        _keep(connection, program)
                    _become(streams, asked)
                    return asked
                for stream in streams:
                    os.close(stream)


def _read(connection: socket.socket) -> tuple[list[int], dict[str, Any]]:
    head, streams, _, _ = socket.recv_fds(connection, _NUMBER.size, 3)
    (size,) = _NUMBER.unpack(head)
    with connection.makefile("rb") as told:
        return streams, json.loads(told.read(size))


def _keep(connection: socket.socket, program: int) -> NoReturn:
    """Tell who asked which process it is, and how it ended."""
    for stream in (0, 1, 2):
        os.close(stream)
    os.closerange(3, connection.fileno())
    os.closerange(connection.fileno() + 1, connection.fileno() + 16)
    with suppress(OSError):  # who asked has gone
        connection.sendall(_NUMBER.pack(program))
    _, status = os.waitpid(program, 0)
    with suppress(OSError):
        connection.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _become(streams: list[int], asked: dict[str, Any]) -> None:
    """Everything that a process has of its own."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    if asked["own_terminal"]:
        os.setsid()
        fcntl.ioctl(2, termios.TIOCSCTTY, 0)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["provider-runtime", *asked["words"]]
    sys.stdin, sys.stdout, sys.stderr = (
        open(0, encoding="utf-8"),  # noqa: SIM115 - as long as the process
        open(1, "w", encoding="utf-8"),  # noqa: SIM115
        open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1),  # noqa: SIM115
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr


main()
