"""Registered runtimes and what they keep: each its own, unless they were given the same place on purpose."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import evolve

from provider_runtime import (
    CallOptions,
    MissingProviderRuntimeError,
    RuntimeRegistry,
    RuntimeSettings,
    Secret,
    SqliteStores,
    StoreSettings,
)
from provider_runtime.domain.records.sessions import SessionData
from provider_runtime.ports.http import HttpReply
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import CountingIds, FakeTransport
from provider_runtime.testing.settings import cloud_settings

ANSWER = b'{"choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"model":"m"}'
QUESTION = a_request(model="openrouter:some/m")
MEMO = CallOptions(memo=True)


def answering() -> FakeTransport:
    headers = {"content-type": "application/json"}
    return FakeTransport(lambda _request: HttpReply(status=200, headers=headers, body=ANSWER))


@pytest.fixture
async def registry() -> AsyncIterator[RuntimeRegistry]:
    async with RuntimeRegistry(ids=CountingIds()) as opened:
        yield opened


def rotated(settings: RuntimeSettings) -> RuntimeSettings:
    return evolve(settings, credentials={"openrouter": Secret("another-key")})


async def test_runtimes_of_one_process_do_not_answer_each_other_from_memory(registry: RuntimeRegistry) -> None:
    transports = {name: answering() for name in ("acme", "globex")}
    settings = cloud_settings(stores=StoreSettings())
    for name, transport in transports.items():
        runtime = await registry.register(name, settings, transport=transport)
        assert [(await runtime.run(QUESTION, MEMO)).from_memo for _ in range(2)] == [False, True]
    assert [len(transport.exchanges) for transport in transports.values()] == [1, 1]


async def test_runtimes_that_were_given_one_file_on_purpose_share_it(registry: RuntimeRegistry, tmp_path: Path) -> None:
    settings = cloud_settings(stores=StoreSettings(place=SqliteStores(path=tmp_path / "w.sqlite")))
    here, there = answering(), answering()
    await (await registry.register("acme", settings, transport=here)).run(QUESTION, MEMO)
    assert (await (await registry.register("globex", settings, transport=there)).run(QUESTION, MEMO)).from_memo
    assert there.exchanges == []


async def test_a_change_of_settings_ends_what_is_in_memory_and_nothing_that_is_on_disk(
    registry: RuntimeRegistry, tmp_path: Path
) -> None:
    places = StoreSettings(sessions=SqliteStores(path=tmp_path / "s.sqlite"))
    settings = cloud_settings(stores=places)
    runtime = await registry.register("acme", settings, transport=answering())
    await runtime.run(QUESTION, MEMO)
    await runtime.stores.sessions.save("draft", SessionData())
    await registry.reconfigure("acme", rotated(settings))
    assert await runtime.stores.sessions.exists("draft")
    assert not (await runtime.run(QUESTION, MEMO)).from_memo


async def test_a_runtime_without_stores_says_so_through_its_handle(registry: RuntimeRegistry) -> None:
    runtime = await registry.register("acme", cloud_settings(), transport=answering())
    with pytest.raises(MissingProviderRuntimeError):
        _ = runtime.stores
