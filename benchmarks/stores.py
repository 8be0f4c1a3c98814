"""What durable records cost: appends and lookups in each medium, alone and many at once, empty and full.

    python benchmarks/stores.py [--long] [--folder DIR]

Prints appends a second one after another and with 64 in flight, then what one append, one look at
the tail, one page and one document cost when 1,000 and 100,000 records are there (``--long``:
1,000,000, too). The last columns are to be the same. Every append is durable when it returns,
except in memory; the disk under ``--folder`` decides the figures.

At last, how long a ledger of budgets with 100,000 entries takes to open, with its checkpoint and
after that was lost: the goal is a second at most.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import Journal, Media
from provider_runtime.adapters.backends.memory import MemoryMedia
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.adapters.governance.ledger import JournalLedger
from provider_runtime.domain.policy.budgets.holds import Admitted, Fate
from provider_runtime.testing.contracts.budgets import a_claim, an_order

ENTRY = b"x" * 700  # about as long as a receipt
IN_FLIGHT = 64


def media(folder: Path) -> dict[str, Callable[[], Media]]:
    return {
        "memory": MemoryMedia,
        "filesystem": lambda: FilesystemMedia(root=folder / "files"),
        "sqlite": lambda: SqliteMedia(path=folder / "store.sqlite"),
    }


def entry(_last: bytes | None) -> bytes:
    return ENTRY


async def appended(journal: Journal, count: int, at_once: int) -> float:
    """Appends a second."""

    async def worker(share: int) -> None:
        for _ in range(share):
            await journal.append(entry)

    start = time.perf_counter()
    await asyncio.gather(*(worker(count // at_once) for _ in range(at_once)))
    return count / (time.perf_counter() - start)


async def median_us(work: Callable[[], Awaitable[object]], times: int = 200) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1e6


async def rates(name: str, make: Callable[[], Media]) -> None:
    async with aclosing(make()) as opened:  # type: ignore[type-var]  # every medium has aclose
        journal = opened.journal("rates")
        await appended(journal, 100, 1)  # warm
        alone = await appended(journal, 1_000, 1)
        together = statistics.median([await appended(journal, 6_400, IN_FLIGHT) for _ in range(3)])
    print(f"{name:<12} {alone:>12,.0f} {together:>12,.0f}")


async def growth(name: str, make: Callable[[], Media], sizes: tuple[int, ...]) -> None:
    async with aclosing(make()) as opened:  # type: ignore[type-var]  # as above
        journal, documents = opened.journal("growth"), opened.documents()
        for number in range(1_000):
            await documents.put("growth", f"{number:06}", ENTRY)
        kept = 0
        for size in sizes:
            await appended(journal, size - kept, min(256, size - kept))
            kept = await journal.count()
            middle = (await journal.read(limit=500)).end
            figures = [
                await median_us(lambda: journal.append(entry)),
                await median_us(lambda: journal.tail(20)),
                await median_us(lambda middle=middle: journal.read(after=middle, limit=20)),  # type: ignore[misc]  # bound at once
                await median_us(lambda: documents.get("growth", "000500")),
            ]
            kept = await journal.count()
            print(f"{name:<12} {size:>12,} " + " ".join(f"{figure:>10,.0f}" for figure in figures))


async def filled(make: Callable[[], Media], entries: int) -> None:
    """A ledger of so many entries, each hold in two budgets."""
    opened = make()
    ledger = JournalLedger(journal=opened.journal("budgets"), documents=opened.documents())

    async def worker(number: int) -> None:
        for round_ in range(entries // 2 // 256):
            claims = a_claim(10, limit=10**9, owner=f"tenant-{round_ % 50}"), a_claim(10, budget="week", limit=10**9)
            answer = await ledger.reserve(an_order(*claims, call=f"call_{number:08x}{round_:024x}"))
            assert isinstance(answer, Admitted)
            await ledger.settle(answer.hold, Fate.POSTED, [7, 7])

    await asyncio.gather(*(worker(number) for number in range(256)))
    await opened.aclose()


async def opening_s(make: Callable[[], Media]) -> tuple[float, float]:
    """Seconds until a ledger that nobody has open can say how it stands, and seconds of CPU in it."""
    opened = make()
    ledger = JournalLedger(journal=opened.journal("budgets"), documents=opened.documents(), checkpoint_every=10**9)
    start, cpu = time.perf_counter(), time.process_time()
    await ledger.standings([a_claim()])
    taken = time.perf_counter() - start, time.process_time() - cpu
    await opened.aclose()
    return taken


async def recovery(name: str, make: Callable[[], Media]) -> None:
    await filled(make, 100_000)
    kept = min([await opening_s(make) for _ in range(3)])
    opened = make()
    await opened.documents().delete("checkpoints", "budgets")
    entries = await opened.journal("budgets").count()
    await opened.aclose()
    lost = min([await opening_s(make) for _ in range(3)])
    print(f"{name:<12} {entries:>12,} {kept[0]:>12.3f} {lost[0]:>12.3f} {lost[1]:>12.3f}")


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--long", action="store_true")
    arguments.add_argument("--folder", type=Path)
    chosen = arguments.parse_args()
    sizes = (1_000, 100_000, 1_000_000) if chosen.long else (1_000, 100_000)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        print(f"{'appends/s':<12} {'one by one':>12} {f'{IN_FLIGHT} at once':>12}")
        for name, make in media(Path(folder)).items():
            await rates(name, make)
        print(f"\n{'median µs':<12} {'records':>12} {'append':>10} {'tail(20)':>10} {'page(20)':>10} {'document':>10}")
        for name, make in media(Path(folder)).items():
            await growth(name, make, sizes)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        titles = ("entries", "checkpoint", "without", "of it CPU")
        print(f"\n{'opening, s':<12} " + " ".join(f"{title:>12}" for title in titles))
        for name, make in media(Path(folder)).items():
            if name != "memory":
                await recovery(name, make)


if __name__ == "__main__":
    asyncio.run(main())
