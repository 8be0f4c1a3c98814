"""Events as JSON, one object a line, written by a thread that lives while there is something to write."""

import os
from contextlib import suppress
from threading import Condition, Lock, Thread
from typing import Final, Self

from attrs import define, field
from attrs.validators import ge

from provider_runtime.adapters.telemetry.event_json import EventsDropped, line_of
from provider_runtime.adapters.telemetry.lines import Lines, lines_of
from provider_runtime.domain.errors import BackendError, RuntimeClosed
from provider_runtime.domain.records.events import LifecycleEvent

_LINGER_S: Final = 0.25  # how long an idle writer waits for more: starting one costs some 50 µs


@define(eq=False)
class JsonLinesEventSink:
    """Appends each event to ``place``, a path or an open text stream, as one line of JSON.

    ``emit`` never waits for the place: it leaves the event to a thread of this sink, which begins
    with the first event and ends when it has been idle for a moment. Up to ``capacity`` events wait
    for it; what comes on top is dropped and counted. ``dropped`` is that count, with the events of
    batches that could not be written. The gap shows in the file as well: a line ``{"dropped":n}``
    stands where the events are missing, or, after a failed write, as soon as one succeeds.

    Whoever made the sink closes it: by ``with``, which also raises at once for a place that cannot
    be written to, or by ``close``. A process that ends without it still writes what is waiting. One
    sink may serve several runtimes, threads and event loops. Nothing is synchronised to the disk.
    """

    place: Lines = field(converter=lines_of)
    capacity: int = field(default=10_000, kw_only=True, validator=ge(1))
    dropped: int = field(default=0, init=False)
    _guard: Lock = field(factory=Lock, init=False, repr=False)
    _arrived: Condition = field(init=False, repr=False)  # there is something to write, or no more will come
    _settled: Condition = field(init=False, repr=False)  # a batch is done with, or the writer has ended
    _waiting: list[LifecycleEvent] = field(factory=list, init=False, repr=False)
    _overflowed: int = field(default=0, init=False, repr=False)  # came after all that are waiting
    _untold: int = field(default=0, init=False, repr=False)  # dropped, and no line says so yet
    _writer: Thread | None = field(default=None, init=False, repr=False)
    _writing: bool = field(default=False, init=False, repr=False)
    _closed: bool = field(default=False, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._arrived, self._settled = Condition(self._guard), Condition(self._guard)

    def emit(self, event: LifecycleEvent) -> None:
        """Leave ``event`` to the writer. Raises ``RuntimeClosed`` after ``close``."""
        with self._guard:
            if self._closed:
                raise RuntimeClosed(
                    kind="event sink",
                    message="the event sink was closed",
                    remedy="Close the runtimes first, then the sinks that were handed to them.",
                )
            if len(self._waiting) >= self.capacity:
                self.dropped += 1
                self._overflowed += 1
                return
            self._waiting.append(event)
            self._wake_the_writer()

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything emitted so far was written or dropped. ``False``: it took too long."""
        with self._guard:
            return self._settled.wait_for(lambda: not self._waiting and not self._writing, timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Take no more, and wait until the rest is written; what is still waiting after that is dropped.

        It waits for the place: in a coroutine, let a thread call it where the place may be slow.
        """
        with self._guard:
            self._closed = True
            if self._untold or self._waiting:
                self._wake_the_writer()
            self._arrived.notify()
            self._settled.wait_for(lambda: self._writer is None, timeout_s)
            self.dropped += len(self._waiting)
            self._waiting.clear()

    def __enter__(self) -> Self:
        try:
            self.place.check()
        except (OSError, ValueError) as failure:
            reason = os.strerror(failure.errno) if isinstance(failure, OSError) and failure.errno else "it is closed"
        else:
            return self
        raise BackendError(
            kind="event sink",
            message=f"the events cannot be written to their place: {reason}",
            remedy="Name a file in a folder where this process may write, or hand over a stream that is open.",
        )

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wake_the_writer(self) -> None:
        # After a fork the thread is gone, although its object is there.
        if self._writer is not None and self._writer.is_alive():
            self._arrived.notify()
            return
        # No daemon: Python waits for it at exit, so what a forgotten sink holds is written.
        writer = Thread(target=self._write_until_idle, name="provider_runtime events")
        # Where no thread is to be had, what is waiting waits for the next event, or for `close`.
        with suppress(RuntimeError):
            writer.start()
            self._writer = writer

    def _write_until_idle(self) -> None:
        while (batch := self._taken()) is not None:
            self._write(*batch)

    def _taken(self) -> tuple[list[LifecycleEvent], int, int] | None:
        """What is waiting, the drops that no line tells of yet, and the drops since; ``None`` ends the writer."""
        with self._guard:
            if not self._waiting and not self._closed:
                self._arrived.wait(_LINGER_S)
            self._writing = bool(self._waiting or (self._closed and self._untold))
            if not self._writing:
                self._writer = None
                self._settled.notify_all()
                return None
            batch = self._waiting, self._untold, self._overflowed
            self._waiting, self._untold, self._overflowed = [], 0, 0
        return batch

    def _write(self, events: list[LifecycleEvent], missing: int, overflowed: int) -> None:
        """The gap before, the events, the gap behind: in the order in which it all happened."""
        lines, unwritable = _lines(events)
        gaps = (_gap(missing), _gap(overflowed + unwritable))
        try:
            self.place.append(b"".join((gaps[0], *lines, gaps[1])))
        except Exception:  # noqa: BLE001 - whatever a stream does wrong, the writer lives on and counts
            lost, untold = len(events), missing + len(events) + overflowed
        else:
            lost, untold = unwritable, 0
        with self._guard:
            self.dropped += lost
            # At the end nobody comes to tell: a last line that failed is not tried for ever.
            self._untold = 0 if self._closed and not events else self._untold + untold
            self._writing = False
            self._settled.notify_all()


def _lines(events: list[LifecycleEvent]) -> tuple[list[bytes], int]:
    """The lines of those events that can be written as text, and the number of the others."""
    lines, unwritable = [], 0
    for event in events:
        try:
            lines.append(line_of(event))
        except ValueError:  # text that is no Unicode, which no provider takes either
            unwritable += 1
    return lines, unwritable


def _gap(count: int) -> bytes:
    return line_of(EventsDropped(count)) if count else b""
