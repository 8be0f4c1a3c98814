"""The pytest side: the option ``--isolation-seed`` and the fixture ``isolation``."""

from typing import Final
from uuid import uuid4

import pytest

from provider_runtime.testing.isolation.trial import Isolation

_OPTION: Final = "--isolation-seed"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--isolation-seed``."""
    parser.getgroup("provider_runtime").addoption(
        _OPTION, metavar="SEED", default=None, help="repeat the poison values, order, delays and failures of that seed"
    )


@pytest.fixture
def isolation(request: pytest.FixtureRequest) -> Isolation:
    """Makes trials in which tenants with poison values call your service: ``isolation.tenants(20, calls=10)``."""
    # Where a test module names the plugin, it is too late for options: then there is none.
    seed: str | None = request.config.getoption(_OPTION, default=None)
    return Isolation(seed or uuid4().hex[:8], scope=request.node.nodeid)
