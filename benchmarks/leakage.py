"""How fast the leakage guard is: throughput by kind of text, the judgement of prompts, and hostile texts.

    python benchmarks/leakage.py [--quick] [--repeat 5]

CPU time, one core, plain Python; the best of several runs, since a shared machine only adds. The
bars are those of the specification: 5 MB/s, a prompt of 32 kB within 15 ms (99 of 100), a hostile
text of 1 MB within a second.
"""

import asyncio
import json
import random
import string
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from measuring import Findings, Table, Target, arguments, at_least, at_most, show

from provider_runtime import GovernancePolicy, LeakagePolicy, Secret
from provider_runtime.adapters.leakage.known_secrets import KnownSecrets
from provider_runtime.adapters.leakage.scanner import PatternLeakScanner
from provider_runtime.adapters.leakage.text_search import TextSearch
from provider_runtime.application.gates import verdict_of
from provider_runtime.application.gates.leakage import LeakageGate
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.stages import a_prepared_call

RNG = random.Random(11)  # noqa: S311 - chance that can be repeated
SECRETS = (Secret("sk-ant-api03-" + "q8Rt2xLm9Zk4Vw7Y" * 5), Secret("sk-proj-" + "Rt2xLm9Zk4Vw7Yq8" * 5))
SEARCH = TextSearch(known=KnownSecrets.of(SECRETS))
WORDS = """
    the quick brown fox jumps over a lazy dog and then it went home to its family near the river while the key
    to the house, a token of love, lay in the garden; nobody asked for a password or wrote to the author about
    it
""".split()  # noqa: SIM905 - a list of one word a line reads worse
SIZE = 32_000


