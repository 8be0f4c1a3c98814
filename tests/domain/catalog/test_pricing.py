"""What a call costs: the choice of a rule, exact estimates, and their reservations."""

from decimal import Decimal, localcontext
from fractions import Fraction
from random import Random

import pytest
from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.catalog.pricing import PriceRule, PriceTier, PricingTable, estimate_cost
from provider_runtime.domain.conversation.usage import CostBreakdown, PricingSource, Usage
from provider_runtime.domain.identity import ANTHROPIC, OPENAI
from provider_runtime.testing.strategies import usages
from provider_runtime.testing.strategies.catalog import (
    honest_usages,
    impossible_rates,
    model_ids,
    price_rules,
    pricing_tables,
)

AMOUNTS = tuple(field.name for field in fields(PriceRule) if "_cost_" in field.name or field.name.startswith("cost_"))


def table(**rates: str) -> PricingTable:
    """One rule for every model, with dollars per token as text."""
    told = {f"{kind}_cost_per_token": rate for kind, rate in {"input": "0.01", "output": "0.02", **rates}.items()}
    return PricingTable(rules=[PriceRule(provider=OPENAI, model_pattern="*", **told)], version="v1")  # type: ignore[arg-type]  # fields by name


def cost_of(prices: PricingTable, usage: Usage, model: str = "gpt") -> CostBreakdown:
    cost, _ = estimate_cost(prices, OPENAI, model, usage)
    assert cost is not None
    return cost


def codes_of(prices: PricingTable, usage: Usage) -> list[str]:
    return [warning.code for warning in estimate_cost(prices, OPENAI, "gpt", usage)[1]]


class TestTheExamples:
    def test_input_and_output_are_added_up(self) -> None:
        assert cost_of(table(), Usage(input_tokens=10, output_tokens=20)) == CostBreakdown(
            input_cost=Decimal("0.10"),
            output_cost=Decimal("0.40"),
            total_cost=Decimal("0.50"),
            pricing_source=PricingSource.CONFIGURED,
            price_version="v1",
        )

    def test_reasoning_is_a_part_of_the_output_with_a_rate_of_its_own(self) -> None:
        cost = cost_of(table(reasoning="0.03"), Usage(input_tokens=10, output_tokens=25, reasoning_tokens=5))
        assert (cost.input_cost, cost.output_cost, cost.reasoning_cost) == (
            Decimal("0.10"),
            Decimal("0.40"),
            Decimal("0.15"),
        )
        assert cost.total_cost == Decimal("0.65")

    def test_cached_input_and_cache_writes_leave_the_input(self) -> None:
        prices = table(cached_input="0.001", cache_write="0.0125", cache_write_1h="0.02")
        usage = Usage(
            input_tokens=1000,
            output_tokens=0,
            cached_input_tokens=600,
            cache_write_tokens=300,
            cache_write_1h_tokens=100,
        )
        cost = cost_of(prices, usage)
        assert cost.input_cost == Decimal("1.00")
        assert cost.cached_input_cost == Decimal("0.600")
        assert cost.cache_write_cost == Decimal("4.5000")  # 200 at 0.0125 and 100 at 0.02
        assert cost.total_cost == Decimal("6.1000")

    def test_parts_without_a_rate_are_priced_as_what_they_are_a_part_of(self) -> None:
        everything = Usage(
            input_tokens=1000,
            output_tokens=100,
            cached_input_tokens=600,
            cache_write_tokens=300,
            cache_write_1h_tokens=100,
            reasoning_tokens=50,
            input_audio_tokens=70,
            output_audio_tokens=20,
        )
        plain = Usage(input_tokens=1000, output_tokens=100)
        assert cost_of(table(), everything) == cost_of(table(), plain)
        writes = cost_of(table(cache_write="0.05"), everything).cache_write_cost
        assert writes == Decimal("15.00")  # those kept for an hour too

    def test_audio_has_rates_of_its_own_inside_input_and_output(self) -> None:
        usage = Usage(input_tokens=10, output_tokens=10, input_audio_tokens=4, output_audio_tokens=5)
        cost = cost_of(table(input_audio="1", output_audio="2"), usage)
        assert (cost.input_cost, cost.output_cost) == (Decimal("4.06"), Decimal("10.10"))

    def test_a_price_for_each_request_comes_on_top(self) -> None:
        prices = PricingTable(rules=[evolve(table().rules[0], cost_per_request="0.5")])
        cost = cost_of(prices, Usage(input_tokens=0, output_tokens=0))
        assert (cost.request_cost, cost.total_cost) == (Decimal("0.5"), Decimal("0.5"))

    def test_above_a_step_other_rates_apply_to_the_whole_request(self) -> None:
        steps = [
            PriceTier(above_input_tokens=200, input_cost_per_token=2, output_cost_per_token=3),
            PriceTier(above_input_tokens=400, input_cost_per_token=5, output_cost_per_token=7),
        ]
        prices = PricingTable(rules=[evolve(table(cached_input="0.001").rules[0], tiers=steps)])
        assert cost_of(prices, Usage(input_tokens=200, output_tokens=1)).total_cost == Decimal("2.02")
        assert cost_of(prices, Usage(input_tokens=201, output_tokens=1)).total_cost == 405
        assert cost_of(prices, Usage(input_tokens=401, output_tokens=1)).total_cost == 2012
        cached = Usage(input_tokens=201, output_tokens=1, cached_input_tokens=200)
        assert cost_of(prices, cached).total_cost == 405  # a step takes no rate from below


