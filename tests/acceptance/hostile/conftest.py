"""The hostile server, for every test of this folder."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Tests are no package: what they share is imported as `hostile.…` from the folder above.
sys.path.insert(0, str(Path(__file__).parents[1]))

from hostile.catalogue import whole_server
from hostile.server import HostileServer


@pytest.fixture(scope="session")
def server() -> Iterator[HostileServer]:
    """Every scenario, in a thread of its own, for as long as the tests run."""
    with whole_server() as server:
        yield server
