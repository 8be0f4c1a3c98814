"""The transport under its contract."""

from collections.abc import AsyncIterator

import pytest

from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.ports.http import HttpTransport
from provider_runtime.testing.contracts.http import HttpTransportContract


class TestAiohttpTransport(HttpTransportContract):
    @pytest.fixture
    async def transport(self) -> AsyncIterator[HttpTransport]:
        transport = AiohttpTransport()
        yield transport
        await transport.aclose()


class TestAiohttpTransportThatLeavesTheWritingToAiohttp(HttpTransportContract):
    @pytest.fixture
    async def transport(self) -> AsyncIterator[HttpTransport]:
        transport = AiohttpTransport(one_write=False)
        yield transport
        await transport.aclose()
