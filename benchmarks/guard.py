"""Whether a call has become dearer than it was: counted, so that the speed of a machine does not matter.

    python benchmarks/guard.py            compares with baseline.json; ends with 1 if anything grew too much
    python benchmarks/guard.py --record   writes what is so now into baseline.json
    python benchmarks/guard.py --growth   whether a call costs the same whatever is open, was made or is stored

Bytecodes by stage of the call, and the most bytes in use at a time, for each kind of call with every gate judging;
see ``counting.py``. A count depends on the minor version of Python: each has a baseline of its own, and a version
without one is not judged. Who makes a call dearer on purpose records anew, and the change of the file says by how
much.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from measuring import HERE, KIB, Findings, Table, Target, arguments, show

Counts: TypeAlias = Mapping[str, Any]
KINDS: Final = ("small", "tool", "large", "history")
BASELINE: Final = HERE / "baseline.json"
VERSION: Final = ".".join(platform.python_version_tuple()[:2])
MARGIN: Final = 0.03  # of all bytecodes of a call
PEAK_MARGIN: Final = 0.05  # of the most bytes in use
SAME: Final = 0.001  # what a stage may differ in for reasons of no weight, such as a microsecond that is zero


def counted(kind: str, *circumstances: str) -> list[Counts]:
    """What ``counting.py`` says of a fresh process in which nothing is left to chance: first as usual, then in each."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, str(HERE / "counting.py"), kind, *circumstances]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return [json.loads(line) for line in done.stdout.splitlines()]


def total(counts: Counts) -> int:
    """Bytecodes of the whole call."""
    return sum(counts["bytecodes"].values())


def grown(kind: str, before: Counts, now: Counts) -> list[str]:
    """What grew too much, in sentences that name the stages; nothing, if nothing did."""
    said = []
    if total(now) > total(before) * (1 + MARGIN):
        stages = {stage: count - before["bytecodes"].get(stage, 0) for stage, count in now["bytecodes"].items()}
        more = sorted(((count, stage) for stage, count in stages.items() if count > 0), reverse=True)
        named = ", ".join(f"{stage} {count:+,}" for count, stage in more)
        share = total(now) / total(before) - 1
        said.append(
            f"a {kind} call runs {total(now):,} bytecodes, {share:+.1%} against {total(before):,} "
            f"(up to {MARGIN:.0%} are let pass): {named}"
        )
    if now["peak_bytes"] > before["peak_bytes"] * (1 + PEAK_MARGIN):
        peaks = now["peak_bytes"] / KIB, before["peak_bytes"] / KIB
        share = peaks[0] / peaks[1] - 1
        said.append(f"a {kind} call has {peaks[0]:,.1f} KiB in use at a time, {share:+.1%} against {peaks[1]:,.1f}")
    return said


def growth(calls: int = 1_500, runtimes: int = 50, records: int = 3_000) -> list[str]:
    """What a call costs more once others were made, are open or are stored; what is not linear in messages.

    From 1,000 calls on, each that is kept in memory lets go of an older one, which takes a few bytecodes.
    """
    asked = (f"made={calls}", f"made={2 * calls}", f"open={runtimes}", f"stored={records}")
    lengths = ("messages=100", "messages=200", "messages=400")
    usual, made, more_made, opened, stored, *by_length = counted("small", *asked, *lengths)
    said = [
        f"a call runs {total(after):,} bytecodes {words}, and {total(before):,} {otherwise}"
        for before, after, words, otherwise in (
            (made, more_made, f"after {2 * calls:,} others", f"after {calls:,}"),
            (usual, opened, f"with {runtimes:,} other runtimes open", "alone"),
            (usual, stored, f"with {records:,} records stored", "with few"),
        )
        if total(after) > total(before) * (1 + SAME)
    ]
    shortest, middle, longest = (total(one) for one in by_length)
    first, second = (middle - shortest) / 100, (longest - middle) / 200
    if second > first * 1.05:
        said.append(f"messages 101 to 200 take {first:.0f} bytecodes each, and messages 201 to 400 {second:.0f}")
    return said


def stages_table(found: Mapping[str, Counts]) -> Table:
    """Bytecodes by stage and kind."""
    stages = list(next(iter(found.values()))["bytecodes"])
    rows = [(stage, *(f"{counts['bytecodes'][stage]:,}" for counts in found.values())) for stage in stages]
    rows.append(("all of it", *(f"{total(counts):,}" for counts in found.values())))
    rows.append(("most in use at a time", *(f"{counts['peak_bytes'] / KIB:,.1f} KiB" for counts in found.values())))
    note = (
        "Bytecodes that the code of this package runs for one call with every gate judging. What other libraries run "
        "is not counted."
    )
    return Table("What each stage of a call runs", ("stage", *found), tuple(rows), note)


def compared(found: Mapping[str, Counts], baseline: Mapping[str, Counts]) -> tuple[Target, ...]:
    """Each kind beside its baseline."""
    return tuple(
        Target(
            f"bytecodes of a {kind} call, no more than recorded",
            f"≤ {total(baseline[kind]):,} + {MARGIN:.0%}",
            f"{total(counts):,}",
            not grown(kind, baseline[kind], counts),
        )
        for kind, counts in found.items()
        if kind in baseline
    )


def read_baselines() -> dict[str, dict[str, Counts]]:
    """By version of Python, then by kind of call."""
    found: dict[str, dict[str, Counts]] = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    return found


def record(found: Mapping[str, Counts]) -> None:
    """Let what is so now be the baseline of this version of Python."""
    baselines = {**read_baselines(), VERSION: found}
    BASELINE.write_text(json.dumps(baselines, indent=2, sort_keys=True) + "\n")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--record", action="store_true", help="let what is so now be the baseline")
    parser.add_argument("--growth", action="store_true", help="also ask whether a call costs the same later on")
    options = parser.parse_args()
    found = {kind: counted(kind)[0] for kind in KINDS}
    if options.record:
        record(found)
    baseline = read_baselines().get(VERSION, {})
    show(Findings((stages_table(found),), compared(found, baseline)), options)
    wrong = [line for kind in KINDS if kind in baseline for line in grown(kind, baseline[kind], found[kind])]
    wrong += growth() if options.growth else []
    for line in wrong:
        print(f"DEARER: {line}", file=sys.stderr)
    if not baseline:
        print(f"there is no baseline for Python {VERSION}: nothing was judged", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
