"""Where a runtime takes credentials from: what its settings say, what it was handed, and nothing else."""

from pathlib import Path

import pytest
from attrs import evolve

from provider_runtime import (
    CallOptions,
    CredentialBoundElsewhere,
    CredentialMissing,
    EnvCredential,
    InvalidSettings,
    KeyFileCredential,
    KeyringSecrets,
    NamedKeyCredential,
    ProviderConfig,
    ProviderNotRegistered,
    ProviderRuntime,
    RuntimeClosed,
    RuntimeSettings,
    Secret,
    SecretFile,
    StoreUnsafe,
    open_runtime,
    preset,
)
from provider_runtime.adapters.credentials.filesystem import FilesystemSecretStore
from provider_runtime.domain.identity import OPENAI
from provider_runtime.domain.origins import Origin
from provider_runtime.ports.http import HttpReply
from provider_runtime.ports.tokens import CredentialFinder
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeTokens, FakeTransport
from provider_runtime.testing.mocks import MockSecretStore

THERE = Origin("https", "api.openai.com", 443)


def a_record(credential: object = None) -> ProviderConfig:
    return evolve(preset("openai"), credential=credential, bound_to=None)


def refusing() -> FakeTransport:
    return FakeTransport(lambda _request: HttpReply(status=403, body=b"{}"))


def keys_sent(transport: FakeTransport) -> list[str]:
    return [request.auth.secret.reveal() for request in transport.exchanges if request.auth]


async def ask(runtime: ProviderRuntime, options: CallOptions | None = None) -> str:
    with pytest.raises(Exception) as failed:  # noqa: PT011 - the code is what is looked at
        await runtime.run(a_request(model="openai:gpt-5-mini"), options)
    return str(getattr(failed.value, "code", failed.value))


async def test_a_call_goes_through_the_whole_ladder_as_its_upper_steps_are_taken_away() -> None:
    transport, tokens = refusing(), FakeTokens({"openai": "of-the-token-provider"})
    store = MockSecretStore()
    await store.put("work", Secret("of-the-record"), bound_to=THERE)
    settings = RuntimeSettings(
        providers=[a_record(NamedKeyCredential(name="work"))], credentials={"openai": Secret("of-the-runtime")}
    )
    async with open_runtime(settings, transport=transport, tokens=tokens, secret_store=store) as runtime:
        await ask(runtime, CallOptions(credential=Secret("of-the-call")))
        await ask(runtime)
    async with open_runtime(
        evolve(settings, credentials={}), transport=transport, tokens=tokens, secret_store=store
    ) as runtime:
        await ask(runtime)
    async with open_runtime(RuntimeSettings(providers=[a_record()]), transport=transport, tokens=tokens) as runtime:
        await ask(runtime)
    assert keys_sent(transport) == ["of-the-call", "of-the-runtime", "of-the-record", "of-the-token-provider"]
    assert tokens.asked == [OPENAI]


async def test_with_the_token_provider_only_every_other_source_is_passed_over() -> None:
    transport, tokens = refusing(), FakeTokens({"openai": "of-the-token-provider"})
    settings = RuntimeSettings(
        providers=[a_record()], credentials={"openai": Secret("of-the-runtime")}, token_provider_only=True
    )
    async with open_runtime(settings, transport=transport, tokens=tokens) as runtime:
        await ask(runtime, CallOptions(credential=Secret("of-the-call")))
    assert keys_sent(transport) == ["of-the-token-provider"]


async def test_a_token_provider_that_shall_be_the_only_source_has_to_be_there() -> None:
    with pytest.raises(InvalidSettings) as refused:
        async with open_runtime(RuntimeSettings(providers=[a_record()], token_provider_only=True)):
            pass
    assert refused.value.field == "token_provider_only"


async def test_named_keys_come_from_the_secret_file_of_the_settings(tmp_path: Path) -> None:
    path, transport = tmp_path / "keys" / "secrets.json", refusing()
    await FilesystemSecretStore(path=path).put("work", Secret("sk-work"), bound_to=THERE)
    settings = RuntimeSettings(providers=[a_record(NamedKeyCredential(name="work"))], secrets=SecretFile(path=path))
    async with open_runtime(settings, transport=transport) as runtime:
        await ask(runtime)
        await FilesystemSecretStore(path=path).put("work", Secret("sk-rotated"), bound_to=THERE)
        await ask(runtime)
        path.chmod(0o644)
        with pytest.raises(StoreUnsafe):
            await runtime.run(a_request(model="openai:gpt-5-mini"))
    assert keys_sent(transport) == ["sk-work", "sk-rotated"]


async def test_a_runtime_of_one_tenant_cannot_reach_the_secret_file_of_another(tmp_path: Path) -> None:
    await FilesystemSecretStore(path=tmp_path / "ada" / "keys").put("work", Secret("sk-ada"), bound_to=THERE)

    def settings(name: str) -> RuntimeSettings:
        secrets = SecretFile(path=tmp_path / name / "keys")
        return RuntimeSettings(providers=[a_record(NamedKeyCredential(name="work"))], secrets=secrets)

    transport = refusing()
    async with (
        open_runtime(settings("ada"), transport=transport) as ada,
        open_runtime(settings("bob"), transport=transport) as bob,
    ):
        await ask(ada)
        assert await ask(bob) == "credential_missing"
    assert keys_sent(transport) == ["sk-ada"]


