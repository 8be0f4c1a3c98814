"""Building this checkout, as a release does."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]


def build(folder: Path) -> Path:
    """The wheel and the source archive, in ``folder``. Needs no index: hatchling is there."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, capture_output=True)
    return folder


def wheel_of(folder: Path) -> Path:
    return next(folder.glob("*.whl"))
