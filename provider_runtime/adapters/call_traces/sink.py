"""CallTraceSink: puts the events of each call together, and keeps them when it has ended."""

import asyncio
from threading import Lock
from typing import TypeAlias

from attrs import define, field

from provider_runtime.domain.checks import whole
from provider_runtime.domain.errors import ProviderRuntimeError, RuntimeClosed
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.events import ENDINGS, LifecycleEvent
from provider_runtime.domain.records.oversight.timelines import CallTrace
from provider_runtime.ports.stores.call_traces import CallTraceProvider

_Call: TypeAlias = tuple[RuntimeId, CallId]


@define(eq=False)
class CallTraceSink:
    """An ``EventSink`` that keeps the life of each call in ``traces`` when the call has ended.

    No call waits for that: it is done by a task of the event loop that the call runs in. Of at most
    ``capacity`` calls is anything held at once, under way and not yet kept together; what comes on top
    is ``dropped`` and counted, as is what could not be kept. Events of no call are passed over.

    Whoever made the sink ends it after the runtimes: ``aclose`` waits for what is still to be kept,
    and leaves ``traces`` open, which are their owner's.
    """

    traces: CallTraceProvider = field(repr=False)
    capacity: int = field(default=10_000, kw_only=True, validator=whole(1))
    dropped: int = field(default=0, init=False)
    _guard: Lock = field(factory=Lock, init=False, repr=False)
    _lives: dict[_Call, list[LifecycleEvent]] = field(factory=dict, init=False, repr=False)
    _keeping: "set[asyncio.Task[None]]" = field(factory=set, init=False, repr=False)
    _closed: bool = field(default=False, init=False)

    def emit(self, event: LifecycleEvent) -> None:
        """Note ``event``. Raises ``RuntimeClosed`` after ``aclose``."""
        if event.call_id is None:
            return
        with self._guard:
            if self._closed:
                raise RuntimeClosed(
                    kind="event sink",
                    message="the event sink was closed",
                    remedy="Close the runtimes first, then the sinks that were handed to them.",
                )
            events = self._noted((event.runtime_id, event.call_id), event)
        if events is not None:
            self._begin_to_keep(CallTrace(events=tuple(events)))

    async def flush(self) -> None:
        """Wait until every call that has ended was kept, or dropped."""
        loop = asyncio.get_running_loop()
        with self._guard:
            ours = [task for task in self._keeping if task.get_loop() is loop]
        if ours:
            await asyncio.wait(ours)

    async def aclose(self) -> None:
        """Take no more, and wait for the rest. Calls that never ended are dropped."""
        with self._guard:
            self._closed = True
            self.dropped += len(self._lives)
            self._lives.clear()
        await self.flush()

    def _noted(self, call: _Call, event: LifecycleEvent) -> list[LifecycleEvent] | None:
        """All events of the call, if this is its end."""
        events = self._lives.get(call)
        if events is None:
            if len(self._lives) + len(self._keeping) >= self.capacity:
                self.dropped += event.kind in ENDINGS
                return None
            events = self._lives[call] = []
        events.append(event)
        return self._lives.pop(call) if event.kind in ENDINGS else None

    def _begin_to_keep(self, trace: CallTrace) -> None:
        try:
            task = asyncio.get_running_loop().create_task(self._keep(trace))
        except RuntimeError:  # no loop, hence no call of a runtime
            self._drop()
            return
        with self._guard:
            self._keeping.add(task)  # a task that nobody refers to may vanish
        task.add_done_callback(self._kept)

    async def _keep(self, trace: CallTrace) -> None:
        try:
            await self.traces.keep(trace)
        except ProviderRuntimeError:
            self._drop()

    def _kept(self, task: "asyncio.Task[None]") -> None:
        with self._guard:
            self._keeping.discard(task)

    def _drop(self) -> None:
        with self._guard:
            self.dropped += 1
