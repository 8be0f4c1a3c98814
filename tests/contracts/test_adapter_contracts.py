"""Adapters under their contract: each wire over real HTTP against the sandbox, and the fake."""

from collections.abc import AsyncIterator

import pytest
from attrs import evolve

from provider_runtime.adapters.credentials.sources import CredentialSources
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.composition.presets import local_server, ollama_server, preset
from provider_runtime.composition.wires import adapter_for
from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind, Tier
from provider_runtime.domain.errors import CredentialMissing, ErrorCode, TransportError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.provider_adapter import AdapterContext, ProviderAdapter
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.contracts.provider_adapter import ProviderAdapterContract
from provider_runtime.testing.fakes import FakeAdapter
from provider_runtime.testing.sandbox import Fault, Sandbox

_MODELS = {
    "openai": "gpt-5-mini",
    "openai_chat": "gpt-4.1-mini",
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-3-flash-preview",
    "openrouter": "anthropic/claude-sonnet-4.5",
    "local": "llama-3.3",
    "ollama": "qwen3",
}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as started:
        yield started


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    transport = AiohttpTransport()
    yield transport
    await transport.aclose()


def _record(name: str, sandbox: Sandbox) -> ProviderConfig:
    if name == "local":
        return local_server(sandbox.compatible_url)
    if name == "ollama":
        return ollama_server(sandbox.url)
    if name == "openai_chat":
        return ProviderConfig(
            provider_id="openai_chat", kind=ProviderKind.OPENAI_CHAT, base_url=sandbox.url, tier=Tier.LOCAL
        )
    return evolve(preset(name), base_url=sandbox.url, tier=Tier.LOCAL, credential=None)


def _adapter(name: str, sandbox: Sandbox, transport: AiohttpTransport, *, key: str | None = "key") -> ProviderAdapter:
    record = _record(name, sandbox)
    given = {record.provider_id: Secret(key)} if key else {}
    return adapter_for(record, ModelCatalog(), transport, CredentialSources(given=given))


class TestWireAdapter(ProviderAdapterContract):
    @pytest.fixture(params=sorted(_MODELS))
    def name(self, request: pytest.FixtureRequest) -> str:
        name: str = request.param
        return name

    @pytest.fixture
    def model_id(self, name: str) -> str:
        return _MODELS[name]

    @pytest.fixture
    def adapter(self, name: str, sandbox: Sandbox, transport: AiohttpTransport) -> ProviderAdapter:
        return _adapter(name, sandbox, transport)

    @pytest.fixture
    def failing(self, name: str, sandbox: Sandbox, transport: AiohttpTransport) -> ProviderAdapter:
        sandbox.fail_next(2, Fault.status(500))
        return _adapter(name, sandbox, transport)

    async def test_the_credential_of_the_call_beats_every_other(
        self, adapter: ProviderAdapter, model_id: str, sandbox: Sandbox
    ) -> None:
        prepared = adapter.prepare(a_request(model=model_id))
        await adapter.send(prepared, AdapterContext())
        await adapter.send(prepared, AdapterContext(credential=Secret("key-of-the-call")))
        usual, own = (request.credential_sha256 for request in sandbox.requests)
        assert None not in {usual, own}
        assert usual != own

    async def test_without_a_credential_nothing_is_sent_where_one_is_needed(
        self, name: str, model_id: str, sandbox: Sandbox, transport: AiohttpTransport
    ) -> None:
        keyless = _adapter(name, sandbox, transport, key=None)
        prepared = keyless.prepare(a_request(model=model_id))
        if name in {"local", "ollama"}:
            await keyless.send(prepared, AdapterContext())
            assert sandbox.requests[0].credential_sha256 is None
            return
        with pytest.raises(CredentialMissing):
            await keyless.send(prepared, AdapterContext())
        assert sandbox.requests == ()


class TestFakeAdapter(ProviderAdapterContract):
    @pytest.fixture
    def adapter(self) -> ProviderAdapter:
        return FakeAdapter(models=(ModelInfo(provider="fake", model_id="gpt-5-mini"),))

    @pytest.fixture
    def failing(self) -> ProviderAdapter:
        error = TransportError(code=ErrorCode.CONNECTION_LOST, provider=ProviderId("fake"), message="as told")
        return FakeAdapter(answers=lambda _prepared: error, models=error)
