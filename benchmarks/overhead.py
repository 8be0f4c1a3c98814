"""What a governed call costs beside a bare one: CPU of ``run()`` against an aiohttp POST with JSON parse.

    python benchmarks/overhead.py [--rounds 15] [--calls 300] [--kind small|tool|large|all]

Both talk to the same server on loopback, in one process, in turns: each round measures a block of
bare calls and a block of ``run()`` (every gate, price, receipt and events in memory) and takes
their ratio. Medians are printed; on a shared machine the ratio is what to trust.
"""

import argparse
import asyncio
import gc
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import msgspec

from provider_runtime import (
    ModelRef,
    ProviderId,
    ProviderRequest,
    RuntimeSettings,
    Secret,
    ToolDefinition,
    freeze,
    local_server,
    open_runtime,
    system,
    user,
)
from provider_runtime.domain.records.events import LifecycleEvent

MESSAGES = [
    {"role": "system", "content": "You are a terse assistant."},
    {"role": "user", "content": "What is the capital of France? Answer in one short paragraph, please."},
]
SCHEMA = {
    "type": "object",
    "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}, "region": {"type": "string"}},
    "required": ["query"],
    "additionalProperties": False,
}
TOOLS = ("search_reports", "get_weather")
WARM_UP = 100


class CountingSink:
    """Takes events and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def emit(self, _event: LifecycleEvent) -> None:
        self.count += 1


async def cpu_per_call(call: Callable[[], Awaitable[object]], calls: int) -> float:
    """CPU microseconds of one call, over a block of them."""
    began = time.process_time()
    for _ in range(calls):
        await call()
    return (time.process_time() - began) / calls * 1e6


def bare_body(kind: str) -> dict[str, object]:
    """The same request as a careful developer writes it by hand."""
    body: dict[str, object] = {"model": "gpt-4o-mini", "messages": MESSAGES, "temperature": 0.2, "max_tokens": 256}
    if kind == "tool":
        body["tools"] = [
            {"type": "function", "function": {"name": name, "description": "Looks things up.", "parameters": SCHEMA}}
            for name in TOOLS
        ]
    return body


def our_request(kind: str) -> ProviderRequest:
    """The same request in canonical types."""
    tools = [ToolDefinition(name=n, description="Looks things up.", parameters_schema=freeze(SCHEMA)) for n in TOOLS]
    return ProviderRequest(
        model=ModelRef(model_id="gpt-4o-mini", provider_hint="local"),
        messages=[system(MESSAGES[0]["content"]), user(MESSAGES[1]["content"])],
        tools=tools if kind == "tool" else (),
        temperature=0.2,
        max_output_tokens=256,
    )


async def measure(kind: str, rounds: int, calls: int) -> tuple[float, float, float]:
    """Median CPU µs of a bare call and of ``run()``, and the median of the rounds' ratios."""
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("mock_server.py")), kind], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        base = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        return await _measured(kind, base, rounds, calls)
    finally:
        server.kill()
        server.wait()


async def _measured(kind: str, base: str, rounds: int, calls: int) -> tuple[float, float, float]:
    headers = {"authorization": "Bearer sk-mock", "content-type": "application/json"}
    request = our_request(kind)
    sink = CountingSink()
    settings = RuntimeSettings(providers=[local_server(base)], credentials={ProviderId("local"): Secret("sk-mock")})
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        open_runtime(settings, event_sink=sink) as runtime,
    ):

        async def bare() -> str:
            body = msgspec.json.encode(bare_body(kind))
            async with session.post(f"{base}/chat/completions", data=body, headers=headers) as reply:
                raw = await reply.read()
                assert reply.status == 200
            message = msgspec.json.decode(raw)["choices"][0]["message"]
            return str(message["content"])

        async def governed() -> str:
            return (await runtime.run(request)).text

        assert await bare() == await governed()
        await cpu_per_call(bare, WARM_UP)
        await cpu_per_call(governed, WARM_UP)
        assert sink.count >= WARM_UP
        pairs = []
        for number in range(rounds):
            gc.collect()
            order = (bare, governed) if number % 2 else (governed, bare)
            costs = {call: await cpu_per_call(call, calls) for call in order}
            pairs.append((costs[bare], costs[governed]))
    ratios = [ours / plain for plain, ours in pairs]
    return (
        statistics.median(plain for plain, _ in pairs),
        statistics.median(ours for _, ours in pairs),
        statistics.median(ratios),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--kind", choices=("small", "tool", "large", "all"), default="all")
    options = parser.parse_args()
    kinds = ("small", "tool", "large") if options.kind == "all" else (options.kind,)
    print(f"Python {platform.python_version()}, aiohttp {aiohttp.__version__}; median of {options.rounds} rounds")
    print(f"{'answer':<8}{'bare aiohttp':>16}{'run()':>12}{'ratio':>9}")
    for kind in kinds:
        plain, ours, ratio = asyncio.run(measure(kind, options.rounds, options.calls))
        print(f"{kind:<8}{plain:>13.0f} µs{ours:>9.0f} µs{ratio:>8.2f}×")


if __name__ == "__main__":
    main()