class TestTheReservations:
    def test_no_rule_for_the_model(self) -> None:
        for prices in (PricingTable(), PricingTable(rules=[evolve(table().rules[0], provider=ANTHROPIC)])):
            cost, warnings = estimate_cost(prices, OPENAI, "gpt", Usage(input_tokens=1, output_tokens=1))
            assert cost is None
            assert [warning.code for warning in warnings] == ["pricing.missing_rule"]

    @given(name=st.sampled_from(AMOUNTS), rate=impossible_rates(), in_a_tier=st.booleans())
    def test_a_rate_that_cannot_be_one(self, name: str, rate: Decimal, in_a_tier: bool) -> None:  # noqa: FBT001 - hypothesis
        rule = table().rules[0]
        if in_a_tier and not name.startswith("cost_"):
            tier = PriceTier(above_input_tokens=10**6, input_cost_per_token=1, output_cost_per_token=1)
            rule = evolve(rule, tiers=[evolve(tier, **{name: rate})])
        else:
            rule = evolve(rule, **{name: rate})
        cost, warnings = estimate_cost(
            PricingTable(rules=[rule]), OPENAI, "gpt", Usage(input_tokens=1, output_tokens=1)
        )
        assert cost is None
        assert [warning.code for warning in warnings] == ["pricing.invalid_rule"]

    def test_nothing_was_counted(self) -> None:
        assert estimate_cost(table(), OPENAI, "gpt", Usage())[0] is None
        assert codes_of(table(), Usage()) == ["pricing.missing_usage"]
        assert codes_of(table(), Usage(total_tokens=5)) == ["pricing.missing_usage"]

    def test_a_side_that_was_not_counted_costs_nothing_and_is_announced(self) -> None:
        only_input, only_output = Usage(input_tokens=10), Usage(output_tokens=20)
        assert cost_of(table(), only_input).total_cost == Decimal("0.10")
        assert cost_of(table(), only_output).total_cost == Decimal("0.40")
        assert codes_of(table(), only_input) == codes_of(table(), only_output) == ["pricing.partial_usage"]

    def test_a_whole_that_was_not_counted_is_at_least_its_parts(self) -> None:
        usage = Usage(output_tokens=1, cached_input_tokens=3, cache_write_1h_tokens=4, input_audio_tokens=2)
        assert cost_of(table(), usage).input_cost == Decimal("0.07")
        assert cost_of(table(), Usage(output_tokens=1, input_audio_tokens=9)).input_cost == Decimal("0.09")
        assert cost_of(table(reasoning="0.03"), Usage(reasoning_tokens=5)).total_cost == Decimal("0.15")

    def test_zero_is_a_count(self) -> None:
        assert codes_of(table(), Usage(input_tokens=0, output_tokens=0)) == []
        assert cost_of(table(), Usage(input_tokens=0, output_tokens=0)).total_cost == 0

    def test_reasoning_without_a_rate_is_priced_as_output_and_announced(self) -> None:
        usage = Usage(input_tokens=10, output_tokens=25, reasoning_tokens=5)
        assert cost_of(table(), usage).reasoning_cost is None
        assert cost_of(table(), usage).total_cost == Decimal("0.60")
        assert codes_of(table(), usage) == ["pricing.partial_reasoning_rate"]
        assert codes_of(table(reasoning="0.02"), usage) == []
        assert codes_of(table(), evolve(usage, reasoning_tokens=0)) == []

    def test_plain_usage_has_none(self) -> None:
        assert codes_of(table(), Usage(input_tokens=10, output_tokens=20)) == []


