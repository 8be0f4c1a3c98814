"""A price table, written and read."""

from attrs import evolve
from hypothesis import given

from provider_runtime.adapters.catalog import builtin_prices
from provider_runtime.adapters.catalog_files import read_prices
from provider_runtime.adapters.price_files import KINDS, prices_json
from provider_runtime.domain.catalog.pricing import PricingTable, TokenRates
from provider_runtime.testing.strategies.catalog import pricing_tables


@given(table=pricing_tables())
def test_what_was_written_reads_back_as_an_equal_table(table: PricingTable) -> None:
    assert read_prices(prices_json(table)) == table
    sourced = evolve(table, source="acme, vendors")
    assert read_prices(prices_json(sourced)) == sourced


def test_the_shipped_prices_survive_it() -> None:
    assert read_prices(prices_json(builtin_prices())) == builtin_prices()


def test_every_rate_has_a_name_in_files() -> None:
    assert {f"{kind}_cost_per_token" for kind in KINDS} == {field.name for field in TokenRates.__attrs_attrs__}
