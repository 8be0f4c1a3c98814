"""Runs the proofs that go over all wires, installs nothing, and says which could not be run and why.

    python scripts/check_wires.py [--long]

``--long``: the campaign of damaged answers and a thousand conversations for each wire as well.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parent.parent
PROOFS: Final = ("tests/adapters/wire", "tests/acceptance/test_handoff_pairs.py")


def main() -> None:
    """Ends as pytest does."""
    parser = argparse.ArgumentParser(description="Runs the proofs that go over all wires.")
    parser.add_argument("--long", action="store_true", help="the long campaigns too; takes some minutes")
    depth = ("--hypothesis-profile=thorough", "-o", "timeout=3600") if parser.parse_args().long else ("-m", "not long")
    command = [sys.executable, "-m", "pytest", "-rs", *depth, *PROOFS]
    sys.exit(subprocess.run(command, cwd=CHECKOUT, check=False).returncode)  # noqa: S603 - our own tests


if __name__ == "__main__":
    main()
