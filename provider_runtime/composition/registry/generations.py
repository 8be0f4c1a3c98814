"""One object graph of a registered runtime, open until it is retired and its last call has ended."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Self

from attrs import define, field

from provider_runtime.application.sending.to_its_end import to_its_end
from provider_runtime.composition.lifecycle import open_runtime
from provider_runtime.composition.runtime import ProviderRuntime
from provider_runtime.composition.settings import RuntimeSettings


@define(eq=False, kw_only=True)
class Generation:
    """One graph, built from one value of settings; a change of settings makes the next one.

    A call takes part in the generation that is current when it begins, and stays in it: what
    happens to the runtime meanwhile reaches the call that comes next.
    """

    runtime: ProviderRuntime
    _opened: AbstractAsyncContextManager[ProviderRuntime]
    _calls: int = field(default=0, init=False)
    _retired: bool = field(default=False, init=False)
    _closed: bool = field(default=False, init=False)
    _idle: asyncio.Event = field(factory=asyncio.Event, init=False)

    @classmethod
    async def open(cls, settings: RuntimeSettings, parts: Mapping[str, object]) -> Self:
        """A fresh graph. Raises what ``open_runtime`` raises."""
        opened = open_runtime(settings, **parts)
        return cls(runtime=await opened.__aenter__(), opened=opened)

    @asynccontextmanager
    async def call(self) -> AsyncIterator[ProviderRuntime]:
        """The runtime, for one call. A retired generation closes after the last of them."""
        self._calls += 1
        try:
            yield self.runtime
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle.set()
                if self._retired:
                    await self.close()

    @property
    def closed(self) -> bool:
        """Whether its last call has ended, and all that it held was given back."""
        return self._closed

    async def retire(self) -> None:
        """Take no more calls, and close once those under way have ended: now, if there are none."""
        self._retired = True
        if not self._calls:
            await self.close()

    async def drain(self, seconds: float) -> None:
        """Wait until no call is under way, for at most ``seconds``; then close."""
        self._retired = True
        self._idle.clear()
        try:
            if self._calls and seconds > 0:
                async with asyncio.timeout(seconds):
                    await self._idle.wait()
        except TimeoutError:
            pass  # calls that are still under way end with their connections
        finally:
            await self.close()

    async def close(self) -> None:
        """Close the graph, wholly even if the caller is cancelled. Idempotent."""
        if self._closed:
            return
        self._closed = True
        await to_its_end(self._opened.__aexit__(None, None, None))


async def drain_all(generations: Iterable[Generation], seconds: float) -> None:
    """Drain them all within the same ``seconds``. Each is closed, even if closing another one fails."""
    outcomes = await asyncio.gather(*(one.drain(seconds) for one in generations), return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
