"""How a library is measured, inside its own virtual environment. Knows the standard library alone.

    python RUNNER.py STAGE URL KIND COUNT      prints one JSON object

A runner ends in ``main(client)``, where ``client(url, kind)`` gives a function that makes one call and returns the
text of its answer, or the names of the tools that it wants called. Stages: ``alone`` (CPU one after another),
``crowd`` (64 in flight), ``waiting`` (500 in flight), ``begin`` (import and first call).
"""

import asyncio
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

Call = Callable[[], Awaitable[Any]]
BLOCKS = 10
WIDTHS = {"crowd": 64, "waiting": 500}


def check(kind: str, answer: object) -> None:
    """Stop if that is not what the server said."""
    right = answer == ["search_reports", "get_weather"] if kind == "tool" else "Paris" in str(answer)
    if not right:
        sys.exit(f"a wrong answer: {answer!r:.200}")


async def alone(call: Call, count: int) -> dict[str, float]:
    """The middle one of several blocks of calls."""
    each, costs = max(1, count // BLOCKS), []
    for _ in range(BLOCKS):
        began = time.process_time()
        for _ in range(each):
            await call()
        costs.append((time.process_time() - began) / each * 1e6)
    return {"cpu_us": statistics.median(costs)}


async def many(call: Call, count: int, width: int) -> dict[str, float]:
    """So many in flight until all are made."""

    async def work(numbers: Iterator[int]) -> None:
        for _ in numbers:
            await call()

    await asyncio.gather(*(work(iter(range(1))) for _ in range(width)))  # connects
    gc.collect()
    numbers = iter(range(count))
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work(numbers) for _ in range(width)))
    seconds = time.perf_counter() - began
    return {"pace": count / seconds, "cpu_us": (time.process_time() - cpu) / count * 1e6}


def peak_mib() -> float:
    """The most memory that this process ever had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


async def measured(client: Callable[[str, str], Call], stage: str, url: str, kind: str, count: int) -> dict[str, float]:
    """One stage."""
    call = client(url, kind)
    check(kind, await call())
    if stage == "begin":
        return {"cpu_ms": time.process_time() * 1e3, "peak_mib": peak_mib()}
    for _ in range(20):
        await call()
    gc.collect()
    found = await (alone(call, count) if stage == "alone" else many(call, count, WIDTHS[stage]))
    return {**found, "peak_mib": peak_mib()}


def main(client: Callable[[str, str], Call]) -> None:
    """Measure as the command line says, and leave: what a library does at exit is not its call."""
    stage, url, kind, count = sys.argv[1:5]
    print(json.dumps(asyncio.run(measured(client, stage, url, kind, int(count)))), flush=True)
    os._exit(0)
