"""What a governed call costs beside a bare one: CPU one after another, and answers a second with 64 in flight.

    python benchmarks/overhead.py [--quick] [--rounds 15] [--block 200]

All calls go to one server on loopback, from one process, in turns: each round measures a block of bare calls and
a block of each kind of ``run()``, and takes their ratios. Medians are printed; on a shared machine the ratio is
what to trust. ``run()`` always writes a price, a receipt and events, in memory. "Every gate" means that all seven
judge: the leakage guard reads the bytes (the server is local, and would be exempt), a profile grants, a ledger in
memory sets aside what the call may cost, and a broadcast consent in memory is looked up. "By hand" are the duties of
every gate in one function (``by_hand.py``): the floor. "The parts" are those of a runtime with every gate, asked one
after another (``by_parts.py``): what is above them is the way between them.
"""

import asyncio
import statistics
from contextlib import AsyncExitStack

from bare import bare_call, bare_session
from by_hand import by_hand, by_session, by_transport, opened_transport
from by_parts import by_parts
from governed import ALL_GATES, CountingSink, opened, our_call, our_request
from measuring import (
    Call,
    Effort,
    Findings,
    Table,
    arguments,
    at_least,
    at_most,
    at_once,
    cpu_per_call,
    in_turns,
    median,
    mock_server,
    ratio,
    show,
)
from said import bare_body

__all__ = ["CountingSink", "bare_body", "cpu_per_call", "measure", "our_request"]  # also for its neighbours

IN_FLIGHT = 64
LADDER = {
    "run(), as it is opened without a word": (),
    "and the leakage guard reads": ALL_GATES[:1],
    "and a profile grants": ALL_GATES[:2],
    "and a budget is counted": ALL_GATES[:3],
    "and consent is looked up: every gate": ALL_GATES,
}
FIRST, EVERY = next(iter(LADDER)), list(LADDER)[-1]
BARE = "aiohttp POST and JSON parse"
BY_SESSION = "the duties of every gate by hand, aiohttp's session"
BY_TRANSPORT = "the duties of every gate by hand, our transport"
BY_PARTS = "the parts of a runtime with every gate, nothing between them"
FLOORS = (BY_SESSION, BY_TRANSPORT, BY_PARTS)


async def measure(effort: Effort) -> Findings:
    """Both measurements."""
    with mock_server() as server:
        base = f"{server}/small/v1"
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(bare_session())
            transport = await stack.enter_async_context(opened_transport())
            bare = bare_call(session, base)
            calls: dict[str, Call] = {
                "bare": bare,
                BY_SESSION: by_hand(by_session(session, base), base),
                BY_TRANSPORT: by_hand(by_transport(transport, base), base),
            }
            for name, gates in LADDER.items():
                runtime = await stack.enter_async_context(opened(base, gates))
                calls[name] = our_call(runtime, our_request("small"))
                assert await calls[name]() == await bare()
            calls[BY_PARTS] = by_parts(runtime, our_request("small"))
            return Findings.of(await one_by_one(calls, effort), await many_in_flight(calls, effort))


async def one_by_one(calls: dict[str, Call], effort: Effort) -> Findings:
    """CPU of one call after another, gate by gate."""
    costs = await in_turns(calls, effort, cpu_per_call)
    rows = [(BARE, f"{median(costs, 'bare'):,.0f} µs", "", "1.00 ×")]
    rows += [(name, f"{median(costs, name):,.0f} µs", "", f"{ratio(costs, name):.2f} ×") for name in FLOORS]
    before = "bare"
    for name in LADDER:
        more = statistics.median(with_it - without for with_it, without in zip(costs[name], costs[before], strict=True))
        rows.append((name, f"{median(costs, name):,.0f} µs", f"{more:+,.0f} µs", f"{ratio(costs, name):.2f} ×"))
        before = name
    table = Table("CPU of one small call, one after another", ("call", "CPU", "more", "to bare"), tuple(rows))
    what, floor = "CPU of one run(), small answer, every gate on", ratio(costs, BY_TRANSPORT)
    target = at_most(what, 1.25, ratio(costs, EVERY), "× bare", floor=floor)
    return Findings((table,), (target,))


async def many_in_flight(calls: dict[str, Call], effort: Effort) -> Findings:
    """Answers a second with 64 in flight."""

    async def cost(call: Call, count: int) -> tuple[float, float]:
        return await at_once(call, max(count, IN_FLIGHT * 4), IN_FLIGHT)

    chosen = {name: calls[name] for name in ("bare", BY_TRANSPORT, FIRST, EVERY)}
    costs = await in_turns(chosen, effort, cost)
    pace = {name: [1e6 / wall for wall, _ in blocks] for name, blocks in costs.items()}
    cpu = {name: [each for _, each in blocks] for name, blocks in costs.items()}
    words = {"bare": BARE, EVERY: "run(), every gate"}
    rows = tuple(
        (
            words.get(name, name),
            f"{median(pace, name):,.0f}",
            f"{ratio(pace, name):.2f} ×",
            f"{median(cpu, name):,.0f} µs",
            f"{ratio(cpu, name):.2f} ×",
        )
        for name in chosen
    )
    columns = ("call", "answers a second", "to bare", "CPU of one", "to bare")
    table = Table(f"{IN_FLIGHT} calls in flight", columns, rows)
    what, floor = "64 in flight: answers a second, every gate on", ratio(pace, BY_TRANSPORT)
    target = at_least(what, 0.7, ratio(pace, EVERY), "× bare", floor=floor)
    return Findings((table,), (target,))


def main() -> None:
    options = arguments(__doc__, rounds=15, block=200).parse_args()
    effort = Effort(5, 100, 50) if options.quick else Effort(options.rounds, options.block, min(100, options.block))
    show(asyncio.run(measure(effort)), options)


if __name__ == "__main__":
    main()
