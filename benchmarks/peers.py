"""The same call through other libraries: CPU, answers a second, memory, and what it takes to begin.

    python benchmarks/peers.py --setup            a virtual environment for each, in --folder (fetches packages)
    python benchmarks/peers.py [--rounds 3]       measures those that are set up, and prints tables
    python benchmarks/peers.py --write            also writes them into docs/reference/performance.md

Each library makes the call as its own documentation shows it (``peer_runners/``), with retries off and nothing sent
home, against one server on loopback. Every measurement is a fresh process; the libraries take turns, and a ratio is
that to bare aiohttp in the same round, the middle one of all rounds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen
from measuring import HERE, Costs, Findings, Table, circumstances, markdown, median, mock_server, plain, ratio
from page import PAGE, PEERS

BARE: Final = "aiohttp by hand"
# Nothing is sent home, and nothing is fetched at the start.
QUIET: Final = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_TELEMETRY": "False",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "DO_NOT_TRACK": "1",
    "OTEL_SDK_DISABLED": "true",
    "NO_PROXY": "*",
    "PYTHONWARNINGS": "ignore",
}


@frozen
class Peer:
    """One library: its runner, and what is installed for it; nothing means the interpreter of this project."""

    runner: str
    packages: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(factory=dict)

    def python(self, folder: Path) -> Path:
        return folder / self.runner / "bin" / "python" if self.packages else Path(sys.executable)


PEERS_BY_NAME: Final = {
    BARE: Peer("aiohttp_by_hand"),
    "provider_runtime, default": Peer("provider_runtime_call"),
    "provider_runtime, every gate": Peer("provider_runtime_call", environment={"GATES": "every"}),
    "openai": Peer("openai_sdk", ("openai==3.54.0",)),
    "anthropic": Peer("anthropic_sdk", ("anthropic==2.12.0",)),
    "litellm": Peer("litellm_call", ("litellm==1.106.2", "mcp")),
    "pydantic-ai": Peer("pydantic_ai_direct", ("pydantic-ai-slim[openai]==2.68.0",)),
    "langchain": Peer("langchain_openai_chat", ("langchain-openai==1.7.3",)),
}


@frozen
class Stage:
    """One measurement: what the runner is told, and the figures that are shown of it, each with its unit."""

    title: str
    name: str
    kind: str
    calls: int
    figures: Mapping[str, tuple[str, str]]
    path: str = ""

    def url(self, server: str) -> str:
        return f"{server}/{self.path or self.kind}"


CPU: Final = {"cpu_us": ("CPU of one call", "µs")}
MANY: Final = {"pace": ("answers a second", ""), "cpu_us": ("CPU of one", "µs"), "peak_mib": ("peak memory", "MiB")}
STAGES: Final = {
    "small": Stage("A small answer, one after another", "alone", "small", 600, CPU),
    "tool": Stage("Two tools offered, two tool calls answered", "alone", "tool", 400, CPU),
    "large": Stage("An answer of 64 KB", "alone", "large", 400, CPU),
    "history": Stage("200 messages sent", "alone", "history", 200, CPU),
    "crowd": Stage("64 calls in flight", "crowd", "small", 1_500, MANY),
    "waiting": Stage("500 calls in flight, each of 50 ms", "waiting", "small", 2_000, MANY, "small-50"),
    "begin": Stage(
        "Import and first call, in a fresh process",
        "begin",
        "small",
        1,
        {"cpu_ms": ("CPU", "ms"), "peak_mib": ("peak memory", "MiB")},
    ),
}


def set_up(peer: Peer, folder: Path) -> None:
    """Its virtual environment, with these very versions."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / peer.runner)], check=True)
    install = [str(peer.python(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *peer.packages], check=True)


def one(peer: Peer, folder: Path, stage: Stage, server: str, calls: int) -> dict[str, float] | None:
    """What a fresh process found; ``None`` if it failed, which is told on the way."""
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    environment |= {**QUIET, **peer.environment, "PYTHONPATH": str(HERE)}
    if not peer.packages:
        environment["PYTHONPATH"] += os.pathsep + str(HERE.parent)
    script = HERE / "peer_runners" / f"{peer.runner}.py"
    command = [str(peer.python(folder)), str(script), stage.name, stage.url(server), stage.kind, str(calls)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError):
        print(f"{peer.runner} failed: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    return found


def compared(peers: Mapping[str, Peer], folder: Path, stages: list[Stage], rounds: int, share: float) -> Findings:
    """All stages, the libraries in turns."""
    tables = []
    with mock_server() as server:
        for stage in stages:
            found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
            for number in range(rounds):
                names = list(peers)
                turn = number % len(names)
                for name in names[turn:] + names[:turn]:
                    calls = max(1, round(stage.calls * share))
                    for figure, value in (one(peers[name], folder, stage, server, calls) or {}).items():
                        found[figure][name].append(value)
            tables.append(table_of(stage, found, list(peers)))
            print(plain(tables[-1]), file=sys.stderr, flush=True)
    return Findings(tuple(tables))


def table_of(stage: Stage, found: Mapping[str, Costs], names: list[str]) -> Table:
    """A row for each library, each figure with its ratio to the bare call."""
    rows = []
    for name in names:
        cells = [name]
        for figure, (_, unit) in stage.figures.items():
            costs = found[figure]
            if len(costs.get(name, ())) != len(costs[BARE]):
                cells += ["failed", ""]
            else:
                cells += [f"{median(costs, name):,.0f} {unit}".strip(), f"{ratio(costs, name, BARE):.2f} ×"]
        rows.append(tuple(cells))
    columns = [column for title, _ in stage.figures.values() for column in (title, "to bare")]
    return Table(stage.title, ("library", *columns), tuple(rows))


def write(findings: Findings, peers: Mapping[str, Peer], page: Path) -> None:
    """Put the tables where the page has room for them."""
    head, mark, _ = page.read_text().partition(PEERS)
    if not mark:
        raise SystemExit(f"{page} has no room for them: run `python benchmarks/page.py --write` first")
    versions = ", ".join(package for peer in peers.values() for package in peer.packages)
    parts = ["`python benchmarks/peers.py --write`", f"{versions}. Measured with {circumstances()}."]
    page.write_text("\n\n".join([head + mark, *parts, *map(markdown, findings.tables)]) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "provider-runtime-peers")
    parser.add_argument("--setup", action="store_true", help="make the virtual environments")
    parser.add_argument("--peers", nargs="*", choices=PEERS_BY_NAME, help="these besides bare aiohttp; by default all")
    parser.add_argument("--stages", nargs="*", choices=STAGES, default=list(STAGES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=float, default=1.0, help="of the calls of each stage")
    parser.add_argument("--write", action="store_true", help="write the tables into the page")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is")
    options = parser.parse_args()
    chosen = {
        name: peer
        for name, peer in PEERS_BY_NAME.items()
        if name == BARE or options.peers is None or name in options.peers
    }
    if options.setup:
        for peer in chosen.values():
            if peer.packages:
                set_up(peer, options.folder)
        return
    missing = [name for name, peer in chosen.items() if not peer.python(options.folder).exists()]
    if missing:
        print(f"not set up, and left out: {', '.join(missing)}", file=sys.stderr)
    there = {name: peer for name, peer in chosen.items() if name not in missing}
    stages = [STAGES[name] for name in options.stages]
    findings = compared(there, options.folder, stages, options.rounds, options.share)
    if options.write:
        write(findings, there, options.page)
        print(options.page)
    else:
        print("\n\n".join([circumstances(), *map(plain, findings.tables)]))


if __name__ == "__main__":
    main()