@pytest.mark.parametrize("secrets", ["a-path", Path("a-path"), 7])
def test_a_store_of_secrets_is_said_by_its_class(secrets: object) -> None:
    with pytest.raises(InvalidSettings) as refused:
        RuntimeSettings(secrets=secrets)
    assert refused.value.field == "secrets"


def test_a_keyring_service_has_a_name() -> None:
    assert KeyringSecrets().service == "provider-runtime"
    with pytest.raises(InvalidSettings):
        KeyringSecrets(service=" ")


# ── a record that was moved ─────────────────────────────────────────────────────────────────


async def test_a_record_that_was_moved_is_refused_by_the_endpoint_gate_and_in_the_plan() -> None:
    transport, tokens = FakeTransport(), FakeTokens({"openai": "t"})
    moved = evolve(preset("openai"), base_url="https://proxy.example.com")
    async with open_runtime(RuntimeSettings(providers=[moved]), transport=transport, tokens=tokens) as runtime:
        plan = await runtime.explain(a_request(model="openai:gpt-5-mini"))
        with pytest.raises(CredentialBoundElsewhere) as refused:
            await runtime.run(a_request(model="openai:gpt-5-mini"))
        (receipt,) = await runtime.receipts.list()
    assert not plan.allowed
    assert (refused.value.gate, refused.value.provider) == ("endpoint", "openai")
    assert "rebound()" in refused.value.remedy
    assert receipt.record.error_code == "credential_bound_elsewhere"
    assert (transport.exchanges, tokens.asked) == ([], [])


# ── the report ──────────────────────────────────────────────────────────────────────────────


async def test_a_runtime_tells_where_a_credential_would_come_from_and_not_what_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-in-the-air")
    (tmp_path / "key").write_text("sk-canary-in-a-file")
    named = evolve(a_record(KeyFileCredential(path=str(tmp_path / "key"))), provider_id="filed")
    settings = RuntimeSettings(
        providers=[preset("openai"), preset("anthropic"), named], credentials={"anthropic": Secret("sk-canary-given")}
    )
    async with open_runtime(settings) as runtime:
        reports = [await runtime.credential_report(name) for name in ("openai", "anthropic", "filed")]
        with pytest.raises(ProviderNotRegistered):
            await runtime.credential_report("nobody")
    assert [str(report.source) for report in reports] == ["env:OPENAI_API_KEY", "runtime", "key_file"]
    assert [report.problem for report in reports] == ["", "", ""]
    assert "canary" not in repr(reports)
    with pytest.raises(RuntimeClosed):
        await runtime.credential_report("openai")


async def test_a_report_of_a_missing_credential_says_who_was_asked_and_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    async with open_runtime(RuntimeSettings(providers=[preset("openai")])) as runtime:
        report = await runtime.credential_report("openai")
    assert report.source is None
    assert [str(source) for source in report.tried] == ["env:OPENAI_API_KEY"]
    assert "Set the environment variable OPENAI_API_KEY" in report.problem


async def test_the_second_of_several_variables_stands_in_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST_KEY", "none")
    monkeypatch.setenv("SECOND_KEY", "sk-second")
    transport = refusing()
    record = a_record(EnvCredential(name="FIRST_KEY", alternatives=("SECOND_KEY", "THIRD_KEY")))
    async with open_runtime(RuntimeSettings(providers=[record]), transport=transport) as runtime:
        await ask(runtime)
        assert str((await runtime.credential_report("openai")).source) == "env:SECOND_KEY"
    assert keys_sent(transport) == ["sk-second"]


async def test_a_missing_credential_names_every_variable_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIRST_KEY", raising=False)
    monkeypatch.delenv("SECOND_KEY", raising=False)
    record = a_record(EnvCredential(name="SECOND_KEY", alternatives=("FIRST_KEY",)))
    async with open_runtime(RuntimeSettings(providers=[record]), transport=FakeTransport()) as runtime:
        with pytest.raises(CredentialMissing) as missing:
            await runtime.run(a_request(model="openai:gpt-5-mini"))
    assert missing.value.env_candidates == ("FIRST_KEY", "SECOND_KEY")


async def test_the_whole_search_can_be_replaced() -> None:
    transport, store = refusing(), MockSecretStore()
    async with open_runtime(RuntimeSettings(providers=[a_record()])) as runtime:
        finder = evolve(runtime.credential_finder, given={OPENAI: Secret("sk-replaced")}, secret_store=store)
    assert isinstance(finder, CredentialFinder)
    async with open_runtime(
        RuntimeSettings(providers=[a_record()]), transport=transport, credential_finder=finder
    ) as runtime:
        await ask(runtime)
    assert keys_sent(transport) == ["sk-replaced"]
