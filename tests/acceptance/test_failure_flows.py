"""Five ways in which a call came to use what was not its own, and the cases around them: none comes back."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import define, evolve, field
from tenancy.tenants import Box

from provider_runtime import (
    CallOptions,
    CallRefused,
    CredentialMissing,
    EnvCredential,
    InvalidSettings,
    MissingProviderRuntimeError,
    ModelParameters,
    ProviderConfig,
    ProviderId,
    ProviderKind,
    ProviderResponse,
    RetryPolicy,
    RuntimeHandle,
    RuntimeRegistry,
    RuntimeSettings,
    Secret,
    Tier,
    open_runtime,
    system,
    user,
)
from provider_runtime.ports.http import HttpReply, HttpRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import CountingIds, EventRecorder, FakeTokens, FakeTransport

ANSWER: Final = b'{"choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"model":"m"}'
QUESTION: Final = a_request(model="vendor:m")


def answering() -> FakeTransport:
    return FakeTransport(lambda _request: HttpReply(status=200, body=ANSWER))


def record(port: int = 8000, kind: ProviderKind = ProviderKind.OPENAI_CHAT, **others: Any) -> ProviderConfig:
    return ProviderConfig(
        **{"provider_id": "vendor", "kind": kind, "base_url": f"http://localhost:{port}", "tier": Tier.LOCAL, **others}
    )


def told(key: str | None = "key-one", port: int = 8000, **others: Any) -> RuntimeSettings:
    keys = {"vendor": Secret(key)} if key else {}
    return RuntimeSettings(**{"providers": (record(port),), "credentials": keys, **others})


def sent(transport: FakeTransport) -> list[tuple[str, str | None]]:
    """Where each request went, and with which key."""
    return [(one.url.split("/")[2], one.auth.secret.reveal() if one.auth else None) for one in transport.exchanges]


@pytest.fixture
async def registry() -> AsyncIterator[RuntimeRegistry]:
    async with RuntimeRegistry(ids=CountingIds()) as opened:
        yield opened


@pytest.fixture
def tempting_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys where libraries look for them when nobody gave them any."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY"):
        monkeypatch.setenv(name, f"sk-of-somebody-else-{name.lower()}")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:6666/v1")


# ── flow 1: built without a runtime, a call quietly used the credentials of the process ──────────


@pytest.mark.usefixtures("tempting_environment")
async def test_flow_1_without_settings_nothing_is_built_and_nothing_is_borrowed(registry: RuntimeRegistry) -> None:
    with pytest.raises(MissingProviderRuntimeError) as alone:
        async with open_runtime(None):  # type: ignore[arg-type]  # what is shown
            pass
    with pytest.raises(MissingProviderRuntimeError) as registered:
        await registry.register("acme", None)
    for missing in (alone.value, registered.value):
        assert missing.missing_fields == ("settings",)
        assert missing.requirement == "REQ-SP4-001"
        assert missing.stage
        assert missing.remediation
    assert registry.names == ()


@pytest.mark.usefixtures("tempting_environment")
async def test_flow_1_a_runtime_without_a_key_fails_though_the_environment_has_one() -> None:
    transport = answering()
    async with open_runtime(told(key=None), transport=transport) as runtime:
        with pytest.raises(CredentialMissing) as missing:
            await runtime.run(QUESTION)
    assert missing.value.requirement == "REQ-SP4-003"
    assert transport.exchanges == []


@pytest.mark.usefixtures("tempting_environment")
async def test_flow_1_outside_every_scope_no_registered_runtime_speaks(registry: RuntimeRegistry) -> None:
    transport = answering()
    await registry.register("acme", told(), transport=transport)
    with pytest.raises(MissingProviderRuntimeError):
        await registry.current().run(QUESTION)
    assert transport.exchanges == []


# ── flow 2: a wrapper kept the configuration it was made with ────────────────────────────────────


@define
class Wrapper:
    """What an embedder builds once, over a handle, and never again."""

    handle: RuntimeHandle
    answers: list[ProviderResponse] = field(factory=list)

    async def ask(self) -> None:
        self.answers.append(await self.handle.run(QUESTION))


async def test_flow_2_a_wrapper_made_before_a_switch_uses_the_new_address_and_key(registry: RuntimeRegistry) -> None:
    transport = answering()
    wrapper = Wrapper(await registry.register("acme", told("key-one", 8000), transport=transport))
    await wrapper.ask()
    await registry.reconfigure("acme", told("key-two", 9000))
    await wrapper.ask()
    assert sent(transport) == [("localhost:8000", "key-one"), ("localhost:9000", "key-two")]


# ── flow 3: a client was kept together with the token it had been opened with ────────────────────


async def test_flow_3_a_runtime_without_tokens_sends_none_of_the_one_before_it(registry: RuntimeRegistry) -> None:
    transport, keyless = answering(), told(None, providers=(record(kind=ProviderKind.OPENAI_COMPATIBLE),))
    with_tokens = await registry.register("acme", keyless, transport=transport, tokens=FakeTokens({"vendor": "tok"}))
    await with_tokens.run(QUESTION)
    await registry.dispose("acme")
    without = await registry.register("acme", keyless, transport=transport)
    await without.run(QUESTION)
    assert sent(transport) == [("localhost:8000", "tok"), ("localhost:8000", None)]


async def test_flow_3_a_token_that_was_withdrawn_is_not_sent_again() -> None:
    transport, box = answering(), Box("tok")
    async with open_runtime(told(None), transport=transport, tokens=box) as runtime:
        await runtime.run(QUESTION)
        box.value = None
        with pytest.raises(CredentialMissing):
            await runtime.run(QUESTION)
    assert sent(transport) == [("localhost:8000", "tok")]


async def test_flow_3_a_token_is_asked_for_once_in_each_attempt_and_that_one_is_sent() -> None:
    replies = iter((HttpReply(status=503), HttpReply(status=200, body=ANSWER), HttpReply(status=200, body=ANSWER)))
    asked: list[str] = []

    class Minting:
        async def get_token(self, provider_id: ProviderId) -> Secret:
            asked.append(f"tok-{len(asked) + 1}")
            return Secret(asked[-1])

    transport = FakeTransport(lambda _request: next(replies))
    patient = told(None, retry=RetryPolicy(initial_backoff_ms=0, max_backoff_ms=0))
    async with open_runtime(patient, transport=transport, tokens=Minting()) as runtime:
        await runtime.run(QUESTION)
        await runtime.run(QUESTION)
    assert [key for _, key in sent(transport)] == asked == ["tok-1", "tok-2", "tok-3"]


# ── flow 4: after a reset the old wrapper went on, and telemetry showed the old runtime ──────────


async def test_flow_4_after_a_reset_events_and_receipts_carry_the_new_id_alone(registry: RuntimeRegistry) -> None:
    events = EventRecorder()
    wrapper = Wrapper(await registry.register("acme", told(), transport=answering(), event_sink=events))
    await wrapper.ask()
    await registry.reset("acme")
    with pytest.raises(MissingProviderRuntimeError):
        await wrapper.ask()
    events.events.clear()
    async with registry.activate("acme"):
        await wrapper.ask()
    assert {str(event.runtime_id) for event in events.events} == {"acme:rt_2"}
    assert [str(one.runtime_id) for one in wrapper.answers] == ["acme:rt_1", "acme:rt_2"]
    assert {str(one.record.runtime_id) for one in await wrapper.handle.receipts.list()} == {"acme:rt_2"}


# ── flow 5: a missing runtime crashed commands, and nobody knew why ──────────────────────────────


async def test_flow_5_a_check_before_the_command_says_what_is_missing_and_what_to_do(registry: RuntimeRegistry) -> None:
    with pytest.raises(MissingProviderRuntimeError) as missing:
        registry.ensure_ready()
    said = str(missing.value)
    for needed in ("no runtime is active", "MissingProviderRuntimeError", "REQ-SP4-004", "registry.activate"):
        assert needed in said
    assert len(missing.value.remediation) >= 2
    async with registry.activate("acme", told(), transport=answering()) as acme:
        assert registry.ensure_ready() is acme


def test_flow_5_a_command_that_lacks_a_key_ends_with_an_explanation_and_no_traceback(tmp_path: Path) -> None:
    words = ["run", "Hi.", "-m", "openai:gpt-5-mini", "--data", str(tmp_path)]
    done = subprocess.run([sys.executable, "-m", "provider_runtime", *words], capture_output=True, text=True, env={})
    assert done.returncode == 3
    assert "OPENAI_API_KEY" in done.stderr
    assert re.search(r"^→ ", done.stderr, re.MULTILINE), "the way out"
    assert "Traceback" not in done.stderr


# ── the cases around them ────────────────────────────────────────────────────────────────────────


async def test_the_settings_and_the_key_in_force_are_the_very_objects_that_were_handed_over(
    registry: RuntimeRegistry,
) -> None:
    transport, settings = answering(), told()
    acme = await registry.register("acme", settings, transport=transport)
    await acme.run(QUESTION)
    assert acme.settings is settings
    auth = transport.exchanges[0].auth
    assert auth is not None
    assert auth.secret is settings.credentials["vendor"]  # type: ignore[index]  # ids are texts


async def test_a_key_of_one_call_is_gone_in_the_next() -> None:
    transport = answering()
    keyless = told(None, providers=(record(kind=ProviderKind.OPENAI_COMPATIBLE),))
    async with open_runtime(keyless, transport=transport) as runtime:
        await runtime.run(QUESTION, CallOptions(credential=Secret("own")))
        await runtime.run(QUESTION)
    assert [key for _, key in sent(transport)] == ["own", None]


async def test_an_address_told_for_one_provider_is_not_that_of_another() -> None:
    transport = answering()
    both = (record(8000), record(9000, provider_id="other"))
    keys = {"vendor": Secret("key-one"), "other": Secret("key-two")}
    async with open_runtime(told(providers=both, credentials=keys), transport=transport) as runtime:
        await asyncio.gather(runtime.run(QUESTION), runtime.run(a_request(model="other:m")))
    assert sorted(sent(transport)) == [("localhost:8000", "key-one"), ("localhost:9000", "key-two")]


async def test_a_system_message_and_parameters_of_a_call_reach_the_bytes_and_win() -> None:
    transport = answering()
    async with open_runtime(told(parameters=ModelParameters(temperature=0.25)), transport=transport) as runtime:
        await runtime.run(
            a_request(system("Be brief."), user("Hello."), model="vendor:m"),
            CallOptions(parameters=ModelParameters(temperature=0.5), headers={"x-team": "red"}),
        )
    (exchange,) = transport.exchanges
    assert b"Be brief." in (exchange.body or b"")
    assert b'"temperature":0.5' in (exchange.body or b"")
    assert exchange.headers["x-team"] == "red"


async def test_runtimes_changed_at_the_same_moment_each_keep_what_they_were_told(registry: RuntimeRegistry) -> None:
    both, transports = asyncio.Barrier(2), {"acme": answering(), "bolt": answering()}

    async def live(name: str, number: int) -> None:
        transport = transports[name]
        handle = await registry.register(name, told(f"{name}-0", 8000 + number), transport=transport)
        for step in range(1, 20):
            await both.wait()
            parameters = ModelParameters(seed=100 * number + step)
            await registry.reconfigure(name, told(f"{name}-{step}", 8000 + 100 * step + number, parameters=parameters))
            await both.wait()
            await handle.run(a_request(model=f"vendor:{name}-{step}"), CallOptions(headers={"x-team": name}))

    await asyncio.gather(live("acme", 1), live("bolt", 2))
    for number, name in enumerate(("acme", "bolt"), 1):
        seen: list[HttpRequest] = transports[name].exchanges
        steps = range(1, 20)
        assert sent(transports[name]) == [(f"localhost:{8000 + 100 * s + number}", f"{name}-{s}") for s in steps]
        for step, one in zip(steps, seen, strict=True):
            assert f'"seed":{100 * number + step}'.encode() in (one.body or b"")
            assert f'"model":"{name}-{step}"'.encode() in (one.body or b"")
            assert one.headers["x-team"] == name


async def test_a_key_that_was_taken_away_is_missing_from_the_next_call_on(registry: RuntimeRegistry) -> None:
    transport = answering()
    acme = await registry.register("acme", told(), transport=transport)
    await acme.run(QUESTION)
    await registry.reconfigure("acme", told(key=None))
    with pytest.raises(CredentialMissing):
        await acme.run(QUESTION)
    assert dict(acme.settings.credentials) == {}
    assert len(transport.exchanges) == 1


@pytest.mark.parametrize("blank", ["", "   ", "none", "NONE"])
async def test_a_variable_that_says_nothing_is_no_key(blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", blank)
    transport = answering()
    named = told(None, providers=(record(credential=EnvCredential(name="ACME_KEY")),))
    async with open_runtime(named, transport=transport) as runtime:
        with pytest.raises(CredentialMissing, match="ACME_KEY"):
            await runtime.run(QUESTION)
    assert transport.exchanges == []


async def test_an_address_that_is_none_is_refused_and_no_other_is_taken(registry: RuntimeRegistry) -> None:
    transport = answering()
    acme = await registry.register("acme", told(), transport=transport)
    await registry.reconfigure("acme", told(providers=(evolve(record(), base_url="NONE"),)))
    with pytest.raises(CallRefused) as refused:
        await acme.run(QUESTION)
    assert refused.value.gate == "endpoint"
    assert transport.exchanges == []


@pytest.mark.parametrize("part", ["transport", "tokens", "event_sink", "receipts", "clock"])
async def test_a_part_without_the_methods_of_its_port_fails_at_once(part: str, registry: RuntimeRegistry) -> None:
    with pytest.raises(InvalidSettings) as refused:
        await registry.register("acme", told(), **{part: object()})
    assert refused.value.field == part
    assert registry.names == ()


async def test_runtimes_that_call_the_same_server_share_no_connection() -> None:
    peers: dict[str, set[int]] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
                await reader.readexactly(int(length[1]) if length else 0)
                key = re.search(r"Bearer (\S+)", head)
                peers.setdefault(key[1] if key else "", set()).add(writer.get_extra_info("peername")[1])
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(ANSWER)
                    + ANSWER
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with open_runtime(told("key-one", port)) as one, open_runtime(told("key-two", port)) as other:
            for _ in range(3):
                await one.run(QUESTION)
                await other.run(QUESTION)
    finally:
        server.close()
    assert set(peers) == {"key-one", "key-two"}
    assert peers["key-one"].isdisjoint(peers["key-two"])
    assert all(len(connections) == 1 for connections in peers.values()), "within a runtime they are used again"
