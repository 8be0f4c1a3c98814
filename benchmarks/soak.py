"""Many calls of a provider with every fault at once: how they ended, whether the books agree, what memory did.

    python benchmarks/soak.py [--calls 20000] [--width 64] [--seed 1]

Four runtimes, with receipts in memory, in a file and in a SQLite file that two of them share, make calls
of two hostile servers on loopback: resets, truncated and missing answers, bad JSON, every 5xx and 429. Each
call ends in an answer or in an error of ours; what callers, events, receipts and the servers counted is
compared call by call. Needs the checkout: the servers are those of the tests.
"""

import argparse
import asyncio
import sys
import tempfile
import warnings
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "acceptance"))

from hostile.server import hostile_server
from under_load.soaking import Soak, SoakReport, soaked

MIB = 1024 * 1024
SHOWN_EVERY = 1000


def print_counts(title: str, counts: Counter[str]) -> None:
    """One row each, the most frequent first."""
    print(f"\n{title}")
    for name, count in counts.most_common():
        print(f"  {name:<44}{count:>10,}")


def print_report(report: SoakReport) -> None:
    print_counts("how calls ended", Counter({"answered": report.answered}) + report.failed)
    print_counts("what the servers did to requests", report.faults)
    print("\nin all")
    print(f"  {'calls':<44}{report.calls:>10,}")
    print(f"  {'requests, each in a receipt':<44}{report.requests:>10,}")
    print(f"  {'calls a second':<44}{report.calls / report.seconds:>10,.0f}")
    growth = "unknown" if report.growth is None else f"{report.growth / MIB:+.2f} MiB"
    print(f"  {'memory, for 10,000 calls (target < 1 MiB)':<44}{growth:>10}")
    print("\neverything agrees" if not report.wrong else "\n".join(("\nWRONG", *report.wrong)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--width", type=int, default=64, help="calls at a time")
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    wanted = parser.parse_args()
    warnings.simplefilter("always", ResourceWarning)

    def progress(done: int) -> None:
        if done % SHOWN_EVERY == 0:
            print(f"\r{done:,} of {wanted.calls:,} calls", end="", file=sys.stderr, flush=True)

    # The servers are in this process, too: what they remember should not look like a leak.
    with ExitStack() as stack:
        rough, spare = (stack.enter_context(hostile_server({}, remembered=1000)) for _ in range(2))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        soak = Soak(calls=wanted.calls, width=wanted.width, seed=wanted.seed, folder=folder)
        report = asyncio.run(soaked(soak, rough, spare, progress))
    print(file=sys.stderr)
    print_report(report)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
