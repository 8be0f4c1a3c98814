"""What the tests of consent share."""

from collections.abc import AsyncIterator

import pytest

from provider_runtime.testing.sandbox import Sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running
