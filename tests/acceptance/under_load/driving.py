"""Many calls, so many at a time, and what became of them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from attrs import Factory, define
from hostile.server import HostileServer
from under_load.process import Held

from provider_runtime import ProviderConfig, ProviderError, ProviderRuntime, local_server
from provider_runtime.testing.builders import a_request


async def in_flight(width: int, works: Iterable[Callable[[], Awaitable[object]]]) -> None:
    """Do all of ``works``, ``width`` at a time. The first that raises ends them all."""
    upcoming = iter(works)

    async def worker() -> None:
        for work in upcoming:
            await work()

    async with asyncio.TaskGroup() as group:
        for _ in range(width):
            group.create_task(worker())


@define
class Tally:
    """How calls ended: answers, failures by code, and why those were not tried again."""

    answered: int = 0
    failed: Counter[str] = Factory(Counter)
    denied: Counter[str] = Factory(Counter)

    @property
    def calls(self) -> int:
        return self.answered + self.failed.total()

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.answered + other.answered, self.failed + other.failed, self.denied + other.denied)


async def hammer(
    runtime: ProviderRuntime, calls: int, width: int, *, before_each: Callable[[], object] = lambda: None
) -> Tally:
    """So many calls of ``upstream``, no two alike; ``before_each`` is done before each.

    What is not an error of ours is raised.
    """
    tally = Tally()

    async def one(number: int) -> None:
        before_each()
        try:
            await runtime.run(a_request(f"call {number} of {runtime.runtime_id}", model="upstream:m"))
        except ProviderError as error:
            tally.failed[error.code.value] += 1
            tally.denied[str(error.retry_denied_by)] += 1
        else:
            tally.answered += 1

    await in_flight(width, (partial(one, number) for number in range(calls)))
    return tally


def upstream(server: HostileServer, scenario: str, provider_id: str = "upstream") -> ProviderConfig:
    """The record of a provider that behaves like ``scenario``."""
    return local_server(server.url(scenario), provider_id=provider_id)


async def what_stays(before: Held, *servers: HostileServer) -> Held:
    """What is held when the servers have seen that everybody has gone, which may take a moment."""
    after = Held.now()
    for _ in range(200):
        if after == before and not any(server.open for server in servers):
            break
        await asyncio.sleep(0.01)
        after = Held.now()
    return after
