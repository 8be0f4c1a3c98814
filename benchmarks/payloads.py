"""What a governed call costs beside a bare one that sends and gets the same: by the kind of call.

    python benchmarks/payloads.py [--quick] [--rounds 11] [--block 100]

A small answer; two tools offered and two tool calls answered; an answer of 64 KB; a conversation of 200 messages.
Measured as ``overhead.py`` does, in turns on one server. Beside it, how the cost grows with the conversation:
the bare call and ``run()`` with 50, 100, 200 and 400 messages. The leakage guard reads every byte that is sent;
"all but leakage" says what the other gates take. "By hand" are the duties of every gate in one function, the same
scan included (``by_hand.py``): the floor.
"""

import asyncio
from contextlib import AsyncExitStack

from bare import bare_call, bare_session
from by_hand import by_hand, by_transport, opened_transport
from governed import ALL_GATES, every_gate, opened, our_call, our_request
from measuring import (
    Call,
    Effort,
    Findings,
    Table,
    arguments,
    at_most,
    cpu_per_call,
    in_turns,
    median,
    mock_server,
    ratio,
    show,
)
from said import KIND_WORDS, KINDS, history

AIMED_AT = {"small": 1.25, "tool": 1.5, "large": 1.25, "history": 1.5}
GATES_OF = {"default": (), "all but leakage": ALL_GATES[1:], "every gate": ALL_GATES}
LENGTHS = (50, 100, 200, 400)


async def by_kind(server: str, effort: Effort) -> Findings:
    """Bare, as opened without a word, with every gate but the guard that reads, and with every gate; for each kind."""
    rows, targets = [], []
    for kind in KINDS:
        base, request = f"{server}/{kind}/v1", our_request(kind)
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(bare_session())
            transport = await stack.enter_async_context(opened_transport())
            calls: dict[str, Call] = {
                "bare": bare_call(session, base, kind),
                "by hand": by_hand(by_transport(transport, base), base, kind),
            }
            for name, gates in GATES_OF.items():
                calls[name] = our_call(await stack.enter_async_context(opened(base, gates)), request)
            costs = await in_turns(calls, effort, cpu_per_call)
        figures = [f"{median(costs, name):,.0f} µs" for name in ("bare", "every gate")]
        found, floor = ratio(costs, "every gate"), ratio(costs, "by hand")
        rows.append((KIND_WORDS[kind], *figures, *(f"{ratio(costs, name):.2f} ×" for name in (*GATES_OF, "by hand"))))
        what = f"CPU of one run(), {KIND_WORDS[kind]}, every gate on"
        targets.append(at_most(what, AIMED_AT[kind], found, "× bare", floor=floor))
    columns = ("call", "bare aiohttp", "run(), every gate", *(f"{name}, to bare" for name in (*GATES_OF, "by hand")))
    return Findings((Table("CPU of one call, by kind", columns, tuple(rows)),), tuple(targets[1:]))


async def by_length(server: str, effort: Effort) -> Table:
    """What a message more costs."""
    base = f"{server}/small/v1"
    async with bare_session() as session, every_gate(base) as runtime:
        calls: dict[str, Call] = {}
        for length in LENGTHS:
            said = history(length)
            calls[f"bare {length}"] = bare_call(session, base, messages=said)
            calls[f"run {length}"] = our_call(runtime, our_request("small", said))
        costs = await in_turns(calls, effort, cpu_per_call)
    rows = []
    for length in LENGTHS:
        plain, ours = median(costs, f"bare {length}"), median(costs, f"run {length}")
        each = (ours - median(costs, f"run {LENGTHS[0]}")) / max(1, length - LENGTHS[0])
        shown = f"{each:.1f} µs" if length > LENGTHS[0] else ""
        rows.append((f"{length} messages", f"{plain:,.0f} µs", f"{ours:,.0f} µs", shown))
    columns = ("call", "bare aiohttp", "run(), every gate", "each message beyond 50")
    return Table("CPU of one call, by the length of the conversation", columns, tuple(rows))


async def measure(effort: Effort) -> Findings:
    with mock_server() as server:
        return Findings.of(await by_kind(server, effort), Findings((await by_length(server, effort),)))


def main() -> None:
    options = arguments(__doc__, rounds=11, block=100).parse_args()
    effort = Effort(3, 40, 20) if options.quick else Effort(options.rounds, options.block, min(50, options.block))
    show(asyncio.run(measure(effort)), options)


if __name__ == "__main__":
    main()
