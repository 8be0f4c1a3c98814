"""What every ProviderConfigStore keeps to."""

import asyncio
from typing import Any

import pytest
from attrs import evolve

from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import InvalidProviderConfig, RecordConflict
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.registry.providers import ProviderConfigStore
from provider_runtime.testing.fakes import FrozenClock


def a_config(provider_id: str = "acme", **others: object) -> ProviderConfig:
    """A record of a compatible server, with a key in a variable."""
    fields: dict[str, object] = {
        "provider_id": provider_id,
        "kind": "openai_compatible",
        "base_url": "https://llm.acme.example/v1",
        "credential": EnvCredential(name="ACME_KEY"),
        **others,
    }
    return ProviderConfig(**fields)  # type: ignore[arg-type]  # checked by the fields themselves


class ProviderConfigStoreContract:
    """Give the fixtures ``clock``, and ``store``: an empty one that goes by it."""

    @pytest.fixture
    def clock(self) -> FrozenClock:
        return FrozenClock()

    @pytest.fixture
    def store(self, clock: FrozenClock) -> ProviderConfigStore:
        raise NotImplementedError("the subclass says which store")

    def test_it_is_a_provider_config_store(self, store: ProviderConfigStore) -> None:
        assert isinstance(store, ProviderConfigStore)

    async def test_an_empty_store_has_nothing(self, store: ProviderConfigStore) -> None:
        assert await store.list() == ()
        assert await store.get(ProviderId("acme")) is None
        assert await store.remove(ProviderId("acme")) is False

    async def test_what_was_added_is_found_with_the_time_it_was_added(
        self, store: ProviderConfigStore, clock: FrozenClock
    ) -> None:
        record = await store.add(a_config(options={"vendor": "vllm"}, headers={"x-team": "search"}))
        assert (record.created_at, record.updated_at) == (clock.now(), clock.now())
        assert await store.get(ProviderId("acme")) == record
        assert record.config == a_config(options={"vendor": "vllm"}, headers={"x-team": "search"})

    async def test_records_are_listed_by_id(self, store: ProviderConfigStore) -> None:
        for name in ("zed", "Acme", "acme", "a.b", "0"):
            await store.add(a_config(name))
        assert [record.provider_id for record in await store.list()] == ["0", "Acme", "a.b", "acme", "zed"]

    async def test_an_id_is_registered_once(self, store: ProviderConfigStore) -> None:
        first = await store.add(a_config())
        with pytest.raises(RecordConflict) as refused:
            await store.add(a_config(base_url="https://other.example.com"))
        assert refused.value.key == "acme"
        assert await store.get(ProviderId("acme")) == first

    async def test_a_change_keeps_when_the_record_was_made(
        self, store: ProviderConfigStore, clock: FrozenClock
    ) -> None:
        first = await store.add(a_config())
        clock.advance(60)
        changed = await store.update(first, evolve(first.config, default_model="acme-large"))
        assert (changed.created_at, changed.updated_at) == (first.created_at, clock.now())
        assert changed.config.default_model == "acme-large"
        assert await store.get(ProviderId("acme")) == changed

    async def test_another_address_leaves_the_credential_bound_where_it_was(self, store: ProviderConfigStore) -> None:
        first = await store.add(a_config())
        await store.update(first, evolve(first.config, base_url="https://elsewhere.example.com"))
        kept = await store.get(ProviderId("acme"))
        assert kept is not None
        assert kept.config.bound_to == "https://llm.acme.example:443"

    async def test_of_two_editors_the_later_one_is_told_and_loses_nothing_of_the_others_change(
        self, store: ProviderConfigStore
    ) -> None:
        seen = await store.add(a_config())
        first = await store.update(seen, evolve(seen.config, default_model="first"))
        with pytest.raises(RecordConflict):
            await store.update(seen, evolve(seen.config, default_model="second"))
        assert await store.get(ProviderId("acme")) == first

    async def test_a_removed_record_does_not_come_back_by_a_late_change(self, store: ProviderConfigStore) -> None:
        seen = await store.add(a_config())
        assert await store.remove(ProviderId("acme")) is True
        with pytest.raises(RecordConflict):
            await store.update(seen, evolve(seen.config, default_model="late"))
        assert await store.list() == ()

    async def test_of_many_editors_at_once_exactly_one_gets_through(self, store: ProviderConfigStore) -> None:
        seen = await store.add(a_config())
        editing = (store.update(seen, evolve(seen.config, default_model=f"m-{number}")) for number in range(8))
        outcomes = await asyncio.gather(*editing, return_exceptions=True)
        done = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
        assert [type(outcome) for outcome in outcomes if isinstance(outcome, BaseException)] == [RecordConflict] * 7
        assert await store.list() == tuple(done)

    async def test_a_record_keeps_its_id(self, store: ProviderConfigStore) -> None:
        seen = await store.add(a_config())
        with pytest.raises(ValueError, match="provider_id"):
            await store.update(seen, a_config("other"))

    @pytest.mark.parametrize(
        "fields",
        [
            {"credential": EnvCredential(name="sk-proj-Qm4w8ZtR2yLk9XvB3nHd6TfPq1sJc5Ge")},
            {"headers": {"x-gateway": "sk-ant-api03-Qm4w8ZtR2yLk9XvB3nHd6TfPq1sJc5GeAaQm4w8ZtR2yLk9XvB3nHd6"}},
            {"options": {"vendor": {"deep": ["ghp_Qm4w8ZtR2yLk9XvB3nHd6TfPq1sJc5GeAa12"]}}},
        ],
        ids=["as the name of a variable", "in a header", "in an option"],
    )
    async def test_what_looks_like_a_secret_is_not_kept(
        self, store: ProviderConfigStore, fields: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidProviderConfig) as refused:
            await store.add(a_config(**fields))
        assert "Qm4w8ZtR" not in f"{refused.value!r} {refused.value}"
        assert await store.list() == ()
