"""What durable records cost: appends and lookups in each medium, alone and many at once, empty and full.

    python benchmarks/stores.py [--quick] [--most 100000 | --long] [--folder DIR]

Prints appends a second one after another and with 64 in flight, and what a receipt costs a call with
and without checkpoints. Then, with 1,000, 10,000 and 100,000 records there (``--long``: 1,000,000, too),
what one append and each lookup cost, in microseconds: the lines of a medium are to be the same. Every
append is durable when it returns, except in memory; the disk under ``--folder`` decides the figures.

Then, how long a ledger of budgets with 100,000 entries takes to open, with its checkpoint and after that was
lost: the goal is a second at most. At last, whole calls whose budget and receipt are in SQLite files, each
written through to the disk before and after the call, beside the same calls with all of it in memory.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial
from pathlib import Path
from typing import Any

from governed import opened, our_call, our_request
from measuring import Call, Effort, Findings, Table, arguments, at_least, at_most, at_once, in_turns, mock_server, show

from provider_runtime import SqliteLedger, SqliteReceipts
from provider_runtime.adapters.backends.checkpoints.notary import Notary
from provider_runtime.adapters.backends.checkpoints.receipts import CheckpointedReceipts
from provider_runtime.adapters.backends.checkpoints.sinks import MemoryCheckpoints
from provider_runtime.adapters.backends.families.sessions import MediaSessions
from provider_runtime.adapters.backends.filesystem.calls import SystemFiles
from provider_runtime.adapters.backends.filesystem.framing import Lines
from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import Journal, Media
from provider_runtime.adapters.backends.memory import MemoryJournal, MemoryMedia
from provider_runtime.adapters.backends.receipts import InMemoryReceiptProvider, JournalReceipts
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.adapters.call_traces.store import MediaCallTraces
from provider_runtime.adapters.governance.ledger import JournalLedger
from provider_runtime.adapters.signing.hmac_sha256 import HmacSigner
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.policy.budgets.holds import Admitted, Fate
from provider_runtime.domain.records.sessions import SessionData, SessionEvent, SessionEventKind, checkpoint
from provider_runtime.domain.records.state import State
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.contracts.governance.budgets import a_claim, an_order
from provider_runtime.testing.contracts.oversight.call_traces import a_trace
from provider_runtime.testing.stages import a_record

ENTRY = b"x" * 700  # about as long as a receipt
IN_FLIGHT = 64
AT_ONCE = 256  # while a store is filled
MEDIA = ("memory", "filesystem", "sqlite")
FEW_FILES = 10_000  # a document a file: more of them say more about the file system than about us
IN_MEMORY = 100_000  # a million would take gigabytes


class Hurried(SystemFiles):
    """Waits for no disk: for filling a store that is then measured as it is."""

    def sync(self, descriptor: int) -> None:
        pass


def media(name: str, folder: Path, *, hurried: bool = False) -> Media:
    if name == "memory":
        return MemoryMedia()
    if name == "sqlite":
        return SqliteMedia(path=folder / "store.sqlite")
    return FilesystemMedia(root=folder / "files", files=Hurried() if hurried else SystemFiles())


def receipts(name: str, opened: Media, folder: Path, *, hurried: bool = False) -> JournalReceipts:
    if name == "memory":
        return JournalReceipts(journal=MemoryJournal(keep=None))
    if name == "sqlite":
        return JournalReceipts(journal=opened.journal("receipts"))
    files = Hurried() if hurried else SystemFiles()
    return JournalReceipts(journal=FilesystemJournal(path=folder / "receipts.jsonl", framing=Lines(), files=files))


def entry(_last: bytes | None) -> bytes:
    return ENTRY


async def many(work: Callable[[int], Awaitable[object]], numbers: range, at_once: int) -> float:
    """Do all of it, so many at once; how many a second."""
    waiting = iter(numbers)

    async def worker() -> None:
        for number in waiting:
            await work(number)

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return len(numbers) / (time.perf_counter() - start)


async def median_us(work: Callable[[int], Awaitable[object]], times: int = 200) -> float:
    taken = []
    for number in range(times):
        start = time.perf_counter()
        await work(number)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1e6


async def both_us(work: Callable[[int], Awaitable[object]], times: int = 200) -> tuple[float, float]:
    """The median, and how much CPU it takes on average: the rest is waiting for the disk, and for others at it."""
    start = time.process_time()
    median = await median_us(work, times)
    return median, (time.process_time() - start) / times * 1e6


async def rates(name: str, folder: Path) -> tuple[str, ...]:
    async with aclosing(media(name, folder)) as opened:
        journal = opened.journal("rates")
        await many(lambda _: journal.append(entry), range(100), 1)  # warm
        alone = await many(lambda _: journal.append(entry), range(1_000), 1)
        shares = [await many(lambda _: journal.append(entry), range(6_400), IN_FLIGHT) for _ in range(3)]
    return name, f"{alone:,.0f}", f"{statistics.median(shares):,.0f}"


async def cost_of_checkpoints() -> Table:
    """What a receipt in memory costs a call: CPU, with a checkpoint of every 100th or without."""
    record, taken = a_record(), dict[str, list[float]]()
    for _ in range(7):
        for name in ("without", "with"):
            stored = InMemoryReceiptProvider()
            notary = Notary(signer=HmacSigner(key=Secret("a-key")), sink=MemoryCheckpoints(), clock=SystemClock())
            kept = CheckpointedReceipts(receipts=stored, notary=notary) if name == "with" else stored
            start = time.process_time()
            for number in range(5_000):
                await kept.store(record)
                if number % 10 == 0:
                    await asyncio.sleep(0)
            taken.setdefault(name, []).append((time.process_time() - start) / 5_000 * 1e6)
            await kept.flush()
    rows = tuple((f"{name} checkpoints", f"{min(each):.1f} µs") for name, each in taken.items())
    return Table("A receipt in memory", ("", "CPU"), rows)


async def journals(name: str, folder: Path, sizes: tuple[int, ...]) -> list[tuple[str, ...]]:
    """Entries of a journal, and receipts by their id: filled in a hurry, and measured as it is."""
    rows, in_memory = list[tuple[str, ...]](), MemoryMedia()
    kept = 0
    receipts_in_memory = receipts("memory", in_memory, folder)
    for size in sizes:
        if name == "memory" and size > IN_MEMORY:
            break
        for hurried in (True, False):
            opened = in_memory if name == "memory" else media(name, folder, hurried=hurried)
            stored = receipts_in_memory if name == "memory" else receipts(name, opened, folder, hurried=hurried)
            if hurried:
                await filled(opened.journal("growth"), stored, range(kept, size))
            else:
                row, kept = await measured(name, size, opened.journal("growth"), stored)
                rows.append(row)
            if name != "memory":
                await stored.aclose()
                await opened.aclose()
    return rows


async def filled(journal: Journal, stored: JournalReceipts, numbers: range) -> None:
    record = a_record()
    await many(lambda _: journal.append(entry), numbers, AT_ONCE)
    await many(lambda _: stored.store(record), numbers, AT_ONCE)


async def measured(name: str, size: int, journal: Journal, stored: JournalReceipts) -> tuple[tuple[str, ...], int]:
    middle = (await journal.read(limit=500)).end
    wanted = (await stored.before(size // 3, 1))[0].receipt_id
    record = a_record()
    figures = [
        *await both_us(lambda _: journal.append(entry)),
        *await both_us(lambda _: stored.store(record)),
        await median_us(lambda _: journal.tail(20)),
        await median_us(lambda _: journal.read(after=middle, limit=20)),
        await median_us(lambda _: stored.get(wanted)),
    ]
    return _row(name, size, figures), await journal.count()


def _row(name: str, size: int, figures: Sequence[float]) -> tuple[str, ...]:
    return name, f"{size:,}", *(f"{figure:,.0f}" for figure in figures)


async def documents(name: str, folder: Path, sizes: tuple[int, ...]) -> list[tuple[str, ...]]:
    """Documents by key, the life of a call by its id, and a jump in the log of a session."""
    opened, kept, rows = media(name, folder, hurried=True), 0, list[tuple[str, ...]]()
    sessions, traces = MediaSessions(media=opened), MediaCallTraces(media=opened)
    await sessions.save("work", SessionData())
    for size in sizes:
        if size > {"filesystem": FEW_FILES, "memory": IN_MEMORY}.get(name, size):
            break
        numbers = range(kept, size)
        await many(lambda number: opened.documents().put("growth", f"{number:08}", ENTRY), numbers, AT_ONCE)
        await many(lambda number: traces.keep(a_trace(f"call_{number:08}")), numbers, AT_ONCE)
        await many(lambda number: sessions.record("work", event(number)), numbers, AT_ONCE)
        kept = size
        figures = [
            await median_us(lambda number: opened.documents().put("growth", f"{number:08}", ENTRY)),
            await median_us(lambda number: opened.documents().get("growth", f"{number:08}")),
            await median_us(lambda number: traces.get(f"call_{number:08}")),
            await median_us(lambda number, size=size: sessions.jump("work", size // 2 + number)),  # type: ignore[misc]  # bound at once
        ]
        rows.append(_row(name, size, figures))
    await opened.aclose()
    return rows


def event(number: int) -> SessionEvent:
    return checkpoint(State(control=number)) if number % 20 == 0 else SessionEvent(kind=SessionEventKind.STEP)


async def budgeted(make: Callable[[], Media], entries: int) -> None:
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


async def recovery(name: str, make: Callable[[], Media], entries: int) -> tuple[tuple[str, ...], float]:
    """How long a ledger takes to open, and the longer of both times."""
    await budgeted(make, entries)
    kept = min([await opening_s(make) for _ in range(3)])
    opened = make()
    await opened.documents().delete("checkpoints", "budgets")
    counted = await opened.journal("budgets").count()
    await opened.aclose()
    lost = min([await opening_s(make) for _ in range(3)])
    row = name, f"{counted:,}", f"{kept[0]:.3f} s", f"{lost[0]:.3f} s", f"{lost[1]:.3f} s"
    return row, max(kept[0], lost[0])


async def durable_calls(folder: Path, rounds: int, calls: int) -> Findings:
    """Whole calls with a budget: counted and receipted in memory, or in SQLite files before and after each."""
    places: dict[str, dict[str, Any]] = {
        "in memory": {},
        "in SQLite": {
            "ledger": SqliteLedger(path=folder / "ledger.sqlite"),
            "receipts": SqliteReceipts(path=folder / "receipts.sqlite"),
        },
    }

    async def cost(call: Call, count: int) -> tuple[float, float]:
        alone, _ = await at_once(call, max(1, count // 10), 1)
        wall, _ = await at_once(call, count, IN_FLIGHT)
        return alone, wall

    with mock_server() as server:
        async with AsyncExitStack() as stack:
            ways: dict[str, Call] = {}
            for name, place in places.items():
                opening = opened(f"{server}/small/v1", ("leakage", "grants", "budget"), settings=place)
                ways[name] = our_call(await stack.enter_async_context(opening), our_request("small"))
            costs = await in_turns(ways, Effort(rounds, calls, min(calls, 200)), cost)
    paces = {name: statistics.median(1e6 / wall for _, wall in each) for name, each in costs.items()}
    rows = tuple(
        (name, f"{statistics.median(1e6 / alone for alone, _ in each):,.0f}", f"{paces[name]:,.0f}")
        for name, each in costs.items()
    )
    table = Table("Whole calls a second, budget and receipt kept", ("kept", "one by one", f"{IN_FLIGHT} at once"), rows)
    what = "durable calls (SQLite ledger and receipt), 64 in flight"
    return Findings((table,), (at_least(what, 2_000, paces["in SQLite"], "a second", digits=0),))


async def measure(root: Path, sizes: tuple[int, ...], entries: int, rounds: int) -> Findings:
    """All of it."""
    pace = tuple([await rates(name, root / "rates") for name in MEDIA])
    growing = [row for name in MEDIA for row in await journals(name, root / "journals", sizes)]
    lookups = [row for name in MEDIA for row in await documents(name, root / "documents", sizes)]
    opening = [await recovery(name, partial(media, name, root / "budgets"), entries) for name in MEDIA[1:]]
    columns = ("medium", "records", "append", "of it CPU", "receipt", "of it CPU", "tail(20)", "page(20)", "by id")
    tables = (
        Table("Appends a second", ("medium", "one by one", f"{IN_FLIGHT} at once"), pace),
        await cost_of_checkpoints(),
        Table("Entries and receipts, median µs", columns, tuple(growing)),
        Table("Documents, median µs", ("medium", "records", "put", "get", "call", "jump"), tuple(lookups)),
        Table(
            "To open a ledger of budgets",
            ("medium", "entries", "checkpoint there", "checkpoint lost", "of it CPU"),
            tuple(row for row, _ in opening),
        ),
    )
    longest = at_most(f"to open a ledger of {entries:,} entries", 1, max(seconds for _, seconds in opening), "s")
    (root / "calls").mkdir()
    return Findings.of(Findings(tables, (longest,)), await durable_calls(root / "calls", rounds, 100 * rounds))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--long", action="store_true", help="up to a million records")
    parser.add_argument("--most", type=int, default=100_000, help="records at most, without --long")
    parser.add_argument("--folder", type=Path, help="where to write; its disk decides the figures")
    options = parser.parse_args()
    most = 1_000_000 if options.long else options.most
    sizes = tuple(size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= most)
    entries, rounds = 100_000, 7
    if options.quick:
        sizes, entries, rounds = (1_000,), 2_560, 3
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        show(asyncio.run(measure(Path(folder), sizes, entries, rounds)), options)


if __name__ == "__main__":
    main()
