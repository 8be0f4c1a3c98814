"""A batch of many lines: how fast it goes against the bare calls, what memory does, and what going on with it costs.

    python benchmarks/batch.py [--lines 100000] [--concurrency 32] [--in-order]

The provider is a server on loopback, in a process of its own, that answers at once. Bare calls are the same
requests made by the same runtime, so many at a time, with nothing read from a file and nothing kept. Each line
waits twice for the disk, together with others: before it is asked, and when its answer is kept.
"""

import argparse
import asyncio
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provider_runtime import ProviderRuntime, RuntimeSettings, local_server, open_runtime, user
from provider_runtime.application.batch.pace import BatchProgress
from provider_runtime.application.batch.plan import BatchPlan
from provider_runtime.composition.batches.running import run_batch
from provider_runtime.domain.conversation.request import ProviderRequest

MIB = 1024 * 1024
QUESTION = "Which city is the capital of France, and what is there to say about it? This is question {}."


@contextmanager
def mock_server() -> Iterator[str]:
    """The base URL of a server of its own."""
    script = str(Path(__file__).with_name("mock_server.py"))
    with subprocess.Popen([sys.executable, script, "small"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        server.kill()


def memory() -> int:
    """Bytes that this process has in memory now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def write_lines(path: Path, count: int) -> None:
    """As many questions."""
    with path.open("w") as lines:
        for number in range(count):
            said = [{"role": "user", "content": QUESTION.format(number)}]
            lines.write(json.dumps({"id": f"row-{number}", "request": {"model": "local:m", "messages": said}}) + "\n")


async def bare(runtime: ProviderRuntime, count: int, concurrency: int) -> float:
    """Calls a second, without a batch around them."""
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await runtime.run(ProviderRequest(model="local:m", messages=[user(QUESTION.format(number))]))

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return count / (time.perf_counter() - began)


async def measured(lines: int, plan: BatchPlan, folder: Path, url: str) -> None:
    """Print what there is to know."""
    marks: list[tuple[int, int]] = []
    every = max(1, lines // 10)

    def heard(progress: BatchProgress) -> None:
        if progress.done % every == 0:
            marks.append((progress.done, memory()))
            print(f"  {progress.done:>9,} lines  {marks[-1][1] / MIB:8.1f} MiB", flush=True)

    async with open_runtime(RuntimeSettings(providers=[local_server(url)])) as runtime:
        some = min(lines, 5000)
        await bare(runtime, some // 5, plan.concurrency)
        calls = await bare(runtime, some, plan.concurrency)
        began = time.perf_counter()
        report = await run_batch(runtime, folder / "in.jsonl", folder / "out.jsonl", plan, heard=heard)
        pace = lines / (time.perf_counter() - began)
        began = time.perf_counter()
        again = await run_batch(runtime, folder / "in.jsonl", folder / "out.jsonl", plan, resume=True)
        resumed = time.perf_counter() - began
    assert report.tally.total.answered == again.tally.total.answered == lines
    half = [mark for mark in marks if mark[0] >= lines // 2]
    slope = (half[-1][1] - half[0][1]) / max(1, half[-1][0] - half[0][0]) * 10_000
    print(f"  bare calls            {calls:10,.0f} a second")
    print(f"  lines of the batch    {pace:10,.0f} a second, {pace / calls:.2f} x")
    print(f"  memory, second half   {slope / MIB:+10.2f} MiB for 10,000 lines (target < 1)")
    print(f"  to find all done      {resumed:10.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--in-order", action="store_true")
    options = parser.parse_args()
    plan = BatchPlan(concurrency=options.concurrency, in_order=options.in_order)
    with tempfile.TemporaryDirectory() as name, mock_server() as url:
        write_lines(Path(name) / "in.jsonl", options.lines)
        asyncio.run(measured(options.lines, plan, Path(name), url))


if __name__ == "__main__":
    main()
