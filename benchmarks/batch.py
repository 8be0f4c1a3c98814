"""A batch of many lines: how fast it goes against the bare calls, what memory does, and what going on with it costs.

    python benchmarks/batch.py [--quick] [--lines 100000] [--concurrency 32] [--in-order]

The provider is a server on loopback, in a process of its own, that answers at once. Bare calls are the same
requests made by the same runtime, so many at a time, with nothing read from a file and nothing kept. Each line
waits twice for the disk, together with others: before it is asked, and when its answer is kept.
"""

import asyncio
import gc
import json
import tempfile
import time
from pathlib import Path

from measuring import MIB, Findings, Table, arguments, at_most, at_once, mock_server, resident, show, slope

from provider_runtime import ProviderRuntime, RuntimeSettings, local_server, open_runtime, user
from provider_runtime.application.batch.pace import BatchProgress
from provider_runtime.application.batch.plan import BatchPlan
from provider_runtime.composition.batches.running import run_batch
from provider_runtime.domain.conversation.request import ProviderRequest

QUESTION = "Which city is the capital of France, and what is there to say about it? This is question {}."


def write_lines(path: Path, count: int) -> None:
    """As many questions."""
    with path.open("w") as lines:
        for number in range(count):
            said = [{"role": "user", "content": QUESTION.format(number)}]
            lines.write(json.dumps({"id": f"row-{number}", "request": {"model": "local:m", "messages": said}}) + "\n")


async def calls_a_second(runtime: ProviderRuntime, count: int, concurrency: int) -> float:
    """How many, without a batch around them."""
    numbers = iter(range(count))

    async def call() -> None:
        number = next(numbers)
        await runtime.run(ProviderRequest(model="local:m", messages=[user(QUESTION.format(number))]))

    wall, _ = await at_once(call, count, concurrency)
    return 1e6 / wall


async def measure(lines: int, plan: BatchPlan, folder: Path, url: str) -> Findings:
    """All there is to know."""
    marks: list[tuple[int, float]] = []
    every = max(1, lines // 10)

    def heard(progress: BatchProgress) -> None:
        if progress.done % every == 0:
            gc.collect()
            marks.append((progress.done, resident()))

    async with open_runtime(RuntimeSettings(providers=[local_server(url)])) as runtime:
        some = min(lines, 5000)
        await calls_a_second(runtime, some // 5, plan.concurrency)
        calls = await calls_a_second(runtime, some, plan.concurrency)
        began = time.perf_counter()
        report = await run_batch(runtime, folder / "in.jsonl", folder / "out.jsonl", plan, heard=heard)
        pace = lines / (time.perf_counter() - began)
        began = time.perf_counter()
        again = await run_batch(runtime, folder / "in.jsonl", folder / "out.jsonl", plan, resume=True)
        resumed = time.perf_counter() - began
    assert report.tally.total.answered == again.tally.total.answered == lines
    growth = slope(marks[len(marks) // 2 :]) * 10_000 / MIB
    rows = (
        ("calls without a batch", f"{calls:,.0f} a second", ""),
        ("lines of the batch", f"{pace:,.0f} a second", f"{pace / calls:.2f} ×"),
        ("to find all of them done", f"{resumed:,.1f} s", ""),
        ("memory, second half, for 10,000 lines", f"{growth:+.2f} MiB", ""),
    )
    table = Table(f"A batch of {lines:,} lines, {plan.concurrency} at a time", ("", "measured", "to calls"), rows)
    flat = (at_most("memory of a batch, second half: for 10,000 lines", 1, growth, "MiB"),) if lines >= 20_000 else ()
    return Findings((table,), flat)


def main() -> None:
    parser = arguments(__doc__, lines=100_000, concurrency=32)
    parser.add_argument("--in-order", action="store_true")
    options = parser.parse_args()
    lines = 2_000 if options.quick else options.lines
    plan = BatchPlan(concurrency=options.concurrency, in_order=options.in_order)
    with tempfile.TemporaryDirectory() as name, mock_server() as server:
        write_lines(Path(name) / "in.jsonl", lines)
        show(asyncio.run(measure(lines, plan, Path(name), f"{server}/small/v1")), options)


if __name__ == "__main__":
    main()
