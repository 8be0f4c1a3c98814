"""What the benchmarks share: the server, measuring in turns, fresh processes, and tables with what was aimed at.

Nothing here knows the library, so that a process of its own can show what a bare call takes.
"""

import argparse
import asyncio
import gc
import importlib.metadata
import json
import math
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from attrs import asdict, field, frozen

HERE: Final = Path(__file__).parent
KIB, MIB = 1024, 1024 * 1024
Call: TypeAlias = Callable[[], Awaitable[object]]
CostT = TypeVar("CostT")
Costs: TypeAlias = Mapping[str, Sequence[float]]  # by name, round by round


# ── what was found ──────────────────────────────────────────────────────────────────────────


@frozen
class Target:
    """What was aimed at, and what came of it. ``floor``: what the same duties come to when done by hand."""

    what: str
    wanted: str
    measured: str
    reached: bool
    floor: str = ""


@frozen
class Table:
    """Rows of text. All columns but the first are figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@frozen
class Findings:
    """What one benchmark has to say."""

    tables: tuple[Table, ...]
    targets: tuple[Target, ...] = ()

    @classmethod
    def of(cls, *several: "Findings") -> "Findings":
        return cls(
            tables=tuple(table for one in several for table in one.tables),
            targets=tuple(target for one in several for target in one.targets),
        )

    @classmethod
    def read(cls, text: str) -> "Findings":
        """Findings that were printed with ``--json``."""
        found = json.loads(text)
        tables = [
            Table(one["title"], tuple(one["columns"]), tuple(map(tuple, one["rows"])), one["note"])
            for one in found["tables"]
        ]
        return cls(tables=tuple(tables), targets=tuple(Target(**one) for one in found["targets"]))


def at_most(
    what: str, bound: float, measured: float, unit: str, *, digits: int = 2, floor: float | None = None
) -> Target:
    """A target that is reached by no more than ``bound``."""
    return Target(
        what, f"≤ {bound:,g} {unit}", _in(unit, measured, digits), measured <= bound, _in(unit, floor, digits)
    )


def at_least(
    what: str, bound: float, measured: float, unit: str, *, digits: int = 2, floor: float | None = None
) -> Target:
    """A target that is reached by no less than ``bound``."""
    return Target(
        what, f"≥ {bound:,g} {unit}", _in(unit, measured, digits), measured >= bound, _in(unit, floor, digits)
    )


def _in(unit: str, figure: float | None, digits: int) -> str:
    return "" if figure is None else f"{figure:,.{digits}f} {unit}"


# ── how it is shown ─────────────────────────────────────────────────────────────────────────


def plain(table: Table) -> str:
    """A table for a terminal."""
    rows = (table.columns, *table.rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.columns))]
    lines = [
        "  ".join(f"{cell:<{width}}" if not n else f"{cell:>{width}}" for n, (cell, width) in enumerate(pairs))
        for pairs in (zip(row, widths, strict=True) for row in rows)
    ]
    return "\n".join([table.title, *([table.note] if table.note else []), *(line.rstrip() for line in lines)])


def markdown(table: Table) -> str:
    """A table for a page."""
    lines = [table.columns, ("---", *("---:" for _ in table.columns[1:])), *table.rows]
    note = f"{table.note}\n\n" if table.note else ""
    rows = "\n".join("| " + " | ".join(map(_escaped, line)) + " |" for line in lines)
    return f"### {table.title}\n\n{note}{rows}"


def _escaped(cell: str) -> str:
    """Text that means nothing to Markdown; a line between columns is all dashes, and stays."""
    return re.sub(r"([\\`*_<>&|$\[\]])", r"\\\1", cell)


def targets_table(targets: Sequence[Target], title: str = "What was aimed at") -> Table:
    """Each target, and in plain words whether it is reached."""
    rows = tuple(
        (one.what, one.wanted, one.measured, one.floor, "reached" if one.reached else "not reached") for one in targets
    )
    return Table(title, ("what", "aimed at", "measured", "by hand", ""), rows)


def circumstances() -> str:
    """Versions, machine and moment, in a line."""
    versions = " ".join(f"{name} {importlib.metadata.version(name)}," for name in ("aiohttp", "attrs", "msgspec"))
    moment = datetime.now(UTC)
    return (
        f"Python {platform.python_version()}, {versions} {os.cpu_count()} cores ({processor()}), {platform.system()}, "
        f"load {os.getloadavg()[0]:.1f}, {moment:%Y-%m-%d}"
    )


def processor() -> str:
    """What the machine calls its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def arguments(about: str | None, **options: int) -> argparse.ArgumentParser:
    """``--quick`` and the two ways to print; ``options`` are numbers that ``--quick`` leaves alone."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short form: every row, fewer calls")
    parser.add_argument("--markdown", action="store_true", help="print tables for a page")
    parser.add_argument("--json", action="store_true", help="print what was found for a program")
    for name, value in options.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser


def show(findings: Findings, options: argparse.Namespace) -> None:
    """Print it as was asked for."""
    if options.json:
        print(json.dumps(asdict(findings), ensure_ascii=False))
        return
    shown = markdown if options.markdown else plain
    tables = [*findings.tables, *([targets_table(findings.targets)] if findings.targets else [])]
    print("\n\n".join([circumstances(), *map(shown, tables)]))


# ── how it is measured ──────────────────────────────────────────────────────────────────────


@frozen
class Effort:
    """How much is measured: ``rounds``, each of a ``block`` of calls of every kind."""

    rounds: int = field(default=15)
    block: int = field(default=200)
    warm_up: int = field(default=100)


@contextmanager
def mock_server() -> Iterator[str]:
    """A server in a process of its own; the URL to which a kind and ``/v1`` are added."""
    command = [sys.executable, str(HERE / "mock_server.py"), "small", "until-eof"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


async def cpu_per_call(call: Call, calls: int) -> float:
    """CPU microseconds of one call, over a block of them."""
    began = time.process_time()
    for _ in range(calls):
        await call()
    return (time.process_time() - began) / calls * 1e6


async def at_once(call: Call, calls: int, width: int) -> tuple[float, float]:
    """Microseconds from one answer to the next, and CPU microseconds of one call, with so many in flight."""
    numbers = iter(range(calls))

    async def work() -> None:
        for _ in numbers:
            await call()

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(width)))
    return (time.perf_counter() - began) / calls * 1e6, (time.process_time() - cpu) / calls * 1e6


async def in_turns(
    calls: Mapping[str, Call], effort: Effort, cost: Callable[[Call, int], Awaitable[CostT]]
) -> dict[str, list[CostT]]:
    """What each call costs, round by round. Each round measures all, and each begins as often as the others."""
    names, costs = list(calls), {name: list[CostT]() for name in calls}
    for call in calls.values():
        await cost(call, effort.warm_up)
    for number in range(effort.rounds):
        gc.collect()
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            costs[name].append(await cost(calls[name], effort.block))
    return costs


def median(costs: Costs, name: str) -> float:
    """The middle one of all rounds."""
    return statistics.median(costs[name])


def ratio(costs: Costs, name: str, to: str = "bare") -> float:
    """The middle one of the rounds' ratios: what slows a round down slows down both."""
    return statistics.median(ours / plain for ours, plain in zip(costs[name], costs[to], strict=True))


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak_resident() -> int:
    """The most bytes of this process that ever were in memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * KIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


def in_a_child(script: str, *words: str) -> dict[str, Any]:
    """What a script of this folder prints as JSON, in a fresh process."""
    command = [sys.executable, str(HERE / script), *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How steeply the straight line rises that lies nearest to the points."""
    if len(points) < 2:
        return math.nan
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return statistics.linear_regression(xs, ys).slope
