"""The most that a call can cost."""

from decimal import Decimal

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.catalog.pricing import (
    PriceRule,
    PriceTier,
    PricingTable,
    estimate_cost,
    in_nano_usd,
    worst_case_cost,
)
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.identity import OPENAI
from provider_runtime.testing.strategies.catalog import honest_usages, price_rules

CLAUDE = PriceRule(
    provider=OPENAI,
    model_pattern="claude*",
    input_cost_per_token="3E-6",
    output_cost_per_token="15E-6",
    cached_input_cost_per_token="0.3E-6",
    cache_write_cost_per_token="3.75E-6",
    cache_write_1h_cost_per_token="6E-6",
)


@given(rule=price_rules(), usage=honest_usages(), spare=st.integers(0, 1000))
def test_no_usage_within_the_bounds_costs_more(rule: PriceRule, usage: Usage, spare: int) -> None:
    prices = PricingTable(rules=[evolve(rule, model_pattern="*")])
    cost, _ = estimate_cost(prices, OPENAI, "m", usage)
    bound = worst_case_cost(prices, OPENAI, "m", (usage.input_tokens or 0) + spare, (usage.output_tokens or 0) + spare)
    assert cost is not None
    assert bound is not None
    assert bound.total_cost >= cost.total_cost


@given(rule=price_rules(), asked=st.integers(0, 10**6), answered=st.integers(0, 10**6))
def test_in_whole_numbers_it_is_the_same_to_the_last_one(rule: PriceRule, asked: int, answered: int) -> None:
    bound = worst_case_cost(PricingTable(rules=[evolve(rule, model_pattern="*")]), OPENAI, "m", asked, answered)
    assert rule.worst_nano_usd(asked, answered) == (None if bound is None else in_nano_usd(bound.total_cost))


@given(places=st.integers(41, 70), asked=st.integers(1, 10**6), answered=st.integers(0, 10**6))
def test_a_rate_of_more_places_than_any_price_has_is_not_counted_for_less(
    places: int, asked: int, answered: int
) -> None:
    rule = PriceRule(
        provider=OPENAI,
        model_pattern="m",
        input_cost_per_token=f"0.000003{1:0{places - 6}}",
        output_cost_per_token="15E-6",
    )
    bound = worst_case_cost(PricingTable(rules=[rule]), OPENAI, "m", asked, answered)
    assert bound is not None
    assert rule.worst_nano_usd(asked, answered) == in_nano_usd(bound.total_cost) == 3000 * asked + 15000 * answered + 1


def test_every_input_token_is_priced_as_if_it_were_written_to_the_dearest_cache() -> None:
    bound = worst_case_cost(PricingTable(rules=[CLAUDE]), OPENAI, "claude-x", 1000, 100)
    assert bound is not None
    assert (bound.input_cost, bound.output_cost, bound.total_cost) == (
        Decimal("0.006"),
        Decimal("0.0015"),
        Decimal("0.0075"),
    )


def test_only_tiers_that_can_be_reached_count() -> None:
    tier = PriceTier(above_input_tokens=1000, input_cost_per_token=1, output_cost_per_token=2)
    prices = PricingTable(rules=[evolve(CLAUDE, tiers=[tier], cost_per_request=7)])
    below, above = (worst_case_cost(prices, OPENAI, "claude-x", bound, 1) for bound in (1000, 1001))
    assert below is not None
    assert above is not None
    assert below.total_cost == Decimal("7.006015")
    assert above.total_cost == 1001 + 2 + 7


def test_there_is_no_bound_without_a_sound_rule() -> None:
    assert worst_case_cost(PricingTable(), OPENAI, "m", 1, 1) is None
    broken = PricingTable(rules=[evolve(CLAUDE, output_cost_per_token="NaN")])
    assert worst_case_cost(broken, OPENAI, "claude-x", 1, 1) is None
