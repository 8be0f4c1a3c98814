"""What a fresh isolated runtime costs: to open, to call once, to keep, to have many of, to close.

    python benchmarks/runtimes.py [--quick] [--rounds 15] [--block 50] [--many 10000]

Five tables, each beside its target:

- opening and closing a runtime, with and without one call, beside aiohttp's own first call (session,
  POST, JSON parse, close). All talk to one server on loopback, in one process, in turns: a round
  measures a block of each and takes differences and ratios; medians are printed;
- the bytes that an open runtime keeps, before and after its first call (connection included), by
  tracemalloc;
- the resident memory of many idle runtimes, in a process of its own;
- one ``run()``, and opening and closing one more, while 1, 100 and many others are open, beside a bare call
  in the same rounds;
- what is left after all of them were closed.

CPU is of this process alone: the server works in another. The target of 2,000 µs is for a quiet machine,
on which aiohttp's own first call takes some 400 µs: there it is six times that call. On a busy machine trust
the ratios.
``--quick`` takes seconds and shows the same rows.
"""

import argparse
import asyncio
import gc
import json
import platform
import resource
import statistics
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import msgspec
from attrs import frozen
from overhead import bare_body, cpu_per_call, our_request

from provider_runtime import ProviderId, ProviderRuntime, RuntimeSettings, Secret, local_server, open_runtime

KIB, MIB = 1024, 1024 * 1024
HEADERS = {"authorization": "Bearer sk-mock", "content-type": "application/json"}
WARM_UP = 30
TRACED = 200  # runtimes whose bytes are counted: enough that what the first one pays for all is small


@frozen
class Effort:
    """How much is measured."""

    rounds: int
    block: int
    many: int


