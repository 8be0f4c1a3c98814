"""Callers who leave: at any moment, some of them twice, whatever their calls wait for just then."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random

from attrs import Factory, define
from under_load.faults import saying

from provider_runtime import CallOptions, ProviderRequest, ProviderResponse, ProviderRuntime, ProviderRuntimeError
from provider_runtime.adapters.outcomes import MemoryOutcomes
from provider_runtime.domain.identity import CallId
from provider_runtime.ports.stores.outcomes import Claim, Outcome
from provider_runtime.testing.builders import a_request


@define(eq=False)
class DistantOutcomes:
    """``MemoryOutcomes`` as far away as a database: before and after each step others have a turn."""

    near: MemoryOutcomes = Factory(MemoryOutcomes)

    async def claim(self, call_id: CallId, digest: str) -> Claim:
        await _there()
        claim = await self.near.claim(call_id, digest)
        await _there()
        return claim

    async def keep_outcome(self, call_id: CallId, outcome: Outcome) -> None:
        await _there()
        await self.near.keep_outcome(call_id, outcome)
        await _there()

    async def release(self, call_id: CallId) -> None:
        await _there()
        await self.near.release(call_id)
        await _there()


async def _there() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


@define(eq=False)
class Callers:
    """Calls by number. Those whose number ends in 8 or 9 are two callers of one call, which has a name.

    ``began`` are the calls that were begun before their callers left, ``strange`` what ended otherwise
    than it may.
    """

    runtime: ProviderRuntime
    die: Random
    began: set[int] = Factory(set)
    left: int = 0
    answered: int = 0
    failed: Counter[str] = Factory(Counter)
    strange: list[str] = Factory(list)

    async def one(self, number: int) -> None:
        """Call, and leave or not, as the die decides."""
        call = asyncio.create_task(self._call(number))
        for leave in self._moments():
            await leave()
            call.cancel()
        await asyncio.wait([call])
        if call.cancelled():
            self.left += 1
        elif error := call.exception():
            if not isinstance(error, ProviderRuntimeError):
                self.strange.append(f"call {number}: {type(error).__name__}")
            else:
                self.failed[error.code.value] += 1
        else:
            self.answered += 1
            if call.result().text != saying(asked_as(number)):
                self.strange.append(f"call {number} was answered with another's answer")

    def _moments(self) -> list[Callable[[], Awaitable[None]]]:
        """When to leave: after so many turns of the loop, or so long; and again, before all is put away."""
        if self.die.random() < 0.3:
            return []
        late = self.die.random() < 0.5
        turns, seconds = self.die.randrange(40), self.die.random() * 0.06
        first = (lambda: asyncio.sleep(seconds)) if late else (lambda: _turns(turns))
        again = self.die.randrange(8)
        return [first, lambda: _turns(again)] if self.die.random() < 0.3 else [first]

    async def _call(self, number: int) -> ProviderResponse:
        self.began.add(number)
        name = CallId(f"named-{asked_as(number)}") if is_named(number) else None
        options = CallOptions(metadata={"n": str(number), "tenant": str(number % 3)}, call_id=name)
        return await self.runtime.run(question(asked_as(number)), options)


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def question(number: int) -> ProviderRequest:
    """What call ``number`` asks."""
    return a_request(f"call {number}", model="upstream:m")


def is_named(number: int) -> bool:
    """Whether the call has a name, under which it is made once."""
    return number % 10 in {8, 9}


def asked_as(number: int) -> int:
    """The number that the request of this caller carries: of two callers of one call, that of the first."""
    return number - number % 2 if is_named(number) else number
