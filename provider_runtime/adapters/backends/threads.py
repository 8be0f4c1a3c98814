"""The threads of a store: one that writes, in the order it was asked to, and one that reads."""

import asyncio
import copy
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from attrs import define, field

from provider_runtime.adapters.backends.names import closed
from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.values import sealed

_AT_ONCE: Final = 256
"""Jobs in one group: enough to share an ``fsync``, few enough that nobody waits long for the others."""

PlaceT = TypeVar("PlaceT")
ResultT = TypeVar("ResultT")


@sealed(kw_only=True)
class Done:
    """What one job of a group came to: a value, or the error it failed with."""

    value: Any = None
    error: BaseException | None = None


def attempt(job: Callable[[PlaceT], Any], place: PlaceT) -> Done:
    """Run one job of a group, so that its failure is its own."""
    try:
        return Done(value=job(place))
    except Exception as error:  # noqa: BLE001 - whatever a caller's function raises goes back to that caller
        return Done(error=error)


@sealed(kw_only=True)
class _Waiting(Generic[PlaceT]):
    job: Callable[[PlaceT], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    alone: bool


@define(kw_only=True)
class _OneThread:
    """A thread that starts with the first job, ends when it is told to, and starts again with the next."""

    kind: str
    _thread: ThreadPoolExecutor | None = field(default=None, init=False, repr=False)
    _lock: Lock = field(factory=Lock, init=False, repr=False)
    _under_way: int = field(default=0, init=False)
    """What was asked for and is not done yet."""
    _ending: int = field(default=0, init=False)
    """How many are waiting for the end of the thread."""
    _closed: bool = field(default=False, init=False)
    _process: int | None = field(default=None, init=False)

    async def end(self, last: Callable[[], None] = lambda: None, *, for_good: bool) -> None:
        """Finish what was asked for, do ``last`` in the same thread, and end the thread.

        ``for_good``: refuse the next job; else it starts another thread.
        """
        if self._process not in {None, os.getpid()}:
            return  # the threads and the files are the parent's
        with self._lock:
            self._closed = self._closed or for_good
            thread = self._thread
            if thread is None:
                return
            self._ending += 1
            ended = thread.submit(self._end, last, thread)  # one thread, so behind everything that was asked for
        await asyncio.shield(asyncio.wrap_future(ended))

    def _end(self, last: Callable[[], None], thread: ThreadPoolExecutor) -> None:
        """In the thread: do ``last``, and end it, unless more was asked for; what that opens belongs to this thread."""
        try:
            last()
        finally:
            with self._lock:
                self._ending -= 1
                if not self._under_way and not self._ending:
                    self._thread = None
                    thread.shutdown(wait=False)

    def _started(self, name: str) -> ThreadPoolExecutor:
        """The thread; whoever asks holds the lock. Raises what a closed store raises."""
        if self._closed:
            raise closed(self.kind)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"provider-runtime-{name}")
            self._process = os.getpid()
        return self._thread


@define(kw_only=True)
class GroupWriter(_OneThread, Generic[PlaceT]):
    """Hands jobs to ``commit`` in the order of ``run``, all that have gathered in one group.

    ``commit`` makes a group durable at once and says what each job came to; what it raises, every
    job of the group came to. A job whose caller gave up still takes its turn, so an abandoned
    write never lands after a later one. The thread starts with the first job, and at the end of
    the process it finishes what it was given.
    """

    commit: Callable[[Sequence[Callable[[PlaceT], Any]]], Sequence[Done]] = field(repr=False)
    _queue: "deque[_Waiting[PlaceT]]" = field(factory=deque, init=False, repr=False)

    async def run(self, job: Callable[[PlaceT], ResultT], *, alone: bool = False) -> ResultT:
        """Do ``job`` in its turn. It takes its place in the queue before this first waits.

        ``alone``: in a group of its own.
        """
        refuse_after_fork(self.kind, self._process)  # before the lock, which may be held for ever in a fork
        loop = asyncio.get_running_loop()
        future: asyncio.Future[ResultT] = loop.create_future()
        waiting = _Waiting(job=job, loop=loop, future=future, alone=alone)
        with self._lock:
            thread = self._started(self.kind)
            self._queue.append(waiting)
            if not self._under_way:
                self._under_way = 1  # all that gathers, until nothing is left
                thread.submit(self._drain)
        return await future

    def _drain(self) -> None:
        while True:
            with self._lock:
                group = self._next_group()
                if not group:
                    self._under_way = 0
                    return
            try:
                done = self.commit([waiting.job for waiting in group])
            except BaseException as error:  # noqa: BLE001 - every caller of the group gets it, and the thread goes on
                done = [Done(error=copy.copy(error)) for _ in group]  # each its own: errors are added to on their way
            _deliver(list(zip(group, done, strict=True)))

    def _next_group(self) -> "list[_Waiting[PlaceT]]":
        group: list[_Waiting[PlaceT]] = []
        while self._queue and len(group) < _AT_ONCE:
            if self._queue[0].alone:
                return group or [self._queue.popleft()]
            group.append(self._queue.popleft())
        return group


@define(kw_only=True)
class Reader(_OneThread):
    """Does one piece of reading after another, in a thread of its own, so that none holds up a write."""

    async def run(self, work: Callable[[], ResultT]) -> ResultT:
        """What ``work`` returns or raises."""
        refuse_after_fork(self.kind, self._process)
        with self._lock:
            thread = self._started(f"{self.kind}-reader")
            self._under_way += 1
            reading = thread.submit(work)
        reading.add_done_callback(self._read)  # also when it is cancelled before it began
        return await asyncio.wrap_future(reading)

    def _read(self, _done: object) -> None:
        with self._lock:
            self._under_way -= 1


def refuse_after_fork(kind: str, process: int | None) -> None:
    """Raise when ``process``, which began to use a store, is not this one: threads do not survive a fork."""
    if process not in {None, os.getpid()}:
        raise BackendError(
            kind=kind,
            message=f"the {kind} was in use when this process was forked from another",
            remedy="Open it in each process on its own.",
        )


def _deliver(results: "list[tuple[_Waiting[Any], Done]]") -> None:
    """Wake every caller, each loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Done]]] = {}
    for waiting, done in results:
        by_loop.setdefault(waiting.loop, []).append((waiting.future, done))
    for loop, settled in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, settled)
        except RuntimeError:
            continue  # that loop has ended, and with it everyone who waited


def _settle(settled: "list[tuple[asyncio.Future[Any], Done]]") -> None:
    for future, done in settled:
        if future.done():
            continue  # its caller gave up
        if done.error is None:
            future.set_result(done.value)
        else:
            future.set_exception(done.error)