@contextmanager
def mock_server() -> Iterator[str]:
    """A server in a process of its own; its base URL."""
    script = str(Path(__file__).with_name("mock_server.py"))
    server = subprocess.Popen([sys.executable, script, "small"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
    finally:
        server.kill()
        server.wait()


def settings_for(base: str) -> RuntimeSettings:
    """One tenant's settings."""
    return RuntimeSettings(providers=[local_server(base)], credentials={ProviderId("local"): Secret("sk-mock")})


async def ask_bare(session: aiohttp.ClientSession, base: str) -> str:
    """The call as a careful developer writes it by hand."""
    body = msgspec.json.encode(bare_body("small"))
    async with session.post(f"{base}/chat/completions", data=body, headers=HEADERS) as reply:
        raw = await reply.read()
        assert reply.status == 200
    return str(msgspec.json.decode(raw)["choices"][0]["message"]["content"])


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
            await ask_bare(session, base)

    async def opened() -> None:
        async with open_runtime(settings):
            pass

    async def called() -> None:
        async with open_runtime(settings) as runtime:
            await runtime.run(request)

    starts: dict[str, Callable[[], Awaitable[None]]] = {"bare": bare, "opened": opened, "called": called}
    costs: dict[str, list[float]] = {name: [] for name in starts}
    for start in starts.values():
        await cpu_per_call(start, WARM_UP)
    names = list(starts)
    for number in range(effort.rounds):
        gc.collect()
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            costs[name].append(await cpu_per_call(starts[name], effort.block))
    return costs


def print_fresh(costs: dict[str, list[float]]) -> None:
    """One row for each kind, what it takes beyond the bare start, and the ratio to it."""
    print(f"\n{'CPU of a fresh start':<44}{'median':>10}{'beyond bare':>13}{'ratio':>8}{'target':>18}")
    costs["call"] = [called - opened for called, opened in zip(costs["called"], costs["opened"], strict=True)]
    rows = {
        "bare": ("aiohttp: session, first call, close", ""),
        "opened": ("runtime: open, close", ""),
        "call": ("runtime: first call, connection included", ""),
        "called": ("runtime: open, first call, close", "≤ 2,000 µs (6×)"),
    }
    for name, (words, target) in rows.items():
        pairs = list(zip(costs["bare"], costs[name], strict=True))
        beyond = statistics.median(ours - plain for plain, ours in pairs)
        ratio = statistics.median(ours / plain for plain, ours in pairs)
        shown = f"{beyond:>10,.0f} µs{ratio:>7.2f}×" if name != "bare" else " " * 21
        print(f"{words:<44}{statistics.median(costs[name]):>7,.0f} µs{shown}{target:>18}")


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


# ── many runtimes, in a process of their own ────────────────────────────────────────────────


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


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

        async def bare() -> str:
            return await ask_bare(session, base)

        async def governed() -> str:
            return (await runtime.run(request)).text

        async def one_more() -> None:
            async with open_runtime(settings):
                pass

        works: dict[str, Callable[[], Awaitable[object]]] = {"bare": bare, "call": governed, "open": one_more}
        for work in works.values():
            await cpu_per_call(work, WARM_UP)
        for others in counts:
            async with many_open(settings, others):
                gc.collect()
                in_use = resident()
                found: dict[str, list[float]] = {name: [] for name in works}
                for _ in range(effort.rounds):
                    for name, work in works.items():
                        found[name].append(await cpu_per_call(work, effort.block * 4))
                costs[str(others)] = found
    return costs, in_use


async def crowd(base: str, effort: Effort) -> dict[str, object]:
    """Memory and calls with ever more runtimes open, and what is left of them."""
    async with aiohttp.ClientSession() as session:
        await among_others(session, base, (1,), Effort(1, WARM_UP, 1))  # imports, and what is worked out once
        before, memory = left_over(), resident()
        costs, in_use = await among_others(session, base, (1, 100, effort.many), effort)
        return {"grown": in_use - memory, "costs": costs, "before": before, "after": left_over()}


def in_a_child(base: str, effort: Effort) -> dict[str, object]:
    """``crowd`` in a fresh process."""
    numbers = [str(effort.rounds), str(effort.block), str(effort.many)]
    done = subprocess.run(
        [sys.executable, __file__, "--crowd", base, *numbers], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def print_crowd(found: dict, many: int) -> None:
    """Memory, calls, and what was left."""
    mib = found["grown"] / MIB
    print(f"\n{f'{many:,} idle runtimes':<44}{'measured':>10}{'':>21}{'target':>18}")
    print(f"{'resident memory':<44}{mib:>6,.0f} MiB{mib * KIB / many:>15.1f} KiB each{f'≤ {many / 20:,.0f} MiB':>18}")
    for what, words in {"call": "run() while others are open", "open": "opening and closing one more"}.items():
        print(f"\n{words:<44}{'to bare':>10}{'':>13}{'to first':>8}{'target':>18}")
        first = None
        for others, costs in found["costs"].items():
            ratio = statistics.median(ours / bare for bare, ours in zip(costs["bare"], costs[what], strict=True))
            first = first or ratio
            print(f"{f'{int(others):,} others':<44}{ratio:>9.2f}×{'':>13}{ratio / first:>7.2f}×{'no slower':>18}")
    print(f"\n{'left after closing all':<44}{'before':>10}{'after':>21}{'target':>18}")
    for what, count in found["before"].items():
        print(f"{what:<44}{count:>10}{found['after'][what]:>21}{'no more':>18}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--block", type=int, default=50)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="5 rounds, 1,000 runtimes")
    parser.add_argument("--crowd", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.crowd:
        base, *numbers = options.crowd
        print(json.dumps(asyncio.run(crowd(base, Effort(*map(int, numbers))))))
        return
    effort = Effort(5, 30, 1_000) if options.quick else Effort(options.rounds, options.block, options.many)
    print(f"Python {platform.python_version()}, aiohttp {aiohttp.__version__}; median of {effort.rounds} rounds")
    with mock_server() as base:
        print_fresh(asyncio.run(fresh(base, effort)))
        idle, used = asyncio.run(kept(base))
        print(f"\n{'bytes kept by an open runtime':<44}{'measured':>10}{'':>21}{'target':>18}")
        print(f"{'idle':<44}{idle:>6.1f} KiB")
        print(f"{'after its first call':<44}{used:>6.1f} KiB{'':>21}{'≤ 48 KiB':>18}")
        print_crowd(in_a_child(base, effort), effort.many)


if __name__ == "__main__":
    main()
