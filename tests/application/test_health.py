"""Health: every provider asked at once, each failure told as a status, nothing raised, nothing left behind."""

import asyncio

import pytest

from provider_runtime import (
    CredentialMissing,
    CredentialsRejected,
    EnvCredential,
    HealthStatus,
    ModelInfo,
    ProtocolError,
    ProviderConfig,
    ProviderHealth,
    ProviderNotRegistered,
    ProviderRuntime,
    ProviderRuntimeError,
    ProviderStatusError,
    RuntimeClosed,
    RuntimeSettings,
    TransportError,
    open_runtime,
)
from provider_runtime.domain.catalog.models import ProviderCapabilities
from provider_runtime.domain.catalog.records import taken_over
from provider_runtime.domain.errors import ErrorCode
from provider_runtime.domain.identity import ProviderId
from provider_runtime.testing.fakes import FakeAdapter
from provider_runtime.testing.sandbox import Fault, Sandbox

ADA = ProviderId("ada")


def a_record(name: str = "ada", **others: object) -> ProviderConfig:
    fields: dict[str, object] = {"kind": "openai", "base_url": "https://api.example.com", **others}
    return ProviderConfig(provider_id=name, **fields)  # type: ignore[arg-type]  # checked by the fields themselves


async def health_of(adapter: FakeAdapter, record: ProviderConfig | None = None, **others: object) -> ProviderHealth:
    builder = ProviderRuntime.builder().with_adapter(adapter, record or a_record())
    async with builder.build() as runtime:
        (health,) = await runtime.check_providers(**others)  # type: ignore[arg-type]  # timeout_s and heard
    return health


class Failing(FakeAdapter):
    def __init__(self, error: ProviderRuntimeError) -> None:
        super().__init__("ada")
        self.error = error

    async def discover_models(self, options: object, context: object) -> tuple[ModelInfo, ...]:
        raise self.error


async def test_a_provider_that_lists_models_is_ready() -> None:
    listed = (ModelInfo(provider="ada", model_id="b"), ModelInfo(provider="ada", model_id="a"))
    health = await health_of(FakeAdapter("ada", models=listed))
    assert (health.status, health.models, health.code) == (HealthStatus.READY, ("a", "b"), None)
    assert health.latency_ms is not None
    assert health.is_usable


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TransportError(provider=ADA, code=ErrorCode.CONNECT_FAILED), HealthStatus.UNREACHABLE),
        (TransportError(provider=ADA, code=ErrorCode.TLS_FAILED), HealthStatus.UNREACHABLE),
        (CredentialsRejected(provider=ADA, status_code=401), HealthStatus.UNAUTHORISED),
        (CredentialMissing(provider=ADA), HealthStatus.UNAUTHORISED),
        (
            ProviderStatusError(provider=ADA, status_code=403, code=ErrorCode.PERMISSION_DENIED),
            HealthStatus.UNAUTHORISED,
        ),
        (ProviderStatusError(provider=ADA, status_code=429, code=ErrorCode.RATE_LIMITED), HealthStatus.DEGRADED),
        (ProviderStatusError(provider=ADA, status_code=503, code=ErrorCode.OVERLOADED), HealthStatus.DEGRADED),
        (ProviderStatusError(provider=ADA, status_code=404, code=ErrorCode.NOT_FOUND), HealthStatus.DEGRADED),
        (ProtocolError(provider=ADA, field="data"), HealthStatus.DEGRADED),
    ],
    ids=lambda value: getattr(value, "code", None) or str(value),
)
async def test_each_failure_is_a_status_with_a_reason_and_a_way_out(
    error: ProviderRuntimeError, status: HealthStatus
) -> None:
    health = await health_of(Failing(error))
    assert (health.status, health.code) == (status, error.code)
    assert health.reason
    assert health.remedy


async def test_a_server_without_models_or_without_the_wanted_one_is_degraded() -> None:
    empty = await health_of(
        FakeAdapter("ada"), a_record(kind="ollama", tier="local", base_url="http://localhost:11434")
    )
    assert (empty.status, empty.remedy) == (HealthStatus.DEGRADED, "Load one: ollama pull llama3.2")
    listed = (ModelInfo(provider="ada", model_id="llama3.2:latest"),)
    wanted = await health_of(FakeAdapter("ada", models=listed), a_record(default_model="qwen3"))
    assert wanted.status is HealthStatus.DEGRADED
    found = await health_of(FakeAdapter("ada", models=listed), a_record(default_model="llama3.2"))
    assert found.status is HealthStatus.READY


async def test_one_that_cannot_list_its_models_is_not_asked() -> None:
    mute = FakeAdapter("ada", capabilities=ProviderCapabilities(supports_remote_discovery=False))
    health = await health_of(mute)
    assert (health.status, health.latency_ms, mute.discoveries) == (HealthStatus.DEGRADED, None, [])


class Silent(FakeAdapter):
    async def discover_models(self, options: object, context: object) -> tuple[ModelInfo, ...]:
        await asyncio.Event().wait()
        return ()


