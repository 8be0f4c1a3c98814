"""What a fresh isolated runtime costs: to open, to call once, to keep, to have many of, to close.

    python benchmarks/runtimes.py [--quick] [--rounds 15] [--block 50] [--many 10000]

Five tables, each beside its target:

- opening and closing a runtime, with and without one call, beside aiohttp's own first call (session,
  POST, JSON parse, close). All talk to one server on loopback, in one process, in turns: a round
  measures a block of each and takes differences and ratios; medians are printed;
- the bytes that an open runtime keeps, before and after its first call (connection included), by
  tracemalloc;
- the resident memory of many idle runtimes, in a process of its own;
- one ``run()``, and opening and closing one more, while 1, 100 and many others are open, beside a bare
  call in the same rounds;
- what is left after all of them were closed.

CPU is of this process alone: the server works in another. The targets in microseconds are for a quiet
machine, on which aiohttp's own first call takes some 400 µs; on a busy one trust the ratios.
``--quick`` takes seconds and shows the same rows.
"""

import argparse
import asyncio
import gc
import json
import statistics
import threading
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from attrs import frozen
from bare import bare_call
from governed import our_call, our_request, settings_for
from measuring import (
    KIB,
    MIB,
    Findings,
    Table,
    Target,
    arguments,
    at_most,
    cpu_per_call,
    in_a_child,
    in_turns,
    median,
    mock_server,
    ratio,
    resident,
    show,
)
from measuring import Effort as Turns

from provider_runtime import ProviderRuntime, RuntimeSettings, open_runtime

WARM_UP = 30
TRACED = 200  # runtimes whose bytes are counted: enough that what the first one pays for all is small


@frozen
class Effort:
    """How much is measured."""

    rounds: int
    block: int
    many: int