class TestTheChoiceOfARule:
    rates = ("gpt*", "gpt-5*", "gpt-5-mini", "*")

    @given(chance=st.randoms(use_true_random=False))
    def test_the_closest_pattern_wins_in_any_order(self, chance: Random) -> None:
        rules = [
            PriceRule(provider=OPENAI, model_pattern=p, input_cost_per_token=1, output_cost_per_token=1)
            for p in self.rates
        ]
        chance.shuffle(rules)
        prices = PricingTable(rules=rules)
        asked = ("gpt-5-mini", "gpt-5-mini-2025-08-07", "gpt-4", "o3", "GPT-5-mini")
        found = [rule.model_pattern for model in asked if (rule := prices.rule_for(OPENAI, model))]
        assert found == ["gpt-5-mini", "gpt-5*", "gpt*", "*", "*"]

    def test_of_equal_patterns_the_first_wins(self) -> None:
        dear, cheap = table(input="9").rules[0], table().rules[0]
        assert PricingTable(rules=[dear, cheap]).rule_for(OPENAI, "m") is dear
        assert PricingTable(rules=[cheap, dear]).rule_for(OPENAI, "m") is cheap

    def test_the_model_that_answered_comes_before_the_model_that_was_asked(self) -> None:
        asked, answered = (
            evolve(table().rules[0], model_pattern="alias"),
            evolve(table(input="9").rules[0], model_pattern="real"),
        )
        prices = PricingTable(rules=[asked, answered])
        usage = Usage(input_tokens=1, output_tokens=0)
        for model, expected in (("real", "9"), ("unknown", "0.01")):
            cost, _ = estimate_cost(prices, OPENAI, model, usage, fallback_model="alias")
            assert cost is not None
            assert cost.total_cost == Decimal(expected)
        assert estimate_cost(prices, OPENAI, "unknown", usage, fallback_model="nope")[0] is None

    @given(prices=pricing_tables(), model=model_ids())
    def test_a_rule_is_found_exactly_when_a_pattern_matches(self, prices: PricingTable, model: str) -> None:
        def matches(pattern: str) -> bool:
            return model == pattern or (pattern.endswith("*") and model.startswith(pattern[:-1]))

        found = prices.rule_for(OPENAI, model)
        matching = [rule for rule in prices.rules if matches(rule.model_pattern)]
        assert (found is None) == (not matching)
        assert found is None or found in matching


