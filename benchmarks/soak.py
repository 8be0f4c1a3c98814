"""A day's work in minutes: does memory stay flat, does a call cost the same at the end, do the books agree?

    python benchmarks/soak.py [--quick] [--calls 100000] [--faulty 20000] [--width 64] [--seed 1]

First, calls of a server that answers, with every gate judging, 64 in flight. Now and then memory is looked at, and
a block of calls is held against a block of bare ones. Then, calls of a provider with every fault at once: four
runtimes, with receipts in memory, in a file and in a SQLite file that two of them share, ask two hostile servers
on loopback: resets, truncated and missing answers, bad JSON, every 5xx and 429. Each call ends in an answer or in
an error of ours; what callers, events, receipts and the servers counted is compared call by call. The second part
needs the checkout: the servers are those of the tests. ``--faulty 0`` leaves it out.
"""

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import warnings
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bare import bare_call, bare_session
from governed import every_gate, our_call, our_request
from measuring import (
    MIB,
    Findings,
    Table,
    Target,
    arguments,
    at_most,
    at_once,
    cpu_per_call,
    mock_server,
    resident,
    show,
    slope,
)

MARKS = 40  # so often memory is looked at
COMPARED = 100  # calls of a block that is held against bare ones


async def steady(calls: int, width: int) -> tuple[list[tuple[float, float]], list[float]]:
    """Memory by the number of calls made, and the ratios of ``run()`` to a bare call, as they were made."""
    memory, ratios = list[tuple[float, float]](), list[float]()
    with mock_server() as server:
        base = f"{server}/small/v1"
        async with bare_session() as session, every_gate(base) as runtime:
            bare, ours = bare_call(session, base), our_call(runtime, our_request("small"))
            for call in (bare, ours):
                await cpu_per_call(call, COMPARED)
            each = max(1, calls // MARKS)
            for mark in range(1, MARKS + 1):
                await at_once(ours, each, width)
                gc.collect()
                memory.append((mark * each, resident()))
                plain = await cpu_per_call(bare, COMPARED)
                ratios.append(await cpu_per_call(ours, COMPARED) / plain)
    return memory, ratios


def steady_findings(memory: list[tuple[float, float]], ratios: list[float], calls: int, width: int) -> Findings:
    """Tenth by tenth, and what was aimed at."""
    tenth = max(1, len(memory) // 10)
    rows = tuple(
        (
            f"{memory[end - 1][0]:,.0f} calls",
            f"{memory[end - 1][1] / MIB:,.1f} MiB",
            f"{statistics.median(ratios[end - tenth : end]):.2f} ×",
        )
        for end in range(tenth, len(memory) + 1, tenth)
    )
    growth = slope(memory[len(memory) // 2 :]) * 10_000 / MIB
    quarter = max(1, len(ratios) // 4)
    later = statistics.median(ratios[-quarter:]) / statistics.median(ratios[:quarter])
    targets = (
        at_most(f"memory over {calls:,} calls, second half: for 10,000 calls", 1, growth, "MiB"),
        at_most(f"CPU of a call to bare, last quarter of {calls:,} calls to the first", 1.1, later, "×"),
    )
    columns = ("after", "memory", "one call to bare")
    return Findings((Table(f"{calls:,} calls, every gate on, {width} in flight", columns, rows),), targets)


def faulty_findings(calls: int, width: int, seed: int) -> Findings:
    """The soak of the tests, of as many calls."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "acceptance"))
    from hostile.server import hostile_server  # noqa: PLC0415 - the checkout's tests, for this part alone
    from under_load.soaking import Soak, soaked  # noqa: PLC0415 - as above

    warnings.simplefilter("always", ResourceWarning)
    # The servers are in this process, too: what they remember should not look like a leak.
    with ExitStack() as stack:
        rough, spare = (stack.enter_context(hostile_server({}, remembered=1000)) for _ in range(2))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        report = asyncio.run(soaked(Soak(calls=calls, width=width, seed=seed, folder=folder), rough, spare))
    for line in report.wrong:
        print(f"WRONG: {line}", file=sys.stderr)
    return Findings(
        (
            counts_table(
                "How calls of a faulty provider ended", Counter({"answered": report.answered}) + report.failed
            ),
            counts_table("What the servers did to requests", report.faults),
        ),
        (_books(report), *_growth_of(report)),
    )


def counts_table(title: str, counts: Counter[str]) -> Table:
    """One row each, the most frequent first."""
    return Table(title, ("", "how often"), tuple((name, f"{count:,}") for name, count in counts.most_common()))


def _books(report: Any) -> Target:
    what = f"books of callers, events, receipts and servers over {report.calls:,} calls with faults"
    found = "agree" if not report.wrong else f"{len(report.wrong)} disagreements"
    return Target(what, "agree", found, not report.wrong)


def _growth_of(report: Any) -> tuple[Target, ...]:
    if report.growth is None or report.calls < 10_000:  # too few to say
        return ()
    return (at_most("memory of calls with faults: for 10,000 calls", 1, report.growth / MIB, "MiB"),)


def main() -> int:
    parser = arguments(__doc__, calls=100_000, faulty=20_000, width=64, seed=1)
    options: argparse.Namespace = parser.parse_args()
    if options.quick:
        options.calls, options.faulty = 6_000, 800
    memory, ratios = asyncio.run(steady(options.calls, options.width))
    found = steady_findings(memory, ratios, options.calls, options.width)
    if options.faulty:
        found = Findings.of(found, faulty_findings(options.faulty, options.width, options.seed))
    show(found, options)
    return 0 if all(target.reached for target in found.targets) else 1


if __name__ == "__main__":
    sys.exit(main())
