"""Equal input gives equal bytes: in this process, in another one, whatever seed its hashes have."""

import os
import subprocess
import sys
from pathlib import Path

from all_wires import WIRES
from field_cases import CASES

_SCRIPT = Path(__file__).with_name("batch_of_bytes.py")


def batch(seed: str) -> list[str]:
    """The lines that the batch prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, _SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout.splitlines()


def test_every_wire_writes_the_same_bytes_under_every_hash_seed() -> None:
    first, *others = (batch(seed) for seed in ("0", "1", "4711"))
    assert len(first) > sum(len(wire.models) * len(CASES) for wire in WIRES)
    for other in others:
        assert [pair for pair in zip(first, other, strict=True) if pair[0] != pair[1]] == []
