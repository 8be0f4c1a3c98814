"""Whose models and prices a record uses, and who serves the models of a vendor."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.pricing import PriceRule, PricingTable, estimate_cost, worst_case_cost
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind
from provider_runtime.domain.catalog.resolving import CatalogIndex, RouteRule, route, who_serves
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.errors import AmbiguousModelRoute, ProviderNotRegistered
from provider_runtime.domain.identity import OPENAI, ProviderId
from provider_runtime.testing.strategies import provider_ids

EU, US = ProviderId("openai-eu"), ProviderId("openai-us")


def a_record(name: str, kind: str = "openai", **others: object) -> ProviderConfig:
    return ProviderConfig(provider_id=name, kind=kind, base_url="https://eu.api.openai.com", **others)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("kind", "vendor"),
    [
        ("openai", "openai"),
        ("openai_chat", "openai"),
        ("anthropic", "anthropic"),
        ("gemini", "gemini"),
        ("openrouter", "openrouter"),
        ("openai_compatible", None),
        ("ollama", None),
    ],
)
def test_a_record_of_the_cloud_uses_the_list_of_the_vendor_of_its_kind(kind: str, vendor: str | None) -> None:
    assert a_record("mine", kind).catalog_names == (("mine",) if vendor is None else ("mine", vendor))


@pytest.mark.parametrize("kind", list(ProviderKind))
def test_a_record_of_this_machine_uses_nobody_s_list_unless_it_says_so(kind: ProviderKind) -> None:
    assert a_record("mine", kind, tier="local").catalog_names == ("mine",)
    assert a_record("mine", kind, tier="local", catalog_as="openai").catalog_names == ("mine", "openai")


@given(name=provider_ids(), other=provider_ids(), kind=st.sampled_from(ProviderKind))
def test_its_own_name_comes_first_and_no_name_twice(name: str, other: str, kind: ProviderKind) -> None:
    names = a_record(name, kind, catalog_as=other).catalog_names
    assert names[0] == name
    assert names == ((name,) if name == other else (name, other))
    assert a_record(name, kind, catalog_as=name).catalog_names == (name,)


def test_a_name_that_can_be_no_provider_is_refused() -> None:
    with pytest.raises(ValueError, match="ProviderId"):
        a_record("mine", catalog_as="no such name")


GPT = ModelInfo(provider=OPENAI, model_id="gpt", max_output_tokens=100)


def served(model: str, *records: ProviderConfig, listed: tuple[ModelInfo, ...] = (GPT,)) -> tuple[ProviderId, ...]:
    return CatalogIndex(ModelCatalog(models=listed), who_serves(records)).providers_of(model)


class TestWhoServesAListedModel:
    def test_the_one_record_that_has_the_vendor_s_models(self) -> None:
        assert served("gpt", a_record("openai-eu"), a_record("claude", "anthropic")) == (EU,)

    def test_the_record_of_the_very_name_before_others_that_have_its_models(self) -> None:
        assert served("gpt", a_record("openai-eu"), a_record("openai")) == (OPENAI,)

    def test_several_records_of_the_vendor_in_order_and_a_bare_model_names_none_of_them(self) -> None:
        records = (a_record("openai-us"), a_record("openai-eu"))
        assert served("gpt", *records) == (EU, US)
        catalog = CatalogIndex(ModelCatalog(models=(GPT,)), who_serves(records))
        with pytest.raises(AmbiguousModelRoute) as raised:
            route(ModelRef(model_id="gpt"), {EU, US}, catalog)
        assert raised.value.candidates == (EU, US)

    def test_a_listing_under_both_names_still_names_one(self) -> None:
        assert served("gpt", a_record("openai-eu"), listed=(GPT, evolve(GPT, provider=EU))) == (EU,)

    def test_nobody_but_the_listed_provider_where_no_record_has_its_models(self) -> None:
        assert served("gpt", a_record("claude", "anthropic")) == (OPENAI,)
        with pytest.raises(ProviderNotRegistered):
            route(ModelRef(model_id="gpt"), {EU}, CatalogIndex(ModelCatalog(models=(GPT,))))

    def test_a_bare_model_is_routed_to_the_record_that_serves_it(self) -> None:
        catalog = CatalogIndex(ModelCatalog(models=(GPT,)), who_serves([a_record("openai-eu")]))
        found = route(ModelRef(model_id="gpt"), {EU}, catalog)
        assert (found.provider_id, found.rule) == (EU, RouteRule.CATALOG)

    @given(chance=st.randoms(use_true_random=False), names=st.lists(provider_ids(), unique=True, max_size=6))
    def test_the_order_of_the_records_changes_nothing(self, chance: object, names: list[str]) -> None:
        records = [a_record(name) for name in names]
        shuffled = list(records)
        chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
        assert who_serves(shuffled) == who_serves(records)


class TestPricesOfAnotherName:
    shared = PriceRule(provider=OPENAI, model_pattern="gpt*", input_cost_per_token=1, output_cost_per_token=1)
    usage = Usage(input_tokens=1, output_tokens=0)

    def test_the_vendor_s_rule_is_used_where_the_record_has_none(self) -> None:
        prices = PricingTable(rules=[self.shared])
        assert estimate_cost(prices, EU, "gpt", self.usage)[0] is None
        cost, _ = estimate_cost(prices, EU, "gpt", self.usage, also_as=(OPENAI,))
        bound = worst_case_cost(prices, EU, "gpt", 1, 0, also_as=(OPENAI,))
        assert cost is not None
        assert bound is not None
        assert cost.total_cost == bound.total_cost == 1

    def test_the_record_s_own_rule_comes_first_even_for_the_model_that_was_asked(self) -> None:
        own = evolve(self.shared, provider=EU, model_pattern="gpt", input_cost_per_token=7)
        prices = PricingTable(rules=[self.shared, own])
        cost, _ = estimate_cost(prices, EU, "gpt-2026-01-02", self.usage, "gpt", also_as=(OPENAI,))
        assert cost is not None
        assert cost.total_cost == 7


def test_limits_of_the_earlier_name_come_first() -> None:
    catalog = ModelCatalog(
        models=[GPT, evolve(GPT, model_id="other"), ModelInfo(provider=EU, model_id="gpt", max_output_tokens=5)]
    )
    assert dict(catalog.output_limits_of((EU, OPENAI))) == {"gpt": 5, "other": 100}
    assert catalog.output_limits_of((OPENAI,)) is catalog.output_limits[OPENAI]
    assert dict(catalog.output_limits_of((ProviderId("nobody"),))) == {}
