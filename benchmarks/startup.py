"""What it takes to begin: to import, to make the first call, to show a help text; beside Python and aiohttp.

    python benchmarks/startup.py [--quick] [--rounds 9]

Each measurement is a fresh process, and they take turns. CPU is that of the whole process, the interpreter's own
included, as the system counts it when it ends; memory is the most it ever had. Byte code is there already, as
after an installation: a first turn, which does not count, leaves it in a folder of its own.
"""

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final

from measuring import (
    HERE,
    KIB,
    MIB,
    Costs,
    Findings,
    Table,
    Target,
    arguments,
    at_most,
    median,
    mock_server,
    ratio,
    show,
)

BARE_CALL: Final = """
import asyncio
from bare import bare_call, bare_session
async def main():
    async with bare_session() as session:
        await bare_call(session, {base!r})()
asyncio.run(main())
"""
OUR_CALL: Final = """
import asyncio
from provider_runtime import {used}
async def main():
    provider, keys = local_server({base!r}), {{"local": Secret("sk-mock-0123456789")}}
    async with open_runtime(RuntimeSettings(providers=[provider], credentials=keys)) as runtime:
        await runtime.run(ProviderRequest(model="local:gpt-4o-mini", messages=[user("What is the capital of France?")]))
asyncio.run(main())
"""
HELP_TEXT: Final = """
import runpy, sys
sys.argv = ["provider-runtime", "--help"]
runpy.run_module("provider_runtime", run_name="__main__", alter_sys=True)
"""
# What the system says of a child counts the parent's memory from before it became a program of its own.
SAYS_ITS_PEAK: Final = """
import atexit
@atexit.register
def say():
    with open("/proc/self/status") as status, open({place!r}, "w") as place:
        place.write(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""
USED: Final = "ProviderRequest, RuntimeSettings, Secret, local_server, open_runtime, user"
NAMES: Final = "and the names of a first call"
PYTHON, AIOHTTP, OURS = "python -c pass", "import aiohttp", "import provider_runtime"
BARE_FIRST, OUR_FIRST, HELP = (
    "aiohttp: import, first call",
    "run(): import, open, first call",
    "provider-runtime --help",
)


def beginnings(base: str) -> dict[str, str]:
    """What is run, by the words for it."""
    return {
        PYTHON: "",
        AIOHTTP: "import aiohttp",
        OURS: "import provider_runtime",
        NAMES: f"from provider_runtime import {USED}",
        BARE_FIRST: BARE_CALL.format(base=base),
        OUR_FIRST: OUR_CALL.format(base=base, used=USED),
        HELP: HELP_TEXT,
    }


def started(program: str, place: Path) -> tuple[float, float]:
    """CPU milliseconds of a fresh process until it ends, and the most bytes it had in memory."""
    places = os.pathsep.join([str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    byte_code = str(place.with_name("byte_code"))
    environment = {**inherited, "PYTHONPATH": places.rstrip(os.pathsep), "PYTHONPYCACHEPREFIX": byte_code}
    words = [sys.executable, "-c", SAYS_ITS_PEAK.format(place=str(place)) + program]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, program
    return (used.ru_utime + used.ru_stime) * 1e3, int(place.read_text()) * KIB


def measure(rounds: int) -> Findings:
    """All of it."""
    cpu: dict[str, list[float]] = defaultdict(list)
    memory: dict[str, list[float]] = defaultdict(list)
    with mock_server() as server, tempfile.TemporaryDirectory() as folder:
        place, ways = Path(folder) / "peak", beginnings(f"{server}/small/v1")
        for program in ways.values():
            started(program, place)
        for number in range(rounds):
            names = list(ways)
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                taken, most = started(ways[name], place)
                cpu[name].append(taken)
                memory[name].append(most)
    return Findings((table_of(cpu, memory),), targets_of(cpu, memory))


def beyond_python(costs: Costs, name: str) -> float:
    """What a beginning takes besides that of the interpreter."""
    return median(costs, name) - median(costs, PYTHON)


def table_of(cpu: Costs, memory: Costs) -> Table:
    rows = tuple(
        (
            name,
            f"{median(cpu, name):,.0f} ms",
            f"{beyond_python(cpu, name):,.0f} ms",
            f"{ratio(cpu, name, AIOHTTP):.2f} ×",
            f"{median(memory, name) / MIB:,.1f} MiB",
            f"{ratio(memory, name, AIOHTTP):.2f} ×",
        )
        for name in cpu
    )
    columns = ("a fresh process", "CPU", "beyond Python", "to import aiohttp", "peak memory", "to import aiohttp")
    return Table("To begin", columns, tuple(sorted(rows, key=lambda row: list(beginnings("")).index(row[0]))))


def targets_of(cpu: Costs, memory: Costs) -> tuple[Target, ...]:
    return (
        at_most("import provider_runtime: CPU, beyond bare Python", 120, beyond_python(cpu, OURS), "ms", digits=0),
        at_most(
            "import provider_runtime: memory of the whole process", 32, median(memory, OURS) / MIB, "MiB", digits=1
        ),
        at_most("provider-runtime --help: CPU of the whole process", 250, median(cpu, HELP), "ms", digits=0),
    )


def main() -> None:
    options = arguments(__doc__, rounds=9).parse_args()
    show(measure(3 if options.quick else options.rounds), options)


if __name__ == "__main__":
    main()
