"""One secret in every place where a secret may be, and a search in every place where none may come to light."""

import asyncio
import os
import secrets
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve
from canary.bird import Canary
from canary.echoes import EchoServer
from canary.giving import VARIABLE, Way, given, variable

from provider_runtime import DiscoveryOptions, ProviderKind, RuntimeRegistry, open_runtime, user
from provider_runtime.testing.builders import a_request

WIRES: Final = (
    *(ProviderKind.OPENAI_COMPATIBLE, ProviderKind.OPENAI, ProviderKind.ANTHROPIC),
    *(ProviderKind.GEMINI, ProviderKind.OLLAMA),
)
REPEATING: Final = ("ok", "rejected", "refused", "throttled", "page", "half", "redirect")
NAMING: Final = ("named", "answer_named")
DIFFERING: Final = ("rejected", "half", *NAMING)  # what each wire reads in a way of its own
_TLS: Final = Path(__file__).parents[1] / "fixtures" / "tls"


@pytest.fixture
async def echoes() -> AsyncIterator[EchoServer]:
    async with EchoServer() as server:
        yield server


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("scenario", ["ok", "rejected"])
async def test_however_a_key_is_given_it_comes_to_light_nowhere(
    way: Way, scenario: str, canary: Canary, echoes: EchoServer, capfd: pytest.CaptureFixture[str]
) -> None:
    with canary.sinks.listening():
        await canary.call(echoes.url(scenario), way)
    assert {asked.key for asked in echoes.asked} == {canary.key}
    assert canary.look_everywhere(capfd) == []


@pytest.mark.parametrize(
    ("kind", "scenario"),
    [
        (kind, scenario)
        for kind in WIRES
        for scenario in (*REPEATING, *NAMING)
        if kind is WIRES[0] or scenario in DIFFERING
    ],
)
async def test_whatever_a_provider_repeats_nothing_secret_comes_to_light(
    scenario: str, kind: ProviderKind, canary: Canary, echoes: EchoServer, capfd: pytest.CaptureFixture[str]
) -> None:
    with canary.sinks.listening():
        await canary.call(echoes.url(scenario), kind=kind)
    assert {(asked.key, asked.scenario) for asked in echoes.asked} == {(canary.key, scenario)}
    assert canary.look_everywhere(capfd) == []


@pytest.mark.parametrize(
    "scenario",
    [
        *("page", "named"),
        *("rejected", "refused", "answer_named"),
    ],
)
async def test_a_key_of_no_known_shape_is_kept_as_well_as_any(
    scenario: str, canary: Canary, echoes: EchoServer, capfd: pytest.CaptureFixture[str]
) -> None:
    canary.key, canary.header = (f"{secrets.token_hex(8)}.{secrets.token_hex(8)}" for _ in range(2))
    with canary.sinks.listening():
        await canary.call(echoes.url(scenario))
    assert canary.look_everywhere(capfd) == []


@pytest.mark.parametrize("scenario", ["rejected", "silent", "half"])
async def test_the_locals_of_our_frames_show_nothing_of_what_was_said(
    scenario: str, canary: Canary, echoes: EchoServer
) -> None:
    await canary.call(echoes.url(scenario), kind=ProviderKind.OLLAMA, deadline_s=0.5)
    assert canary.codes
    assert canary.sinks.found_in_locals(canary.said) == []


async def test_a_call_that_comes_nowhere_tells_nothing(canary: Canary, capfd: pytest.CaptureFixture[str]) -> None:
    async with EchoServer() as gone:
        nowhere = gone.url("ok")
    with canary.sinks.listening():
        await canary.call(nowhere)
    assert canary.codes == ["connect_failed"]
    assert canary.look_everywhere(capfd) == []


async def test_a_certificate_that_nobody_vouches_for_tells_nothing(
    canary: Canary, capfd: pytest.CaptureFixture[str]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_TLS / "localhost.crt", _TLS / "localhost.key")
    async with EchoServer(tls=context) as stranger:
        with canary.sinks.listening():
            await canary.call(stranger.url("ok"))
        assert stranger.asked == []
    assert canary.codes == ["tls_failed"]
    assert canary.look_everywhere(capfd) == []


async def test_a_call_whose_time_is_over_tells_nothing(
    canary: Canary, echoes: EchoServer, capfd: pytest.CaptureFixture[str]
) -> None:
    with canary.sinks.listening():
        await canary.call(echoes.url("silent"), deadline_s=0.2)
    assert canary.codes == ["timed_out"]
    assert canary.look_everywhere(capfd) == []


async def test_a_cancelled_call_tells_nothing(
    canary: Canary, echoes: EchoServer, capfd: pytest.CaptureFixture[str]
) -> None:
    with canary.sinks.listening():
        calling = asyncio.create_task(canary.call(echoes.url("silent")))
        while not echoes.asked:  # noqa: ASYNC110 - the server has no event for an arrival
            await asyncio.sleep(0.001)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await calling
        canary.sinks.raised(cancelled.value)
    assert canary.look_everywhere(capfd) == []