class Broken(FakeAdapter):
    async def discover_models(self, options: object, context: object) -> tuple[ModelInfo, ...]:
        raise LookupError("sk-told-nobody-0123456789")


async def test_one_that_never_answers_is_unreachable_in_time() -> None:
    health = await health_of(Silent("ada"), timeout_s=0.01)
    assert (health.status, health.code) == (HealthStatus.UNREACHABLE, ErrorCode.TIMED_OUT)


async def test_an_adapter_that_breaks_is_told_by_its_class_alone() -> None:
    health = await health_of(Broken("ada"))
    assert health.status is HealthStatus.DEGRADED
    assert "LookupError" in health.reason
    assert "sk-told" not in repr(health)


async def test_all_are_asked_at_once_and_told_of_as_they_answer() -> None:
    arrived = asyncio.Barrier(3)

    class Waiting(FakeAdapter):
        async def discover_models(self, options: object, context: object) -> tuple[ModelInfo, ...]:
            await arrived.wait()  # passes only when three are under way
            return (ModelInfo(provider=self.provider_id, model_id="m"),)

    builder = ProviderRuntime.builder()
    for name in ("cyd", "ada", "bob"):
        builder = builder.with_adapter(Waiting(name))
    heard: list[ProviderHealth] = []
    async with builder.build() as runtime:
        found = await runtime.check_providers(heard=heard.append)
        assert runtime.catalog.current is runtime.catalog.static
        assert await runtime.receipts.list() == ()
    assert [health.provider_id for health in found] == ["ada", "bob", "cyd"]
    assert sorted(heard, key=lambda health: health.provider_id) == list(found)


async def test_only_the_named_are_asked_and_an_unknown_name_is_an_error() -> None:
    ada, bob = FakeAdapter("ada"), FakeAdapter("bob")
    async with ProviderRuntime.builder().with_adapter(ada).with_adapter(bob).build() as runtime:
        await runtime.check_providers("bob")
        assert (len(ada.discoveries), len(bob.discoveries)) == (0, 1)
        with pytest.raises(ProviderNotRegistered):
            await runtime.check_providers("bob", "cyd")
    with pytest.raises(RuntimeClosed):
        await runtime.check_providers()


@pytest.mark.parametrize(
    ("policy", "base_url", "code"),
    [
        ("locked", "https://api.example.com", ErrorCode.GOVERNANCE_LOCKED),
        ("standard", "https://169.254.169.254", ErrorCode.ENDPOINT_BLOCKED),
    ],
)
async def test_what_may_not_be_contacted_is_not(policy: str, base_url: str, code: ErrorCode) -> None:
    adapter = FakeAdapter("ada")
    builder = ProviderRuntime.builder().with_adapter(adapter, a_record(base_url=base_url)).with_policy(policy)
    async with builder.build() as runtime:
        (health,) = await runtime.check_providers()
    assert (health.status, health.code, health.latency_ms) == (HealthStatus.UNREACHABLE, code, None)
    assert adapter.discoveries == []


async def test_a_list_open_to_all_proves_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    monkeypatch.setenv("SOME_KEY", "some-key")
    for name, status in (("NO_SUCH_KEY", HealthStatus.UNAUTHORISED), ("SOME_KEY", HealthStatus.READY)):
        async with Sandbox() as sandbox:
            record = a_record(
                kind="openrouter", base_url=sandbox.url, tier="local", credential=EnvCredential(name=name)
            )
            async with open_runtime(RuntimeSettings(providers=[record])) as runtime:
                (health,) = await runtime.check_providers()
        assert (health.status, health.credential_proven) == (status, False)
        assert "open to all" in health.reason or "not proven" in health.reason


@pytest.mark.parametrize("kind", ["openai", "openai_chat", "anthropic", "gemini", "openrouter", "ollama"])
async def test_every_wire_is_checked_over_http(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "some-key")
    async with Sandbox() as sandbox:
        record = a_record(kind=kind, base_url=sandbox.url, tier="local", credential=EnvCredential(name="SOME_KEY"))
        async with open_runtime(RuntimeSettings(providers=[record])) as runtime:
            (health,) = await runtime.check_providers()
            sandbox.fail_next(1, Fault.drop_connection())
            (lost,) = await runtime.check_providers()
        assert health.models
        assert [request.method for request in sandbox.requests][:1] == ["GET"]
    assert health.status is HealthStatus.READY
    assert lost.status is HealthStatus.UNREACHABLE


async def test_a_moved_record_is_unauthorised_until_it_is_bound_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "some-key")
    async with Sandbox() as sandbox:
        known = a_record(base_url="http://localhost:11434", tier="local", credential=EnvCredential(name="SOME_KEY"))
        moved = taken_over(known, a_record(base_url=sandbox.url, tier="local", credential=known.credential))
        for record, status in ((moved, HealthStatus.UNAUTHORISED), (moved.rebound(), HealthStatus.READY)):
            async with open_runtime(RuntimeSettings(providers=[record])) as runtime:
                (health,) = await runtime.check_providers()
            assert health.status is status
        assert len(sandbox.requests) == 1