def prose(size: int) -> str:
    return " ".join(RNG.choice(WORDS) for _ in range(size // 4))[:size]


def code(size: int) -> str:
    package = Path(__file__).resolve().parent.parent / "provider_runtime"
    return "".join(path.read_text() for path in sorted(package.rglob("*.py"))[:80])[:size]


def logs(size: int) -> str:
    def line(number: int) -> str:
        identifier = f"{RNG.getrandbits(128):032x}"
        return f"2026-11-20T10:11:{number % 60:02}Z INFO request {identifier} /v1/chat/completions took {number} ms"

    return "\n".join(line(number) for number in range(size // 90))[:size]


def chinese(size: int) -> str:
    return "".join(chr(RNG.randrange(0x4E00, 0x9000)) if RNG.random() < 0.9 else ", key " for _ in range(size // 3))


TEXTS: dict[str, Callable[[int], str]] = {
    "prose": prose,
    "code": code,
    "JSON of code": lambda size: json.dumps(code(size)),
    "logs with identifiers": logs,
    "Chinese": chinese,
    "an image in base64": lambda size: "iVBORw0KGgo" + "".join(RNG.choices(string.ascii_letters, k=size)),
}

MEGABYTE = 1_000_000
HOSTILE: dict[str, Callable[[], str]] = {
    "random base64, one run": lambda: "".join(RNG.choices(string.ascii_letters + string.digits + "+/", k=MEGABYTE)),
    "random words of 20": lambda: " ".join("".join(RNG.choices(string.ascii_letters, k=20)) for _ in range(47_000)),
    "half a megabyte of hex lines": lambda: "\n".join(f"{RNG.getrandbits(256):064x}" for _ in range(8_000)),
    **{
        f"{piece!r} repeated": lambda piece=piece: piece * (MEGABYTE // len(piece))  # type: ignore[misc]  # each its own
        for piece in (
            *("sk-", "sk-ant-", "ghp_", "AKIA ", "eyJ.", "eyJ-", "://a:b@", "password=", "password: x", "key token "),
            *("-----BEGIN PRIVATE KEY-----", "x ", "%41", "&#115;", "\\", "\\u0041", '" + "', "bearer ", "login a "),
            *("T3BlbkFJ", "$6$", "1/123456789012:", "Mabcdefghijklmnopqrstuv.", "12, ", "a\n", "abcdefgh\n", "-us1"),
            *("密码：", "а\u200b", "аb", "aA0-", "p", "secret is ", "pat." + "a-" * 20, "Q~", ":AA"),
        )
    },
}


def best(work: Callable[[], object], repeat: int, times: int = 1) -> float:
    """The least CPU seconds of one run of ``work``."""
    taken = []
    for _ in range(repeat):
        began = time.process_time()
        for _ in range(times):
            work()
        taken.append((time.process_time() - began) / times)
    return min(taken)


async def judgement(size: int, repeat: int, times: int) -> tuple[float, float]:
    """The best and the 99th percentile of CPU seconds that the gate takes for a prompt of that size."""
    gate = LeakageGate(
        scanner=PatternLeakScanner(secrets=SECRETS), policy=LeakagePolicy(), governance=GovernancePolicy()
    )
    calls = [a_prepared_call(a_request(prose(size))) for _ in range(8)]
    taken: list[float] = []
    for _ in range(repeat):
        for call in calls:
            began = time.process_time()
            for _ in range(times):
                await verdict_of(gate, call, rehearsal=True)
            taken.append((time.process_time() - began) / times)
    return min(taken), sorted(taken)[int(len(taken) * 0.99)]


def by_text(repeat: int) -> Table:
    """How fast each kind of text is read."""
    rows = []
    for name, make in TEXTS.items():
        text = make(SIZE)
        seconds = best(partial(SEARCH.hits, text), repeat, 3)
        rows.append((name, f"{seconds * 1e3:.2f} ms", f"{_pace(text, seconds):.1f} MB/s"))
    return Table("Texts of 32 kB", ("text", "CPU", "pace"), tuple(rows))


def _pace(text: str, seconds: float) -> float:
    return len(text.encode()) / seconds / 1e6


async def judgements(repeat: int) -> tuple[Table, Target]:
    """What the gate takes for a prompt."""
    rows, slowest = [], 0.0
    for size, times in ((100, 500), (2_000, 100), (SIZE, 3), (250_000, 1)):
        least, most = await judgement(size, repeat * 3, times)
        rows.append((f"{size:,} letters", f"{least * 1e6:,.0f} µs", f"{most * 1e6:,.0f} µs"))
        if size == SIZE:
            slowest = most * 1e3
    table = Table("Judgement of a prompt", ("prompt", "best", "99 of 100"), tuple(rows))
    return table, at_most("leak scan of a prompt of 32 kB, 99 of 100", 15, slowest, "ms")


def hostile(chosen: int | None) -> tuple[Table, Target]:
    """What the worst texts take, of which ``None`` means all."""
    rows, slowest = [], 0.0
    for name, make in list(HOSTILE.items())[:chosen]:
        text = make()
        seconds = best(partial(SEARCH.hits, text), 2)
        slowest = max(slowest, seconds)
        rows.append((name, f"{seconds * 1e3:,.0f} ms", f"{_pace(text, seconds):.1f} MB/s"))
    table = Table("Hostile texts of 1 MB", ("text", "CPU", "pace"), tuple(rows))
    return table, at_most("leak scan of a hostile text of 1 MB, the slowest", 1, slowest, "s")


def main() -> None:
    parser = arguments(__doc__, repeat=5)
    options = parser.parse_args()
    repeat, chosen = (2, 6) if options.quick else (options.repeat, None)
    texts = by_text(repeat)
    pace = min(float(row[2].split()[0]) for row in texts.rows)
    prompts, prompt_target = asyncio.run(judgements(repeat))
    worst, worst_target = hostile(chosen)
    slowest_text = at_least("leak scan, the slowest kind of text", 5, pace, "MB/s", digits=1)
    show(Findings((texts, prompts, worst), (slowest_text, prompt_target, worst_target)), options)


if __name__ == "__main__":
    main()