@asynccontextmanager
async def many_open(settings: RuntimeSettings, count: int) -> AsyncIterator[list[ProviderRuntime]]:
    """That many runtimes, all open at once."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_runtime(settings)) for _ in range(count)]


# ── CPU of a fresh runtime ──────────────────────────────────────────────────────────────────


async def fresh(base: str, effort: Effort) -> dict[str, list[float]]:
    """CPU microseconds of each kind of fresh start, round by round."""
    settings, request = settings_for(base), our_request("small")

    async def bare() -> None:
        async with aiohttp.ClientSession() as session:
            await bare_call(session, base)()

    async def opened() -> None:
        async with open_runtime(settings):
            pass

    async def called() -> None:
        async with open_runtime(settings) as runtime:
            await runtime.run(request)

    starts: dict[str, Callable[[], Awaitable[None]]] = {"bare": bare, "opened": opened, "called": called}
    return await in_turns(starts, Turns(effort.rounds, effort.block, WARM_UP), cpu_per_call)


def fresh_findings(costs: dict[str, list[float]]) -> Findings:
    """One row for each kind, what it takes beyond the bare start, and the ratio to it."""
    words = {
        "bare": "aiohttp: session, first call, close",
        "opened": "runtime: open, close",
        "call": "runtime: first call, connection included",
        "called": "runtime: open, first call, close",
    }
    costs["call"] = [called - opened for called, opened in zip(costs["called"], costs["opened"], strict=True)]
    beyond = {
        name: statistics.median(ours - plain for ours, plain in zip(costs[name], costs["bare"], strict=True))
        for name in words
    }
    rows = tuple(
        (
            said,
            f"{median(costs, name):,.0f} µs",
            f"{beyond[name]:+,.0f} µs" if name != "bare" else "",
            f"{ratio(costs, name):.2f} ×",
        )
        for name, said in words.items()
    )
    table = Table("A fresh isolated runtime", ("", "CPU", "beyond bare", "to bare"), rows)
    what = "CPU to open, call once and close a fresh runtime, beyond aiohttp's own first call"
    return Findings((table,), (at_most(what, 2_000, beyond["called"], "µs", digits=0),))


# ── bytes that a runtime keeps ──────────────────────────────────────────────────────────────


async def kept(base: str) -> tuple[float, float]:
    """KiB that one open runtime keeps: idle, and after one call."""
    settings, request = settings_for(base), our_request("small")
    async with open_runtime(settings) as first:
        await first.run(request)  # imports, and what frozen values work out once
    traced = []
    for calls in (0, 1):
        gc.collect()
        tracemalloc.start()
        async with many_open(settings, TRACED) as runtimes:
            for runtime in runtimes[: TRACED * calls]:
                await runtime.run(request)
            gc.collect()
            traced.append(tracemalloc.get_traced_memory()[0] / TRACED / KIB)
        tracemalloc.stop()
    return traced[0], traced[1]


def kept_findings(idle: float, used: float) -> Findings:
    rows = (("idle", f"{idle:.1f} KiB"), ("after its first call", f"{used:.1f} KiB"))
    target = at_most("memory that a runtime keeps after its first call", 48, used, "KiB", digits=1)
    return Findings((Table("Bytes that an open runtime keeps", ("", "each"), rows),), (target,))


# ── many runtimes, in a process of their own ────────────────────────────────────────────────


def left_over() -> dict[str, int]:
    """What a runtime could leave behind in this process."""
    gc.collect()
    ours = sum(str(type(thing).__module__).startswith("provider_runtime") for thing in gc.get_objects())
    return {
        "objects": ours,
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
    }


async def among_others(
    session: aiohttp.ClientSession, base: str, counts: tuple[int, ...], effort: Effort
) -> tuple[dict[str, dict[str, list[float]]], int]:
    """CPU of a bare call, a ``run()`` and one more opening among so many others; memory with the last of them."""
    settings, request = settings_for(base), our_request("small")
    costs: dict[str, dict[str, list[float]]] = {}
    in_use = 0
    async with open_runtime(settings) as runtime:

        async def one_more() -> None:
            async with open_runtime(settings):
                pass

        works: dict[str, Callable[[], Awaitable[object]]] = {
            "bare": bare_call(session, base),
            "call": our_call(runtime, request),
            "open": one_more,
        }
        for others in counts:
            async with many_open(settings, others):
                gc.collect()
                in_use = resident()
                costs[str(others)] = await in_turns(
                    works, Turns(effort.rounds, effort.block * 4, WARM_UP), cpu_per_call
                )
    return costs, in_use


async def crowd(base: str, effort: Effort) -> dict[str, object]:
    """Memory, calls and openings with ever more runtimes open, and what is left of them."""
    async with aiohttp.ClientSession() as session:
        await among_others(session, base, (1,), Effort(1, WARM_UP, 1))  # imports, and what is worked out once
        before, memory = left_over(), resident()
        costs, in_use = await among_others(session, base, (1, 100, effort.many), effort)
        return {"grown": in_use - memory, "costs": costs, "before": before, "after": left_over()}


def crowd_findings(found: dict[str, Any], many: int) -> Findings:
    """Memory, calls, and what was left."""
    mib = found["grown"] / MIB
    memory = (("resident memory", f"{mib:,.0f} MiB"), ("of it each", f"{mib * KIB / many:.1f} KiB"))
    among: dict[str, list[float]] = {
        what: [ratio(costs, what) for costs in found["costs"].values()] for what in ("call", "open")
    }
    rows = {
        what: tuple(
            (f"{int(others):,} others", f"{each:.2f} ×", f"{each / ratios[0]:.2f} ×")
            for others, each in zip(found["costs"], ratios, strict=True)
        )
        for what, ratios in among.items()
    }
    left = tuple((what, f"{count:,}", f"{found['after'][what]:,}") for what, count in found["before"].items())
    tables = (
        Table(f"{many:,} idle runtimes in one process", ("", "measured"), memory),
        Table("A call while others are open", ("", "run() to bare", "to the first row"), rows["call"]),
        Table("Opening and closing one more", ("", "to a bare call", "to the first row"), rows["open"]),
        Table("Left after closing all", ("", "before", "after"), left),
    )
    same = found["before"] == found["after"]
    targets = (
        at_most(f"memory of {many:,} idle runtimes", many / 20, mib, "MiB", digits=0),
        at_most(f"a call with {many:,} idle runtimes, to one with 1", 1.1, among["call"][-1] / among["call"][0], "×"),
        Target("left after closing all runtimes", "nothing", "nothing" if same else "something", same),
    )
    return Findings(tables, targets)


def main() -> None:
    parser = arguments(__doc__, rounds=15, block=50, many=10_000)
    parser.add_argument("--crowd", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.crowd:
        base, *numbers = options.crowd
        print(json.dumps(asyncio.run(crowd(base, Effort(*map(int, numbers))))))
        return
    effort = Effort(5, 30, 1_000) if options.quick else Effort(options.rounds, options.block, options.many)
    with mock_server() as server:
        base = f"{server}/small/v1"
        found = [fresh_findings(asyncio.run(fresh(base, effort))), kept_findings(*asyncio.run(kept(base)))]
        numbers = [str(effort.rounds), str(effort.block), str(effort.many)]
        found.append(crowd_findings(in_a_child("runtimes.py", "--crowd", base, *numbers), effort.many))
    show(Findings.of(*found), options)


if __name__ == "__main__":
    main()
