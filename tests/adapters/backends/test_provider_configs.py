"""Provider records: concurrent editors, what a document may hold, what never gets out."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from provider_runtime import EnvCredential, ProviderConfig, RecordConflict, RecordCorrupt
from provider_runtime.adapters.backends.memory import MemoryDocuments
from provider_runtime.adapters.backends.provider_configs import (
    DocumentProviderConfigs,
    FilesystemProviderConfigStore,
    MemoryProviderConfigStore,
    SqliteProviderConfigStore,
)
from provider_runtime.adapters.serialization import make_converter, read_json, structure, to_json
from provider_runtime.domain.catalog.records import ProviderExport, ProviderRecord, taken_over
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.credentials import fault_of_binding
from provider_runtime.ports.registry.providers import ProviderConfigStore
from provider_runtime.testing.contracts.stores.provider_configs import a_config
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.strategies.providers import provider_configs

ACME = ProviderId("acme")
CONVERTER = make_converter()


async def edit(store: ProviderConfigStore, change: Callable[[ProviderConfig], ProviderConfig]) -> None:
    """Look and change, again and again until nobody came between."""
    while True:
        seen = await store.get(ACME)
        assert seen is not None
        await asyncio.sleep(0)
        try:
            await store.update(seen, change(seen.config))
        except RecordConflict:
            continue
        return


@settings(max_examples=30, deadline=None)
@given(names=st.lists(st.text("abcdef", min_size=1, max_size=4), unique=True, max_size=6))
def test_editors_who_look_again_after_a_conflict_lose_nobodys_change(names: list[str]) -> None:
    async def work() -> ProviderRecord | None:
        store = MemoryProviderConfigStore(clock=FrozenClock())
        await store.add(a_config())
        await asyncio.gather(
            *(edit(store, lambda c, n=name: evolve(c, headers={**c.headers, f"x-{n}": "1"})) for name in names)
        )
        return await store.get(ACME)

    kept = asyncio.run(work())
    assert kept is not None
    assert set(kept.config.headers) == {f"x-{name}" for name in names}


@pytest.mark.parametrize("kind", [FilesystemProviderConfigStore, SqliteProviderConfigStore])
async def test_two_stores_over_one_place_see_each_others_changes(
    kind: type[DocumentProviderConfigs], tmp_path: Path
) -> None:
    where: dict[str, Any] = {"root" if kind is FilesystemProviderConfigStore else "path": tmp_path / "providers"}
    one, two = kind(**where), kind(**where)
    await one.add(a_config())
    editing = (
        edit((one, two)[number % 2], lambda c, n=number: evolve(c, headers={**c.headers, f"x-{n}": "1"}))
        for number in range(6)
    )
    await asyncio.gather(*editing)
    kept = await two.get(ACME)
    assert kept is not None
    assert len(kept.config.headers) == 6
    await one.aclose()
    await two.aclose()


@given(configs=st.lists(provider_configs(), max_size=4, unique_by=lambda config: config.provider_id))
def test_an_export_reads_back_as_it_was_whatever_the_order(configs: list[ProviderConfig]) -> None:
    document = to_json(CONVERTER, ProviderExport(providers=configs))
    assert document == to_json(CONVERTER, ProviderExport(providers=configs[::-1]))
    read = structure(CONVERTER, ProviderExport, read_json(document))
    assert sorted(configs, key=lambda config: config.provider_id) == list(read.providers)


@given(config=provider_configs())
def test_a_config_is_kept_and_found_whole(config: ProviderConfig) -> None:
    async def work() -> tuple[ProviderRecord, ...]:
        store = MemoryProviderConfigStore(clock=FrozenClock())
        await store.add(config)
        return await store.list()

    assert [record.config for record in asyncio.run(work())] == [config]


def _stored(**changes: object) -> bytes:
    record = {"config": msgspec.json.decode(to_json(CONVERTER, a_config())), "created_at": "2026-01-01T00:00:00Z"}
    whole = {**record, "updated_at": "2026-01-01T00:00:00Z", **changes}
    return msgspec.json.encode({name: value for name, value in whole.items() if value is not None})


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (_stored(api_key="tell-nobody-1"), "api_key"),
        (_stored(updated_at=None), "updated_at"),
        (_stored(updated_at="2025-01-01T00:00:00Z"), "acme"),
        (_stored(config={"provider_id": "other", "kind": "openai", "base_url": "https://a.example"}), "acme"),
        (b"not json tell-nobody-1", "acme"),
        (b"[]", "acme"),
    ],
    ids=["unknown field", "missing field", "impossible times", "another provider", "no JSON", "another shape"],
)
async def test_a_document_that_does_not_read_back_is_named_and_not_quoted(content: bytes, place: str) -> None:
    documents = MemoryDocuments()
    await documents.put("providers", "acme", content)
    store = DocumentProviderConfigs(documents=documents)
    with pytest.raises(RecordCorrupt) as refused:
        await store.list()
    assert place in refused.value.key
    assert "tell-nobody" not in f"{refused.value!r}"


async def test_the_clock_may_go_back_and_the_record_stays_valid() -> None:
    clock = FrozenClock()
    store = MemoryProviderConfigStore(clock=clock)
    first = await store.add(a_config())
    clock.moment -= timedelta(hours=1)
    changed = await store.update(first, evolve(first.config, default_model="m"))
    assert changed.updated_at == first.updated_at


def test_a_document_cannot_lead_a_known_credential_elsewhere() -> None:
    known, given = a_config(), a_config(base_url="https://attacker.example.com")
    assert fault_of_binding(given) is None  # by itself it looks like any record
    assert fault_of_binding(taken_over(known, given)) is not None
    fresh = evolve(given, credential=EnvCredential(name="ANOTHER_KEY"), bound_to=None)
    assert taken_over(known, fresh) == fresh


@pytest.mark.parametrize("format_", ["provider_runtime.providers/2", ""])
def test_another_format_is_refused(format_: str) -> None:
    with pytest.raises(ValueError, match="format"):
        ProviderExport(providers=(), format=format_)
