"""A run is recorded, the servers go away, and the same run comes out of the recording alone, byte for byte."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from recorded_job import keys, outcome_of, settings_of

from provider_runtime import (
    BackendError,
    CallOptions,
    ErrorCode,
    FileStores,
    InvalidSettings,
    MemoryArtifactProvider,
    MemoryStores,
    ProviderRequest,
    ReplayMiss,
    RuntimeSettings,
    SqliteArtifactProvider,
    SqliteStores,
    TransportError,
    WarningCode,
    open_runtime,
    user,
)
from provider_runtime.domain.catalog.models import DiscoveryOptions
from provider_runtime.testing.fakes import FakeTokens
from provider_runtime.testing.mocks import MockArtifactProvider
from provider_runtime.testing.sandbox import Fault, Sandbox, Scripted

ROOT = Path(__file__).resolve().parents[2]


def saying(text: str) -> Scripted:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    usage = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
    return Scripted(json={"id": "c", "model": "any", "choices": [choice], "usage": usage})


class Recorded:
    """The job, done once with real servers: what came of it, and where it is recorded."""

    def __init__(self, folder: Path) -> None:
        self.path, self.document = folder / "run.sqlite", folder / "front-page.md"
        self.document.write_text("# Front page\n\nSome words to count.\n", encoding="utf-8")
        self.url, self.sent, self.outcome = "", 0, dict[str, Any]()

    async def do(self) -> None:
        async with Sandbox() as sandbox:
            self.url = sandbox.url
            sandbox.script("/compatible/v1/chat/completions", saying("three"), saying("five"), saying("six"))

            def about_to(what: str) -> None:
                where = "openai" if what == "be busy" else "anthropic"
                sandbox.fail_next(2 if what == "be busy" else 3, Fault.status(529), where=where)

            self.outcome = await outcome_of(self.settings(record=SqliteStores(path=self.path)), self.document, about_to)
            self.sent = len(sandbox.requests)

    def settings(self, **changes: Any) -> RuntimeSettings:
        return settings_of(self.url, **{"credentials": keys(), **changes})

    def replaying(self) -> RuntimeSettings:
        """The settings of the replay: no keys."""
        return self.settings(replay=SqliteStores(path=self.path), credentials={})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    job = Recorded(tmp_path_factory.mktemp("recorded"))
    asyncio.run(job.do())
    return job


def test_the_recorded_job_is_worth_replaying(recorded: Recorded) -> None:
    told, outcome = recorded.outcome["told"], recorded.outcome
    assert recorded.sent == 26  # three for the busy one, three for the one that fails, two for the one passed on
    assert [text for text in ("three", "five", "six") if sum(f'"text":"{text}"' in one for one in told) == 1]
    assert outcome["attempts"].count(["overloaded", "overloaded", "answered"]) == 1
    assert outcome["outcomes"].count("failed overloaded") == outcome["outcomes"].count("refused budget_exceeded") == 1
    assert outcome["attempts"].count(["not_found", "answered"]) == outcome["recalled_from"].count("memo") == 1


def test_a_fresh_process_without_servers_and_keys_gets_the_same_byte_for_byte(recorded: Recorded) -> None:
    script = str(ROOT / "tests" / "recorded_job.py")
    done = subprocess.run(
        [sys.executable, script, recorded.url, str(recorded.path), str(recorded.document)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    replayed = json.loads(done.stdout)
    assert replayed["told"] == recorded.outcome["told"]
    for name in ("digests", "costs", "attempts", "outcomes"):
        assert replayed[name] == recorded.outcome[name], name
    assert set(replayed["recalled_from"]) == {"replay", None}
    assert replayed["recalled_from"].count(None) == 1  # the call that was refused
    assert not replayed["could_send"]


async def test_it_can_be_replayed_any_number_of_times_and_the_recording_stays_as_it_is(recorded: Recorded) -> None:
    before = await signature(recorded.path)
    for _ in range(2):
        assert (await outcome_of(recorded.replaying(), recorded.document))["told"] == recorded.outcome["told"]
    assert await signature(recorded.path) == before


async def signature(path: Path) -> str:
    artifacts = SqliteArtifactProvider(path=path)
    try:
        return await artifacts.signature()
    finally:
        await artifacts.aclose()


# ── what was not recorded ───────────────────────────────────────────────────────────────────


async def test_a_call_that_the_run_did_not_make_is_an_error_and_reads_no_key_and_sends_nothing(
    recorded: Recorded,
) -> None:
    tokens = FakeTokens({"openai": "k"})
    async with open_runtime(recorded.replaying(), tokens=tokens) as runtime:
        with pytest.raises(ReplayMiss) as miss:
            await runtime.run(ProviderRequest(model="openai:gpt-5-mini", messages=[user("Something else.")]))
        (receipt,) = await runtime.receipts.list()
    assert (miss.value.code, miss.value.provider, miss.value.model) == (ErrorCode.REPLAY_MISS, "openai", "gpt-5-mini")
    assert "Something else" not in str(miss.value)
    assert not miss.value.sent
    assert (receipt.record.outcome, receipt.record.error_code) == ("failed", "replay_miss")
    assert (receipt.record.attempts, receipt.record.recalled_from) == ((), None)
    assert tokens.asked == []


async def test_a_miss_holds_nothing_of_a_budget(recorded: Recorded) -> None:
    async with open_runtime(recorded.replaying()) as runtime:
        for number in range(30):  # the budget has room for 20 calls
            with pytest.raises(ReplayMiss):
                await runtime.run(ProviderRequest(model="local:any", messages=[user(f"Never asked: {number}")]))


async def test_asking_once_more_than_the_run_did_is_a_miss_that_says_so(recorded: Recorded) -> None:
    request = ProviderRequest(model="local:any", messages=[user("Throw a die.")], max_output_tokens=500)
    async with open_runtime(recorded.replaying()) as runtime:
        assert [(await runtime.run(request)).text for _ in range(3)] == ["three", "five", "six"]
        with pytest.raises(ReplayMiss) as miss:
            await runtime.run(request)
    assert miss.value.occurrence == 3


async def test_a_replay_asks_nobody_for_lists_of_models_either(recorded: Recorded) -> None:
    async with open_runtime(recorded.settings(replay=SqliteStores(path=recorded.path))) as runtime:
        with pytest.raises(TransportError, match="replays a recording") as failure:
            await runtime.discover_models(DiscoveryOptions(remote=True, refresh_cache=True))
        assert {health.status.value for health in await runtime.check_providers()} == {"unreachable"}
    assert not failure.value.sent


@pytest.mark.parametrize("place", [FileStores(path="gone"), SqliteStores(path="gone.sqlite"), MemoryStores()], ids=str)
async def test_a_replay_without_a_recording_is_refused_when_it_is_opened(
    place: FileStores | SqliteStores | MemoryStores, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidSettings) as refused:
        async with open_runtime(settings_of("http://localhost:8001", replay=place)):
            pass
    assert refused.value.field == "replay"
    assert list(tmp_path.iterdir()) == []


async def test_an_empty_recording_says_that_it_is_empty(tmp_path: Path) -> None:
    async with open_runtime(settings_of("http://localhost:8001", replay=FileStores(path=tmp_path))) as runtime:
        with pytest.raises(ReplayMiss, match="nothing is recorded"):
            await runtime.run(ProviderRequest(model="local:any", messages=[user("?")]))


def test_a_runtime_records_or_replays_and_not_both() -> None:
    with pytest.raises(InvalidSettings, match="nothing to record"):
        settings_of("http://localhost:8001", record=MemoryStores(), replay=MemoryStores())


# ── memory, handed over ─────────────────────────────────────────────────────────────────────


async def test_what_calls_memoized_can_be_replayed_any_number_of_times() -> None:
    artifacts = MemoryArtifactProvider()
    request = ProviderRequest(model="local:any", messages=[user("Throw a die.")])
    async with Sandbox() as sandbox:
        sandbox.script("/compatible/v1/chat/completions", saying("four"))
        async with open_runtime(settings_of(sandbox.url), artifacts=artifacts) as runtime:
            await runtime.run(request, CallOptions(memo=True))
    replaying = settings_of(sandbox.url, replay=MemoryStores())
    async with open_runtime(replaying, artifacts=artifacts) as runtime:
        assert [(await runtime.run(request)).text for _ in range(3)] == ["four"] * 3


async def test_a_recording_that_cannot_be_written_costs_a_warning_and_no_answer() -> None:
    artifacts = MockArtifactProvider()
    artifacts.fail("put", BackendError(message="full"))
    request = ProviderRequest(model="local:any", messages=[user("Throw a die.")])
    async with Sandbox() as sandbox:
        settings = settings_of(sandbox.url, record=MemoryStores())
        async with open_runtime(settings, artifacts=artifacts) as runtime:
            first, second = [await runtime.run(request) for _ in range(2)]
    assert [WarningCode.ANSWER_NOT_KEPT in {w.code for w in one.warnings} for one in (first, second)] == [True, False]


async def test_a_replay_whose_recording_is_damaged_fails_and_does_not_ask(recorded: Recorded) -> None:
    artifacts = MockArtifactProvider()
    artifacts.fail("get", BackendError(message="gone"))
    async with open_runtime(recorded.replaying(), artifacts=artifacts) as runtime:
        with pytest.raises(BackendError, match="gone"):
            await runtime.run(ProviderRequest(model="local:any", messages=[user("Throw a die.")]))
