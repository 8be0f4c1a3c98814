"""A sandbox, and a plain client that speaks to it as curl would."""

import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from attrs import frozen

from provider_runtime.testing.sandbox import Sandbox

sys.path.insert(0, str(Path(__file__).parent))  # leaky_services.py stands beside this file, which is no package


@frozen(kw_only=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@frozen
class Client:
    """Sends JSON to a path of the sandbox, with a good key for whoever is addressed."""

    session: aiohttp.ClientSession
    sandbox: Sandbox

    async def post(self, path: str, body: object, **headers: str | None) -> Reply:
        """``headers`` are those sent beside, or instead of, the usual ones; ``None`` leaves one out."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self._send("POST", path, content, headers)

    async def get(self, path: str, **headers: str | None) -> Reply:
        return await self._send("GET", path, None, headers)

    async def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str | None]) -> Reply:
        usual: dict[str, str | None] = {"content-type": "application/json"}
        if path == "/v1/messages":
            usual |= {"x-api-key": "key", "anthropic-version": "2023-06-01"}
        elif path.startswith("/v1beta/"):
            usual |= {"x-goog-api-key": "key"}
        else:
            usual |= {"authorization": "Bearer key"}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in {**usual, **given}.items() if value is not None}
        async with self.session.request(method, self.sandbox.url + path, data=body, headers=sent) as response:
            return Reply(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=await response.read(),
            )


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as started:
        yield started


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield Client(session, sandbox)
