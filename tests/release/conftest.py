"""What the tests of a release share."""

import sys
from pathlib import Path

import pytest

# distributions.py stands beside this file, the scripts in a folder of their own; neither is a package.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[2] / "scripts")]

from distributions import build  # noqa: E402 - once it can be found


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive of this checkout."""
    return build(tmp_path_factory.mktemp("dist"))