async def test_a_call_that_nobody_waits_for_tells_nothing(
    canary: Canary, echoes: EchoServer, capfd: pytest.CaptureFixture[str]
) -> None:
    told = await given(
        Way.SETTINGS, canary.key, canary.header, echoes.url("rejected"), ProviderKind.ANTHROPIC, canary.folder
    )
    with canary.sinks.listening():
        async with open_runtime(told.settings, event_sink=canary.sink) as runtime:
            forgotten = asyncio.create_task(
                runtime.run(a_request(user(canary.prompt), model="vendor:m"), told.options), name="forgotten"
            )
            await asyncio.wait([forgotten])
            del forgotten  # asyncio reports what became of it, with all that it can say
        found = canary.look_everywhere(capfd)
    assert any("never retrieved" in str(text) for _, text in canary.sinks.texts["log"])
    assert found == []


@pytest.mark.parametrize("scenario", ["ok", "rejected", "page", "half"])
async def test_asking_for_models_tells_nothing(
    scenario: str, canary: Canary, echoes: EchoServer, capfd: pytest.CaptureFixture[str]
) -> None:
    told = await given(
        Way.KEY_FILE, canary.key, canary.header, echoes.url(scenario), ProviderKind.OPENAI_COMPATIBLE, canary.folder
    )
    with canary.sinks.listening():
        async with open_runtime(told.settings, event_sink=canary.sink) as runtime:
            try:
                catalog = await runtime.discover_models(DiscoveryOptions(remote=True, refresh_cache=True))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked at
                canary.sinks.raised(error)
            else:
                canary.sinks.shown(catalog, "catalog")
            canary.sinks.add("shown", "catalog", runtime.export_catalog_json())
    assert echoes.asked[0].key == canary.key
    assert canary.look_everywhere(capfd) == []


@pytest.mark.parametrize("way", Way)
async def test_explaining_a_call_reads_no_key_and_tells_nothing(
    way: Way, canary: Canary, echoes: EchoServer, capfd: pytest.CaptureFixture[str]
) -> None:
    with variable(canary.key), canary.sinks.listening():
        told = await given(way, canary.key, canary.header, echoes.url("ok"), ProviderKind.ANTHROPIC, canary.folder)
        async with open_runtime(told.settings, event_sink=canary.sink, **told.parts) as runtime:
            plan = await runtime.explain(a_request(user(canary.prompt), model="vendor:m"), told.options)
            canary.sinks.shown(plan, "plan")
            canary.sinks.shown(told.settings, "settings")
    assert echoes.asked == []
    assert canary.look_everywhere(capfd) == []


async def test_a_registered_runtime_that_is_told_anew_reset_and_disposed_of_tells_nothing(
    canary: Canary, echoes: EchoServer, capfd: pytest.CaptureFixture[str]
) -> None:
    told = await given(Way.SETTINGS, canary.key, canary.header, echoes.url("ok"), ProviderKind.GEMINI, canary.folder)
    elsewhere = evolve(told.settings, providers=(evolve(told.settings.providers[0], base_url=echoes.url("silent")),))
    with canary.sinks.listening():
        async with RuntimeRegistry() as registry:
            handle = await registry.register("acme", told.settings, event_sink=canary.sink)
            await canary.ask(handle, told.options)
            await registry.reconfigure("acme", elsewhere)
            under_way = asyncio.create_task(canary.ask(handle, told.options))
            while len(echoes.asked) < 2:  # noqa: ASYNC110 - the server has no event for an arrival
                await asyncio.sleep(0.001)
            canary.sinks.shown(handle, "handle")
            canary.sinks.shown(registry, "registry")
            await registry.reset("acme")
            await canary.ask(handle, told.options)
            await registry.dispose("acme")
            await canary.ask(handle, told.options)
            await under_way  # a call of the graph before the reset ends with its runtime
            canary.sinks.shown(handle, "handle")
    assert canary.codes == ["missing_runtime", "runtime_closed", "runtime_closed"]
    assert canary.look_everywhere(capfd) == []


async def test_no_child_process_inherits_a_key(
    canary: Canary, echoes: EchoServer, capfd: pytest.CaptureFixture[str]
) -> None:
    for way in Way:
        await canary.call(echoes.url("ok"), way)
    canary.sinks.inherited()
    assert canary.look_everywhere(capfd) == []


@pytest.mark.parametrize(("scenario", "code"), [("ok", 0), ("rejected", 6)])
async def test_the_command_line_prints_the_answer_and_no_key(
    scenario: str, code: int, canary: Canary, echoes: EchoServer, capfd: pytest.CaptureFixture[str]
) -> None:
    words = [canary.prompt, "-m", "m", "--base-url", f"{echoes.url(scenario)}/compatible/v1", "--api-key-env", VARIABLE]
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "dev", "-m", "provider_runtime", "run", *words),
        *("--receipts", str(canary.folder / "kept" / "receipts.jsonl"), "--data", str(canary.folder / "data")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, VARIABLE: canary.key, "PYTHONASYNCIODEBUG": "1"},
    )
    out, err = (said.decode() for said in await program.communicate())
    assert program.returncode == code, err
    assert echoes.asked[0].key == canary.key
    assert (canary.prompt.removeprefix("Say again: ") in out) is (scenario == "ok")
    canary.sinks.printed("" if scenario == "ok" else out, err)
    assert canary.key not in out
    assert canary.look_everywhere(capfd) == []
