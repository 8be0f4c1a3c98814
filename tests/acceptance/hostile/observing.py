"""Calls of a real runtime to the hostile server, and everything that can be seen of them."""

import asyncio
import gc
import secrets
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from attrs import Factory, define, frozen
from hostile.scenario import Scenario
from hostile.server import HostileServer

from provider_runtime import FileReceipts, ProviderRuntime, RuntimeSettings, Secret, open_runtime
from provider_runtime.composition.presets import local_server
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FixedRandomness

CAP: Final = 8 * 1024 * 1024
_TICK_S: Final = 0.002
_FULL: Final = 2  # the collector's oldest generation


@define
class SkippingClock:
    """Real time, but waits are noted in ``slept`` and skipped."""

    slept: list[float] = Factory(list)
    skipped: float = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.skipped)

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.skipped += seconds
        await asyncio.sleep(0)


@frozen(kw_only=True)
class Observed:
    """One call: how it ended, and what it took.

    ``blocked_s`` is the longest that the event loop computed without letting others run: time of
    this thread alone, so a busy machine does not count, and without full garbage collections, which
    walk everything that the process of the tests holds.
    """

    outcome: ProviderResponse | BaseException
    elapsed_s: float
    blocked_s: float
    requests: int
    waits: tuple[float, ...]

    @property
    def answer(self) -> ProviderResponse | None:
        return self.outcome if isinstance(self.outcome, ProviderResponse) else None


@define(kw_only=True)
class Visitor:
    """A runtime that knows two providers: the hostile one, and a good one at the same host and port."""

    server: HostileServer
    scenario: str
    runtime: ProviderRuntime
    clock: SkippingClock
    events: EventRecorder
    key: str
    prompt: str
    kept: Path
    prompt_bytes: int = 0
    calls: int = 0

    async def call(self) -> Observed:
        """One call of the hostile provider."""
        return await self._call("hostile:m", self.scenario)

    async def clean_call(self) -> Observed:
        """One call of the good one."""
        return await self._call("good:m", "ok")

    async def _call(self, model: str, scenario: str) -> Observed:
        self.calls += 1
        request = a_request(f"{self.prompt} ({self.calls})" + "." * self.prompt_bytes, model=model)
        before, slept = self.server.requests[scenario], len(self.clock.slept)
        pulse = Pulse()
        gc.callbacks.append(pulse.collecting)
        watching = asyncio.create_task(pulse.beat())
        began = time.monotonic()
        try:
            outcome: Any = await self.runtime.run(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked at
            outcome = error
        elapsed = time.monotonic() - began
        await asyncio.sleep(2 * _TICK_S)  # the last beat, which whatever came before it delayed
        watching.cancel()
        gc.callbacks.remove(pulse.collecting)
        return Observed(
            outcome=outcome,
            elapsed_s=elapsed,
            blocked_s=pulse.longest,
            requests=self.server.requests[scenario] - before,
            waits=tuple(self.clock.slept[slept:]),
        )


@define(eq=False)
class Pulse:
    """Beats in an event loop, and tells in ``longest`` for how many seconds it was held."""

    longest: float = 0.0
    _last: float = Factory(time.thread_time)
    _thread: int = Factory(threading.get_ident)

    async def beat(self) -> None:
        self._last = time.thread_time()
        while True:
            await asyncio.sleep(_TICK_S)
            now = time.thread_time()
            self.longest = max(self.longest, now - self._last)
            self._last = now

    def collecting(self, phase: str, collection: dict[str, int]) -> None:
        """Called by the garbage collector around each collection, in whichever thread it happens to run."""
        if collection["generation"] == _FULL and threading.get_ident() == self._thread:
            self._last += time.thread_time() if phase == "stop" else -time.thread_time()


@asynccontextmanager
async def visiting(server: HostileServer, scenario: Scenario, folder: Path, **settings: Any) -> AsyncIterator[Visitor]:
    """A runtime for ``scenario``, with receipts in ``folder``."""
    key, kept = f"sk-{secrets.token_hex(16)}", folder / "receipts.jsonl"
    clock, events = SkippingClock(), EventRecorder()
    usual: dict[str, Any] = {
        "providers": (
            local_server(server.url(scenario.name, scenario.host), provider_id="hostile"),
            local_server(server.url("ok", scenario.host), provider_id="good"),
        ),
        "credentials": {"hostile": Secret(key), "good": Secret(key)},
        "deadline_s": scenario.deadline_s,
        "max_response_bytes": CAP,
        "receipts": FileReceipts(path=kept),
    }
    wanted = RuntimeSettings(**usual | settings)
    async with open_runtime(wanted, clock=clock, event_sink=events, randomness=FixedRandomness()) as runtime:
        yield Visitor(
            server=server,
            scenario=scenario.name,
            runtime=runtime,
            clock=clock,
            events=events,
            key=key,
            prompt=f"A question that nobody else may hear: {secrets.token_hex(12)}",
            kept=kept,
            prompt_bytes=scenario.prompt_bytes,
        )
