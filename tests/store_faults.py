"""Disks and databases that fail at the n-th operation, or end the process there."""

import errno
import os
import signal
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, field

from provider_runtime.adapters.backends.filesystem.calls import SystemFiles
from provider_runtime.domain.errors import BackendError

T = TypeVar("T")

CHANGING = ("open_to_append", "create", "write", "truncate", "sync", "rename", "unlink", "make_folder", "sync_folder")
ALL = (*CHANGING, "open_to_read", "facts", "read", "names")


def no_room() -> OSError:
    return OSError(errno.ENOSPC, "no room")


def broken() -> OSError:
    return OSError(errno.EIO, "broken")


@define(eq=False)
class FaultyFiles(SystemFiles):
    """The operating system, whose ``at``-th operation of those named in ``of`` fails, or all from there on.

    ``after``: the operation is done first. A failing ``write`` writes half of what it was given.
    """

    at: int | None = None
    make: Callable[[], OSError] = broken
    of: tuple[str, ...] = CHANGING
    lasting: bool = False
    after: bool = False
    done: list[str] = field(factory=list)

    def fault(self, name: str) -> OSError | None:
        if name not in self.of:
            return None
        self.done.append(name)
        number = len(self.done)
        hit = self.at is not None and (number >= self.at if self.lasting else number == self.at)
        return self.make() if hit else None

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        error = self.fault("write")
        if error is not None:
            super().write(descriptor, content[: len(content) // 2], offset)
            raise error
        return super().write(descriptor, content, offset)


def _faulty(name: str) -> Callable[..., Any]:
    real = getattr(SystemFiles, name)

    def call(self: FaultyFiles, *args: Any) -> Any:
        error = self.fault(name)
        if error is not None and not self.after:
            raise error
        result = real(self, *args)
        if error is not None:
            raise error
        return result

    return call


for _name in ALL:
    if _name != "write":
        setattr(FaultyFiles, _name, _faulty(_name))


class ShortWrites(SystemFiles):
    """Takes at most three bytes at a time."""

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        return super().write(descriptor, content[:3], offset)


class KillingFiles(SystemFiles):
    """Ends the process, as ``kill -9`` does, at the ``at``-th operation called ``name``: before it, in it or after."""

    def __init__(self, name: str, at: int, moment: str) -> None:
        self.name, self.at, self.moment = name, at, moment

    def reached(self, name: str) -> bool:
        if name != self.name:
            return False
        self.at -= 1
        return self.at == 0

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        if self.reached("write"):
            if self.moment != "before":
                part = content if self.moment == "after" else content[: len(content) // 2]
                super().write(descriptor, part, offset)
            die()
        return super().write(descriptor, content, offset)


def _killing(name: str) -> Callable[..., Any]:
    real = getattr(SystemFiles, name)

    def call(self: KillingFiles, *args: Any) -> Any:
        hit = self.reached(name)
        if hit and self.moment == "before":
            die()
        result = real(self, *args)
        if hit:
            die()
        return result

    return call


for _name in CHANGING:
    if _name != "write":
        setattr(KillingFiles, _name, _killing(_name))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def connection_that(act: Callable[[str, str], None]) -> type[sqlite3.Connection]:
    """A class of connections that call ``act(moment, statement)`` before and after each statement."""

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            act("before", sql)
            cursor = super().execute(sql, *parameters)
            act("after", sql)
            return cursor

        def executemany(self, sql: str, *rows: Any) -> sqlite3.Cursor:
            act("before", sql)
            cursor = super().executemany(sql, *rows)
            act("after", sql)
            return cursor

    return Watched


def sqlite_error(code: int, name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(name)
    error.sqlite_errorcode, error.sqlite_errorname = code, name
    return error


async def outcome_of(asked: Awaitable[T]) -> T | BackendError:
    """What comes of it: an error of ours is an outcome like others."""
    try:
        return await asked
    except BackendError as error:
        return error


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
