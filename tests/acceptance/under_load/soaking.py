"""A soak: many calls on several runtimes, of a provider with every fault at once; then the books are compared."""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial
from pathlib import Path
from typing import Final

from attrs import Factory, define, frozen
from hostile.server import HostileServer
from under_load.books import Books
from under_load.driving import in_flight, upstream, what_stays
from under_load.faults import Faulty
from under_load.process import Held, resident_bytes, slope

from provider_runtime import (
    CallOptions,
    FallbackPolicy,
    ProviderId,
    ProviderRuntime,
    RateLimits,
    RetryPolicy,
    RuntimeSettings,
    open_runtime,
)
from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.backends.receipts import (
    FilesystemReceiptProvider,
    InMemoryReceiptProvider,
    SqliteReceiptProvider,
)
from provider_runtime.ports.stores.journals import ReceiptProvider
from provider_runtime.testing.builders import a_request

_CHAIN_OF: Final = (0, 1, 2, 2)  # of each runtime, the place where it leaves its receipts; the last two share one
_IGNORED: Final = 200  # one call in so many is never answered
_PATIENCE_S: Final = 1.0  # which is how long it waits
_KEPT: Final = 300  # receipts in memory: soon no more of them
_EVERY: Final = 500  # so many calls, memory is looked at
_UPSTREAM, _SPARE = ProviderId("upstream"), ProviderId("spare")


@frozen(kw_only=True)
class Soak:
    """How much: ``calls`` in all, ``width`` of them at a time, over four runtimes. Receipts go to ``folder``."""

    calls: int
    width: int
    folder: Path
    seed: int = 1

    @property
    def ignored(self) -> frozenset[int]:
        return frozenset(range(_IGNORED // 2, self.calls, _IGNORED))


@frozen(kw_only=True)
class SoakReport:
    """What a soak came to. ``wrong`` says what does not add up: nothing, if all is well.

    ``growth`` is memory: bytes that 10,000 calls add, as seen in the second half; ``None`` where nobody knows.
    """

    calls: int
    answered: int
    failed: Counter[str]
    faults: Counter[str]
    requests: int
    seconds: float
    growth: float | None
    wrong: tuple[str, ...]


@define
class _Watch:
    """Memory, as calls are made."""

    done: int = 0
    samples: list[tuple[float, float]] = Factory(list)

    def one_more(self) -> None:
        self.done += 1
        if self.done % _EVERY == 0:
            gc.collect()
            self.samples.append((self.done, float(resident_bytes() or 0)))

    @property
    def growth(self) -> float | None:
        late = self.samples[len(self.samples) // 2 :]
        return None if resident_bytes() is None or len(late) < 2 else 10_000 * slope(late)


async def soaked(
    soak: Soak, server: HostileServer, spare: HostileServer, progress: Callable[[int], object] = lambda _: None
) -> SoakReport:
    """Do it. ``progress`` hears of each call that is done, how many there were."""
    books, watch = Books(soak.calls), _Watch()
    rough = Faulty(soak.seed, 0.3, books.counted, soak.ignored)
    calm = Faulty(soak.seed + 1, 0.03, books.counted, soak.ignored)
    server.add("rough", rough)
    spare.add("calm", calm)
    await asyncio.to_thread(int)  # the loop's own threads are there before the first count of what is held
    before, began = Held.now(), time.monotonic()
    async with AsyncExitStack() as stack:
        chains = [await stack.enter_async_context(aclosing(chain)) for chain in _chains(soak.folder)]
        async with AsyncExitStack() as open_ones:
            runtimes = [
                await open_ones.enter_async_context(open_runtime(settings, event_sink=books, receipts=chains[place]))
                for settings, place in zip(_settings(server, spare), _CHAIN_OF, strict=True)
            ]

            async def one(number: int) -> None:
                await _call(runtimes[number % len(runtimes)], number, books, impatient=number in soak.ignored)
                watch.one_more()
                progress(watch.done)

            await in_flight(soak.width, (partial(one, number) for number in range(soak.calls)))
            seconds = time.monotonic() - began
            wrong = _held_by(runtimes)
        for place, chain in enumerate(chains):
            wrong += await books.audit(chain, sum(_CHAIN_OF[n % len(_CHAIN_OF)] == place for n in range(soak.calls)))
    after = await what_stays(before, server, spare)
    if after != before:
        wrong.append(f"held before: {before}, afterwards: {after}")
    return SoakReport(
        calls=soak.calls,
        answered=sum(books.answered),
        failed=books.failed,
        faults=rough.done + calm.done,
        requests=sum(books.counted),
        seconds=seconds,
        growth=watch.growth,
        wrong=(*wrong, *books.disagreements()),
    )


def _chains(folder: Path) -> tuple[ReceiptProvider, ...]:
    return (
        InMemoryReceiptProvider(journal=MemoryJournal(keep=_KEPT)),
        FilesystemReceiptProvider(path=folder / "receipts.jsonl"),
        SqliteReceiptProvider(path=folder / "receipts.db"),
    )


def _settings(server: HostileServer, spare: HostileServer) -> tuple[RuntimeSettings, ...]:
    """Four runtimes, as different as may be."""
    usual = partial(
        RuntimeSettings,
        providers=(upstream(server, "rough"), upstream(spare, "calm", "spare")),
        retry=RetryPolicy(initial_backoff_ms=1, max_backoff_ms=4),
        deadline_s=60.0,
    )
    fallback = FallbackPolicy(alternatives=["spare:m"], even_if_billed=True)
    limits = {_UPSTREAM: RateLimits(concurrent_calls=8), _SPARE: RateLimits(concurrent_calls=8)}
    return (
        usual(circuit=False),
        usual(circuit=False, fallback=fallback),
        usual(circuit=True, fallback=fallback),
        usual(circuit=False, limits=limits),
    )


async def _call(runtime: ProviderRuntime, number: int, books: Books, *, impatient: bool) -> None:
    # Every third call goes where little goes wrong: there second tries are granted.
    request = a_request(f"call {number}", model="spare:m" if number % 3 == 0 else "upstream:m")
    options = CallOptions(metadata={"n": str(number)}, deadline_s=_PATIENCE_S if impatient else None)
    try:
        books.enter(number, await runtime.run(request, options))
    except Exception as error:  # noqa: BLE001 - that it is one of ours is what is looked at
        books.enter(number, error)


def _held_by(runtimes: Sequence[ProviderRuntime]) -> list[str]:
    paces = [runtime.sending.resilience.pacings.of(name) for runtime in runtimes for name in (_UPSTREAM, _SPARE)]
    return [
        f"{pacing.provider}: {pacing.under_way} have a place and {pacing.waiting} wait, though no call is left"
        for pacing in paces
        if pacing is not None and (pacing.under_way, pacing.waiting) != (0, 0)
    ]
