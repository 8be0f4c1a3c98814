"""Many calls that wait: answers a second and peak memory with 500 and 5,000 in flight, beside bare aiohttp.

    python benchmarks/scale.py [--quick] [--rounds 3] [--calls 20000]

The server answers after 50 ms. Each measurement is a process of its own, since the most memory that a process
had cannot be taken back; bare and governed take turns. With so many in flight at 50 ms a client could have
10,000 or 100,000 answers a second: the client's CPU is what stands in the way, for the bare one, too. Connections
are made before the clock starts.
"""

import argparse
import asyncio
import gc
import json
from collections import defaultdict
from typing import Any, Final

from bare import bare_call, bare_session
from measuring import (
    MIB,
    Call,
    Findings,
    Table,
    arguments,
    at_least,
    at_most,
    at_once,
    in_a_child,
    median,
    mock_server,
    peak_resident,
    ratio,
    resident,
    show,
)

WIDTHS: Final = (500, 5_000)
WAYS: Final = {
    "bare": "aiohttp",
    "by hand": "the duties of every gate by hand",
    "default": "run(), default",
    "every": "run(), every gate",
}


async def one(way: str, base: str, width: int, calls: int) -> dict[str, float]:
    """What a fresh process has to say of one way to call."""
    if way == "bare":
        async with bare_session() as session:
            return await _driven(bare_call(session, base), width, calls)
    if way == "by hand":
        from by_hand import by_hand, by_transport, opened_transport  # noqa: PLC0415 - a bare call has no need of it

        async with opened_transport() as transport:
            return await _driven(by_hand(by_transport(transport, base), base), width, calls)
    from governed import ALL_GATES, opened, our_call, our_request  # noqa: PLC0415 - a bare call has no need of it

    async with opened(base, ALL_GATES if way == "every" else ()) as runtime:
        return await _driven(our_call(runtime, our_request("small")), width, calls)


async def _driven(call: Call, width: int, calls: int) -> dict[str, float]:
    await call()
    before = resident()
    await at_once(call, width, width)  # connects
    gc.collect()
    wall, cpu = await at_once(call, calls, width)
    return {"pace": 1e6 / wall, "cpu": cpu, "peak": peak_resident(), "grown": peak_resident() - before}


def compared(base: str, width: int, rounds: int, calls: int) -> dict[str, dict[str, list[float]]]:
    """Each figure, by way to call, round by round."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    names = list(WAYS)
    for number in range(rounds):
        turn = number % len(names)
        for way in names[turn:] + names[:turn]:
            for figure, value in in_a_child("scale.py", "--one", way, base, str(width), str(calls)).items():
                found[figure][way].append(value)
    return found


def measure(rounds: int, calls: int, widths: tuple[int, ...] = WIDTHS) -> Findings:
    """All of it."""
    tables, targets = [], []
    with mock_server() as server:
        for width in widths:
            found = compared(f"{server}/small-50/v1", width, rounds, max(calls, 2 * width))
            tables.append(table_of(found, width))
            if width == WIDTHS[0]:
                pace, peak = found["pace"], found["peak"]
                what = f"50 ms server, {width} in flight"
                targets = [
                    at_least(
                        f"{what}: answers a second, every gate on",
                        0.7,
                        ratio(pace, "every"),
                        "× bare",
                        floor=ratio(pace, "by hand"),
                    ),
                    at_most(f"{what}: peak memory", 1.5, ratio(peak, "every"), "× bare", floor=ratio(peak, "by hand")),
                ]
    return Findings(tuple(tables), tuple(targets))


def table_of(found: dict[str, dict[str, list[float]]], width: int) -> Table:
    """A row for each way to call."""
    rows = tuple(
        (
            words,
            f"{median(found['pace'], way):,.0f}",
            f"{ratio(found['pace'], way):.2f} ×",
            f"{median(found['cpu'], way):,.0f} µs",
            f"{median(found['peak'], way) / MIB:,.0f} MiB",
            f"{ratio(found['peak'], way):.2f} ×",
            f"{median(found['grown'], way) / MIB:,.0f} MiB",
        )
        for way, words in WAYS.items()
    )
    columns = ("call", "answers a second", "to bare", "CPU of one", "peak memory", "to bare", "of it for the calls")
    return Table(f"{width:,} calls in flight, each of 50 ms", columns, rows)


def main() -> None:
    parser = arguments(__doc__, rounds=3, calls=20_000)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        way, base, *numbers = options.one
        figures: dict[str, Any] = asyncio.run(one(way, base, *map(int, numbers)))
        print(json.dumps(figures))
    elif options.quick:
        show(measure(1, 2_000, WIDTHS[:1]), options)
    else:
        show(measure(options.rounds, options.calls), options)


if __name__ == "__main__":
    main()