class TestWhatAlwaysHolds:
    @given(prices=pricing_tables(), usage=usages(), model=model_ids())
    def test_the_parts_add_up_to_the_total(self, prices: PricingTable, usage: Usage, model: str) -> None:
        cost, _ = estimate_cost(prices, OPENAI, model, usage, fallback_model="a")
        if cost is not None:
            parts = (cost.cached_input_cost, cost.cache_write_cost, cost.reasoning_cost, cost.request_cost)
            known = [Fraction(part) for part in (cost.input_cost, cost.output_cost, *parts) if part is not None]
            assert sum(known) == Fraction(cost.total_cost)

    @given(rule=price_rules(), usage=honest_usages())
    def test_each_token_is_priced_once_at_the_closest_rate(self, rule: PriceRule, usage: Usage) -> None:
        rates = rule.rates_for(usage.input_tokens or 0)

        def rate(*names: str) -> Fraction:
            return next(
                Fraction(found) for name in names if (found := getattr(rates, f"{name}_cost_per_token")) is not None
            )

        cached, kept_1h = usage.cached_input_tokens or 0, usage.cache_write_1h_tokens or 0
        kept_short = (usage.cache_write_tokens or 0) - kept_1h
        heard, thought, spoken = (
            usage.input_audio_tokens or 0,
            usage.reasoning_tokens or 0,
            usage.output_audio_tokens or 0,
        )
        expected = (
            ((usage.input_tokens or 0) - cached - kept_short - kept_1h - heard) * rate("input")
            + cached * rate("cached_input", "input")
            + kept_short * rate("cache_write", "input")
            + kept_1h * rate("cache_write_1h", "cache_write", "input")
            + heard * rate("input_audio", "input")
            + ((usage.output_tokens or 0) - thought - spoken) * rate("output")
            + thought * rate("reasoning", "output")
            + spoken * rate("output_audio", "output")
            + Fraction(rule.cost_per_request or 0)
        )
        prices = PricingTable(rules=[evolve(rule, model_pattern="*")])
        assert Fraction(cost_of(prices, usage).total_cost) == expected

    @given(
        rule=price_rules(),
        usage=usages(),
        side=st.sampled_from(("input_tokens", "output_tokens")),
        more=st.integers(1, 10**6),
    )
    def test_more_tokens_never_cost_less(self, rule: PriceRule, usage: Usage, side: str, more: int) -> None:
        prices = PricingTable(rules=[evolve(rule, model_pattern="*")])
        fewer = evolve(usage, **{side: getattr(usage, side) or 0})
        dearer = evolve(fewer, **{side: getattr(fewer, side) + more})
        assert cost_of(prices, fewer).total_cost <= cost_of(prices, dearer).total_cost

    @given(rule=price_rules(), one=honest_usages(), other=honest_usages())
    def test_two_calls_cost_what_one_call_with_all_their_tokens_would_but_for_steps_and_fees(
        self, rule: PriceRule, one: Usage, other: Usage
    ) -> None:
        counts = (field.name for field in fields(Usage) if field.name != "total_tokens")
        both = Usage(**{name: (getattr(one, name) or 0) + (getattr(other, name) or 0) for name in counts})
        stepped = PricingTable(rules=[evolve(rule, model_pattern="*", cost_per_request=None)])
        flat = PricingTable(rules=[evolve(stepped.rules[0], tiers=())])

        def apart(prices: PricingTable) -> Fraction:
            return sum((Fraction(cost_of(prices, usage).total_cost) for usage in (one, other)), Fraction(0))

        assert apart(flat) == Fraction(cost_of(flat, both).total_cost)
        assert apart(stepped) <= Fraction(cost_of(stepped, both).total_cost)

    @given(prices=pricing_tables(), usage=usages(), name=st.sampled_from(AMOUNTS), rate=impossible_rates())
    def test_nothing_raises(self, prices: PricingTable, usage: Usage, name: str, rate: Decimal) -> None:
        broken = PricingTable(rules=[*prices.rules, evolve(table().rules[0], **{name: rate})])
        for model in ("gpt", "a", "", "☃"):
            cost, warnings = estimate_cost(broken, OPENAI, model, usage)
            assert cost is not None or warnings

    @given(rule=price_rules(), usage=usages(), digits=st.integers(1, 9))
    def test_the_decimal_context_of_the_caller_changes_nothing(
        self, rule: PriceRule, usage: Usage, digits: int
    ) -> None:
        prices = PricingTable(rules=[evolve(rule, model_pattern="*")])
        plainly = estimate_cost(prices, OPENAI, "m", usage)
        with localcontext() as context:
            context.prec = digits
            assert estimate_cost(prices, OPENAI, "m", usage) == plainly


class TestMakingRules:
    def test_amounts_may_be_written_as_text_or_whole_numbers_but_never_as_floats(self) -> None:
        rule = PriceRule(provider=OPENAI, model_pattern="m", input_cost_per_token="2.5E-7", output_cost_per_token=1)
        assert (rule.input_cost_per_token, rule.output_cost_per_token) == (Decimal("0.00000025"), Decimal(1))
        for wrong in (0.1, True, "cheap", None):
            with pytest.raises(ValueError, match="price"):
                PriceRule(provider=OPENAI, model_pattern="m", input_cost_per_token=wrong, output_cost_per_token=1)  # type: ignore[arg-type]  # that is the point

    def test_tiers_ascend(self) -> None:
        def tier(above: int) -> PriceTier:
            return PriceTier(above_input_tokens=above, input_cost_per_token=1, output_cost_per_token=1)

        for begins in ((2, 1), (1, 1)):
            with pytest.raises(ValueError, match="tiers"):
                evolve(table().rules[0], tiers=[tier(above) for above in begins])
