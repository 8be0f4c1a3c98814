"""All benchmarks one after another: what was aimed at and what was measured, on the terminal or as a page.

    python benchmarks/page.py --quick     a short form of all, printed (`make bench`)
    python benchmarks/page.py --write     the full form, into docs/reference/performance.md (`make bench-page`)

Each benchmark is a process of its own, and has a time limit; one that fails is named, and the others go on. The
full form takes some ten minutes on a quiet machine. The comparison with other libraries is not made here: what
`benchmarks/peers.py --write` wrote into the page stays there.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

from attrs import frozen
from measuring import HERE, Findings, circumstances, markdown, plain, targets_table

PAGE: Final = HERE.parent / "docs" / "reference" / "performance.md"
PEERS: Final = "<!-- what follows is written by benchmarks/peers.py -->"
LIMIT_S: Final = 600
ABOUT: Final = """
What a call costs beside a bare one, what was aimed at, and whether it is reached. This page is written by the
benchmarks themselves: `make bench-page` measures again, and `make bench` prints a short form of all of it in a few
minutes.

Everything runs on loopback, against a server in a process of its own that answers at once. "Bare" is an aiohttp POST
and a JSON parse as a careful developer writes them by hand. Bare and governed calls take turns in one run, and a
figure is the middle one of several rounds: trust the ratios, for the microseconds are those of the machine. "Every
gate" means that all seven judge: the leakage guard reads the bytes, a profile grants, a ledger in memory sets aside
what the call may cost, and a consent in memory is looked up. Price, receipt and events are always written, in memory.

"By hand" is the floor: the duties of every gate in one function of a hundred lines (`benchmarks/by_hand.py`) for one
provider and one tenant, with the same scanner and the same transport, and without canonical types, other wires,
retries, typed errors or anything that could be exchanged. "The parts" are those of a runtime with every gate, asked one
after another with nothing between them (`benchmarks/by_parts.py`): what `run()` takes beyond them is the way between
them. Decisions [0051](../decisions/0051-the-floor.md) and [0061](../decisions/0061-what-the-parts-cost.md) say where
it all goes, and why the targets that are not reached are not.
"""
HOW_PEERS: Final = """
## Beside other libraries

`python benchmarks/peers.py --setup` makes a virtual environment for each of them in a folder of its own, and
`python benchmarks/peers.py` has each make the same call of the same server, in turns.
"""


@frozen
class Section:
    """One benchmark: its script, and the words of its full and of its short form."""

    title: str
    script: str
    full: tuple[str, ...] = ()
    quick: tuple[str, ...] = ("--quick",)

    def words(self, *, quick: bool) -> tuple[str, ...]:
        return (self.script, *(self.quick if quick else self.full))

    def command(self, *, quick: bool) -> str:
        first, *rest = self.words(quick=quick)
        return " ".join((f"python benchmarks/{first}", *rest))


SECTIONS: Final = (
    Section("What governance costs", "overhead.py", ("--block", "150")),
    Section("By the kind of call", "payloads.py", ("--rounds", "9", "--block", "60")),
    Section("What each stage of a call runs", "guard.py", quick=()),
    Section("Many calls in flight", "scale.py", ("--calls", "8000")),
    Section("Many runtimes", "runtimes.py", ("--rounds", "9")),
    Section("To begin", "startup.py"),
    Section("A long day", "soak.py", ("--faulty", "10000")),
    Section("The leakage guard", "leakage.py"),
    Section("Stores", "stores.py", ("--most", "10000")),
    Section("Batches", "batch.py", ("--lines", "30000")),
)


def measured(section: Section, *, quick: bool) -> Findings | None:
    """What a benchmark found; ``None`` if it failed, which is told on the way."""
    script, *words = section.words(quick=quick)
    print(f"{section.command(quick=quick)} …", file=sys.stderr, flush=True)
    command = [sys.executable, str(HERE / script), *words, "--json"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S, check=False)
        return Findings.read(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as fault:
        print(f"{script} failed: {fault}", file=sys.stderr)
        return None


def page_of(found: dict[Section, Findings | None], *, quick: bool, peers: str) -> str:
    """The whole page."""
    targets = [target for one in found.values() if one is not None for target in one.targets]
    parts = ["# Performance", ABOUT.strip(), f"Measured with {circumstances()}."]
    parts += [markdown(targets_table(targets)).replace("### ", "## ", 1)]
    for section, one in found.items():
        parts += [f"## {section.title}", f"`{section.command(quick=quick)}`"]
        parts += [markdown(table) for table in one.tables] if one is not None else ["Not measured: it failed."]
    return "\n\n".join([*parts, HOW_PEERS.strip(), PEERS]) + peers


def peers_part(page: Path) -> str:
    """What the comparison with other libraries wrote, as it stands in the page."""
    written = page.read_text() if page.exists() else ""
    return written.partition(PEERS)[2] or "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short form of all")
    parser.add_argument("--write", action="store_true", help="write the page")
    parser.add_argument("--only", nargs="*", help="these scripts, such as overhead.py")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is")
    options = parser.parse_args()
    chosen = [section for section in SECTIONS if options.only is None or section.script in options.only]
    found = {section: measured(section, quick=options.quick) for section in chosen}
    if options.write:
        options.page.write_text(page_of(found, quick=options.quick, peers=peers_part(options.page)))
        print(options.page)
    else:
        tables = [table for one in found.values() if one is not None for table in one.tables]
        targets = [target for one in found.values() if one is not None for target in one.targets]
        print("\n\n".join([circumstances(), *map(plain, (*tables, targets_table(targets)))]))
    return 1 if None in found.values() else 0


if __name__ == "__main__":
    sys.exit(main())
