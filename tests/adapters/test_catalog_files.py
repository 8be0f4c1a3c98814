"""Catalogs and price tables as files."""

import json
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.catalog import catalog_json
from provider_runtime.adapters.catalog_files import read_catalog, read_prices
from provider_runtime.domain.catalog.exporting import sorted_catalog
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.errors import InvalidPricingConfig, InvalidSettings
from provider_runtime.testing.strategies.catalog import catalogs


def prices_file(**changes: object) -> str:
    line = {"provider": "acme", "models": ["m", "m-20*"], "usd_per_million": {"input": "1.5", "output": 6}, **changes}
    return json.dumps({"as_of": "2026-11-21", "sources": {"acme": {}}, "prices": [line]})


@given(catalog=catalogs())
def test_what_was_exported_reads_back_as_the_same_catalog(catalog: ModelCatalog) -> None:
    assert read_catalog(catalog_json(catalog)) == sorted_catalog(catalog)
    assert read_catalog(catalog_json(catalog).encode()) == sorted_catalog(catalog)


def test_a_price_file_becomes_rules_per_token() -> None:
    table = read_prices(
        prices_file(
            usd_per_million={
                "input": "1.5",
                "output": 6,
                "cached_input": 0.15,
                "cache_write": "1.875",
                "cache_write_1h": "3",
                "reasoning": "7",
                "input_audio": "20",
                "output_audio": "40",
            },
            usd_per_request="0.01",
            tiers=[{"above_input_tokens": 200_000, "usd_per_million": {"input": "3", "output": "9"}}],
        )
    )
    assert (table.version, table.source) == ("2026-11-21", "acme")
    assert [rule.model_pattern for rule in table.rules] == ["m", "m-20*"]
    for rule in table.rules:
        assert rule.provider == "acme"
        assert rule.input_cost_per_token == Decimal("0.0000015")
        assert rule.output_cost_per_token == Decimal("0.000006")
        assert rule.cached_input_cost_per_token == Decimal("0.00000015")
        assert rule.cache_write_cost_per_token == Decimal("0.000001875")
        assert rule.cache_write_1h_cost_per_token == Decimal("0.000003")
        assert rule.reasoning_cost_per_token == Decimal("0.000007")
        assert rule.input_audio_cost_per_token == Decimal("0.00002")
        assert rule.output_audio_cost_per_token == Decimal("0.00004")
        assert rule.cost_per_request == Decimal("0.01")
        assert [(tier.above_input_tokens, tier.input_cost_per_token) for tier in rule.tiers] == [
            (200_000, Decimal("0.000003"))
        ]


@given(price=st.decimals(0, 1000, allow_nan=False, places=20))
def test_a_price_is_taken_exactly_as_it_is_written_as_text_or_as_a_number(price: Decimal) -> None:
    for written in (f'"{price:f}"', f"{price:f}"):
        text = '{"prices":[{"provider":"a","models":["m"],"usd_per_million":{"input":' + written + ',"output":0}}]}'
        with localcontext() as context:
            context.prec = 3
            read = read_prices(text).rules[0].input_cost_per_token
        assert read * 10**6 == price


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "prices"),
        ("[]", "prices"),
        ("\udcff", "prices"),
        (prices_file(usd_per_milion={}), "prices"),
        (prices_file(usd_per_million={"input": 1}), "prices"),
        (prices_file(usd_per_million={"input": "one", "output": 1}), "prices"),
        (prices_file(usd_per_million={"input": "-1", "output": 1}), "prices[0]"),
        (prices_file(usd_per_million={"input": "NaN", "output": 1}), "prices[0]"),
        (prices_file(usd_per_million={"input": "sNaN", "output": 1}), "prices[0]"),
        (prices_file(usd_per_million={"input": "Infinity", "output": 1}), "prices[0]"),
        (prices_file(usd_per_million={"input": "1E+999999", "output": 1}), "prices[0]"),
        (prices_file(usd_per_request="-1"), "prices[0]"),
        (prices_file(provider="no such name"), "prices[0]"),
        (prices_file(models=[""]), "prices[0]"),
        (prices_file(tiers=[{"above_input_tokens": 0, "usd_per_million": {"input": 1, "output": 1}}]), "prices[0]"),
    ],
)
def test_a_wrong_price_file_is_refused_with_the_place(text: str, place: str) -> None:
    with pytest.raises(InvalidPricingConfig) as raised:
        read_prices(text)
    assert raised.value.field == place
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"{", "catalog"),
        (b"\xff", "catalog"),
        (b'{"models": [{"provider": "acme"}]}', "catalog"),
        (b'{"models": [{"provider": "acme", "model_id": "m", "suports_tools": true}]}', "catalog"),
        (b'{"models": [{"provider": "acme", "model_id": "m"}, {"provider": "", "model_id": "m"}]}', "models[1]"),
        (b'{"models": [{"provider": "acme", "model_id": "m", "context_window": 0}]}', "models[0]"),
    ],
)
def test_a_wrong_catalog_file_is_refused_with_the_place(text: bytes, place: str) -> None:
    with pytest.raises(InvalidSettings) as raised:
        read_catalog(text)
    assert raised.value.field == place
    assert raised.value.remedy


def test_own_entries_before_the_shipped_ones_count() -> None:
    own, other = read_prices(prices_file()), read_prices(prices_file(usd_per_million={"input": 9, "output": 9}))
    extended = type(own)(rules=own.rules + other.rules)
    assert extended.rule_for(own.rules[0].provider, "m") is own.rules[0]
