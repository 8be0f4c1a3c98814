"""A cloud that is a sandbox: every gate sees the vendors' own addresses, and a real server on loopback answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, evolve, field

from provider_runtime import (
    ConsentSettings,
    GovernancePolicy,
    ProviderRuntime,
    RuntimeSettings,
    Tier,
    ollama_server,
    open_runtime,
)
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.domain.origins import origin_of
from provider_runtime.ports.http import HttpFailure, HttpReply, HttpRequest
from provider_runtime.testing.sandbox.server import Sandbox
from provider_runtime.testing.settings import cloud_settings

CLOUD = "openai:gpt-5-mini"
LOCAL = "ollama:llama3.1:8b"
STRICT = GovernancePolicy(consent="cloud")


@define
class ToTheSandbox:
    """A real transport that dials the sandbox, whatever host the request names."""

    sandbox: Sandbox
    inner: AiohttpTransport = field(factory=AiohttpTransport)

    async def exchange(self, request: HttpRequest) -> HttpReply | HttpFailure:
        _, _, path = request.url.partition("//")[2].partition("/")
        origin = origin_of(self.sandbox.url)
        assert origin is not None
        auth = None if request.auth is None else evolve(request.auth, origin=origin)
        return await self.inner.exchange(evolve(request, url=f"{self.sandbox.url}/{path}", tier=Tier.LOCAL, auth=auth))

    async def aclose(self) -> None:
        await self.inner.aclose()


def settings_in(sandbox: Sandbox, **overrides: Any) -> RuntimeSettings:
    """The vendors in the cloud and an Ollama here; policy wants consent to whatever leaves."""
    cloud = cloud_settings()
    usual: dict[str, Any] = {
        "providers": (*cloud.providers, ollama_server(sandbox.url, default_model="llama3.1:8b")),
        "credentials": cloud.credentials,
        "policy": STRICT,
        "consents": ConsentSettings(),
        "name": "desk",
    }
    return RuntimeSettings(**{**usual, **overrides})


@asynccontextmanager
async def opened(
    sandbox: Sandbox, settings: RuntimeSettings | None = None, **parts: Any
) -> AsyncIterator[ProviderRuntime]:
    """A runtime whose cloud is ``sandbox``."""
    transport = ToTheSandbox(sandbox)
    try:
        async with open_runtime(settings or settings_in(sandbox), transport=transport, **parts) as runtime:
            yield runtime
    finally:
        await transport.aclose()
