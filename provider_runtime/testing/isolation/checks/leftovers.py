"""Is everything gone after the end: tasks, threads, sockets and files, processes?"""

import asyncio
import fnmatch
import multiprocessing
import os
import re
import socket
import stat
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Final

from attrs import define, field

from provider_runtime.testing.isolation.checks.check import Check
from provider_runtime.testing.isolation.evidence import Evidence, Finding

_OF_THE_LOOP: Final = re.compile(r"asyncio_\d+")  # threads of a loop's own executor live as long as the loop
_DESCRIPTORS: Final = ("/proc/self/fd", "/dev/fd")


@define(kw_only=True)
class Tasks(Check):
    """No task that was not there before is still under way in this event loop."""

    name: ClassVar[str] = "tasks"
    settles: ClassVar[bool] = True
    _before: frozenset["asyncio.Task[object]"] = field(default=frozenset(), init=False, repr=False)

    def begin(self, evidence: Evidence) -> None:  # noqa: ARG002 - tasks are the loop's
        self._before = frozenset(asyncio.all_tasks())

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        for task in asyncio.all_tasks() - self._before - {asyncio.current_task()}:
            what = getattr(task.get_coro(), "__qualname__", "a coroutine")
            yield self.finding(evidence.marks.conceal(f"the task {task.get_name()} is still running {what}"))


@define(kw_only=True)
class Threads(Check):
    """No thread is left, but those of the event loop's own executor and those whose names match ``allowed``."""

    name: ClassVar[str] = "threads"
    settles: ClassVar[bool] = True
    allowed: tuple[str, ...] = ()
    _before: frozenset[threading.Thread] = field(default=frozenset(), init=False, repr=False)

    def begin(self, evidence: Evidence) -> None:  # noqa: ARG002 - threads are the process's
        self._before = frozenset(threading.enumerate())

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        for thread in set(threading.enumerate()) - self._before:
            known = _OF_THE_LOOP.fullmatch(thread.name)
            if not known and not any(fnmatch.fnmatch(thread.name, pattern) for pattern in self.allowed):
                yield self.finding(evidence.marks.conceal(f"the thread {thread.name} is still alive"))


@define(kw_only=True)
class Descriptors(Check):
    """No file, pipe or socket is open that was not before. Asks the kernel; silent where it does not tell."""

    name: ClassVar[str] = "descriptors"
    settles: ClassVar[bool] = True
    _before: Counter[str] = field(factory=Counter, init=False, repr=False)

    def begin(self, evidence: Evidence) -> None:
        self._before = Counter(_open_descriptors(evidence.open_port).values())

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        unaccounted = Counter(self._before)
        for number, what in _open_descriptors(evidence.open_port).items():
            unaccounted[what] -= 1
            if unaccounted[what] < 0:
                yield self.finding(evidence.marks.conceal(f"{_described(number, what)} is still open"))


@define(kw_only=True)
class ChildProcesses(Check):
    """No process that was started is still there, not even one that ended and was not waited for."""

    name: ClassVar[str] = "processes"
    settles: ClassVar[bool] = True
    _before: frozenset[int] = field(default=frozenset(), init=False, repr=False)

    def begin(self, evidence: Evidence) -> None:  # noqa: ARG002 - processes are the process's
        self._before = _children()

    def findings(self, evidence: Evidence) -> Iterable[Finding]:  # noqa: ARG002 - as above
        for process in sorted(_children() - self._before):
            yield self.finding(f"a child process is left (pid {process})")


def _children() -> frozenset[int]:
    ours = {process.pid for process in multiprocessing.active_children() if process.pid}
    for listed in Path("/proc/self/task").glob("*/children"):
        try:
            ours |= {int(pid) for pid in listed.read_text().split()}
        except OSError:  # the thread ended meanwhile
            continue
    return frozenset(ours)


def _open_descriptors(upstream_port: int) -> dict[int, str]:
    """What each open descriptor of this process leads to; those of the upstream are left out."""
    folder = next((name for name in _DESCRIPTORS if Path(name).is_dir()), None)
    found = {}
    for name in os.listdir(folder) if folder else ():  # noqa: PTH208 - names are wanted, not paths
        try:
            number = int(name)
            mode = os.fstat(number).st_mode
            if stat.S_ISSOCK(mode) and _local_port(number) == upstream_port:
                continue
            found[number] = _leads_to(folder, number)
        except (OSError, ValueError):  # closed meanwhile, as the one that lists them is
            continue
    return found


def _leads_to(folder: str | None, number: int) -> str:
    if folder == _DESCRIPTORS[0]:
        return os.readlink(f"{folder}/{number}")  # noqa: PTH115 - a socket is no path
    status = os.fstat(number)
    return f"device {status.st_dev}, node {status.st_ino}"


def _local_port(number: int) -> int | None:
    with socket.socket(fileno=os.dup(number)) as copy:
        address = copy.getsockname()
    return address[1] if copy.family in {socket.AF_INET, socket.AF_INET6} else None


def _described(number: int, what: str) -> str:
    if not what.startswith("socket:"):
        return what
    try:
        with socket.socket(fileno=os.dup(number)) as copy:
            kind = "a socket" if copy.family in {socket.AF_INET, socket.AF_INET6} else "a local socket"
            try:
                return f"{kind} connected to {copy.getpeername()[:2]}"
            except OSError:
                return kind
    except OSError:
        return "a socket"
