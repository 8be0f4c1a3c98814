"""Whatever goes wrong, wherever the key comes from: it is in no error, frame of ours, log, event or receipt."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from attrs import evolve
from traceback_search import our_frames, told_by

from provider_runtime import (
    CallOptions,
    DiscoveryOptions,
    EnvCredential,
    InvalidSettings,
    KeyFileCredential,
    NamedKeyCredential,
    ProviderConfig,
    ProviderRuntime,
    RetryPolicy,
    RuntimeSettings,
    Secret,
    SecretFile,
    Tier,
    open_runtime,
    preset,
)
from provider_runtime.adapters.credentials.filesystem import FilesystemSecretStore
from provider_runtime.domain.origins import origin_of
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FakeTokens
from provider_runtime.testing.mocks import MockReceiptProvider
from provider_runtime.testing.sandbox import Fault, Sandbox
from provider_runtime.testing.sandbox.scripting import Scripted

KEY = "Vq7rT2kL9xWm4ZpB8nYc"  # of no vendor's shape, so that no pattern masks it

Ask = Callable[[ProviderRuntime], Awaitable[object]]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as started:
        yield started


def a_record(base_url: str, credential: object = None) -> ProviderConfig:
    return evolve(preset("openai"), base_url=base_url, tier=Tier.LOCAL, credential=credential, bound_to=None)


def run(runtime: ProviderRuntime) -> Awaitable[object]:
    return runtime.run(a_request(model="openai:gpt-5-mini"))


def list_models(runtime: ProviderRuntime) -> Awaitable[object]:
    return runtime.discover_models(DiscoveryOptions(remote=True, refresh_cache=True))


async def failure_of(ask: Ask, settings: RuntimeSettings, **parts: object) -> tuple[BaseException, str]:
    """What the call failed with, and everything that was told of it elsewhere."""
    events, receipts = EventRecorder(), MockReceiptProvider()
    async with open_runtime(settings, event_sink=events, receipts=receipts, **parts) as runtime:
        try:
            await ask(runtime)
        except BaseException as failed:  # noqa: BLE001 - cancellation is one of the cases
            return failed, f"{events.events!r} {receipts.calls!r} {await receipts.list()!r} {runtime!r}"
    raise AssertionError("the call was to fail")


def settings_for(base_url: str, **changes: object) -> RuntimeSettings:
    usual = {"providers": [a_record(base_url)], "credentials": {"openai": Secret(KEY)}}
    return RuntimeSettings(**{**usual, "retry": RetryPolicy(max_attempts=1), **changes})


def echo(status: int) -> Scripted:
    """A server that repeats the key it was shown, wherever it can."""
    error = {"message": f"wrong key: {KEY}, as in {KEY[:14]}…", "type": KEY, "code": KEY.lower()}
    return Scripted(status=status, json={"error": error}, headers={"x-request-id": KEY, "www-authenticate": KEY})


MISHAPS: dict[str, Fault | Scripted] = {
    "refused with 401": Fault.status(401),
    "refused with 401, quoting the key": echo(401),
    "refused with 400, quoting the key": echo(400),
    "overloaded": Fault.status(503),
    "connection lost": Fault.drop_connection(),
    "cut body": Fault.truncated_body(),
    "no JSON": Fault.malformed_json(),
    "HTML": Fault.html(200),
    "an answer that makes no sense": Scripted(json=[7]),
    "a redirect": Scripted(status=307, headers={"location": "http://localhost:1/"}),
}


@pytest.mark.parametrize("ask", [run, list_models])
@pytest.mark.parametrize("mishap", MISHAPS.values(), ids=MISHAPS.keys())
async def test_no_failure_of_a_provider_tells_the_key(
    sandbox: Sandbox, ask: Ask, mishap: Fault | Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    if isinstance(mishap, Scripted):
        for path in ("/v1/responses", "/v1/models"):
            sandbox.script(path, mishap)
    else:
        sandbox.fail_next(1, mishap)
    failed, told = await failure_of(ask, settings_for(sandbox.url))
    assert our_frames(failed)
    assert KEY not in told_by(failed)
    assert KEY[:14] not in told_by(failed)
    assert KEY.lower() not in str(failed).lower()
    assert KEY not in told
    assert KEY not in "".join(f"{record.getMessage()} {record.args!r}" for record in caplog.records)


def a_closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.mark.parametrize("ask", [run, list_models])
async def test_nor_does_a_server_that_is_not_there(ask: Ask) -> None:
    failed, told = await failure_of(ask, settings_for(f"http://127.0.0.1:{a_closed_port()}"))
    assert "connect_failed" in str(failed)
    assert KEY not in told_by(failed) + told


async def test_nor_does_a_call_that_took_too_long(sandbox: Sandbox) -> None:
    sandbox.fail_next(1, Fault.slow(5))
    failed, told = await failure_of(run, settings_for(sandbox.url, deadline_s=0.1))
    assert "timed_out" in str(failed)
    assert KEY not in told_by(failed) + told


@pytest.mark.parametrize("ask", [run, list_models])
async def test_nor_does_a_call_that_was_cancelled(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fail_next(1, Fault.slow(5))

    async def cancelled(runtime: ProviderRuntime) -> object:
        call = asyncio.ensure_future(ask(runtime))
        while not sandbox.requests:  # noqa: ASYNC110 - the sandbox has no event to wait for
            await asyncio.sleep(0.01)
        call.cancel()
        return await call

    failed, told = await failure_of(cancelled, settings_for(sandbox.url))
    assert isinstance(failed, asyncio.CancelledError)
    assert our_frames(failed)
    assert KEY not in told_by(failed) + told


async def test_nor_does_the_key_of_the_call_itself(sandbox: Sandbox) -> None:
    sandbox.script("/v1/responses", echo(401))

    def with_own_key(runtime: ProviderRuntime) -> Awaitable[object]:
        options = CallOptions(credential=Secret(KEY))
        return runtime.run(a_request(model="openai:gpt-5-mini"), options)

    failed, told = await failure_of(with_own_key, settings_for(sandbox.url, credentials={}))
    assert KEY not in told_by(failed) + told


@pytest.mark.parametrize("source", ["file", "store", "environment", "token provider"])
async def test_nor_does_a_key_from_anywhere_else(
    sandbox: Sandbox, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.script("/v1/responses", echo(401))
    monkeypatch.setenv("A_KEY", KEY)
    (tmp_path / "key").write_text(KEY)
    origin = origin_of(sandbox.url)
    assert origin is not None
    await FilesystemSecretStore(path=tmp_path / "kept" / "secrets").put("work", Secret(KEY), bound_to=origin)
    references = {
        "file": KeyFileCredential(path=str(tmp_path / "key")),
        "store": NamedKeyCredential(name="work"),
        "environment": EnvCredential(name="A_KEY"),
    }
    settings = settings_for(
        sandbox.url,
        providers=[a_record(sandbox.url, references.get(source))],
        credentials={},
        secrets=SecretFile(path=tmp_path / "kept" / "secrets"),
    )
    parts = {"tokens": FakeTokens({"openai": Secret(KEY)})} if source == "token provider" else {}
    failed, told = await failure_of(run, settings, **parts)
    assert "credentials_rejected" in str(failed)
    assert len(sandbox.requests) == 1
    assert KEY not in told_by(failed) + told


def test_the_search_finds_a_key_wherever_one_is_planted() -> None:
    caused, noted = ValueError("outer"), ValueError("noted")
    caused.__cause__ = KeyError(KEY)
    noted.add_note(f"with {KEY}")
    with pytest.raises(ValueError, match="Unterminated") as decoded:
        json.loads(f'"{KEY}')
    with pytest.raises(InvalidSettings) as in_a_frame:  # the name of a part is a local of ours, and no place for a key
        asyncio.run(failure_of(run, settings_for("http://localhost"), **{KEY: None}))
    for found in (caused, noted, decoded.value, in_a_frame.value):
        assert KEY in told_by(found)
