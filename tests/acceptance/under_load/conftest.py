"""A server for the tests of this folder, whose behaviours each test adds."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Tests are no package: what they share is imported as `under_load.…` and `hostile.…` from the folder above.
sys.path.insert(0, str(Path(__file__).parents[1]))

from hostile.server import HostileServer, hostile_server


@pytest.fixture
def server() -> Iterator[HostileServer]:
    """Behaves in no way yet: ``server.add(name, script)``."""
    with hostile_server({}, remembered=1000) as server:
        yield server


@pytest.fixture
def spare() -> Iterator[HostileServer]:
    """Another one, at another origin: the trouble of the first is not its own."""
    with hostile_server({}, remembered=1000) as server:
        yield server
