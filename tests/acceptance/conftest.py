"""What the tests of this folder share."""

import sys
from pathlib import Path

import pytest

from provider_runtime.testing.isolation import isolation

# Tests are no package: what they share is imported as `tenancy.…`, `canary.…` and `hostile.…` from this folder.
sys.path.insert(0, str(Path(__file__).parent))

from canary.bird import Canary

__all__ = ["isolation"]


@pytest.fixture
def canary(tmp_path: Path) -> Canary:
    """A key, a header and a prompt that are nowhere else."""
    return Canary(folder=tmp_path)
