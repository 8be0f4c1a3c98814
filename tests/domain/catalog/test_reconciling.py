"""A reported cost, held against the computed one."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from attrs import evolve
from hypothesis import assume, example, given
from hypothesis import strategies as st

from provider_runtime.domain.catalog.pricing import PriceRule, PricingTable, estimate_cost
from provider_runtime.domain.catalog.reconciling import reconciled
from provider_runtime.domain.conversation.usage import CostBreakdown, PricingSource, Usage
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.identity import OPENAI
from provider_runtime.testing.strategies.catalog import honest_usages, price_rules

NO_RULE = (None, (warn(WarningCode.PRICING_MISSING_RULE, "none"),))
dollars = st.decimals(0, 100, places=9)


def reported(total: Decimal | str, **parts: str) -> CostBreakdown:
    zero = Decimal(0)
    told = {"input_cost": zero, "output_cost": zero} | {name: Decimal(part) for name, part in parts.items()}
    return CostBreakdown(total_cost=Decimal(total), pricing_source=PricingSource.PROVIDER_REPORTED, **told)


def computed(total: Decimal | str) -> CostBreakdown:
    amount, zero = Decimal(total), Decimal(0)
    return CostBreakdown(
        input_cost=amount, output_cost=zero, total_cost=amount, pricing_source="configured", price_version="v1"
    )


@given(told=dollars, apart_by=st.integers(-30, 30) | st.integers(-1000, 10**6))
@example(told=Decimal(1), apart_by=10)
@example(told=Decimal(1), apart_by=11)
@example(told=Decimal(1), apart_by=-10)
@example(told=Decimal(1), apart_by=-11)
@example(told=Decimal(0), apart_by=0)
def test_a_warning_says_exactly_when_they_are_more_than_one_percent_apart(told: Decimal, apart_by: int) -> None:
    ours = told * (1000 + apart_by) / 1000
    cost, warnings = reconciled(reported(told), (computed(ours), ()))
    assert cost is not None
    apart = abs(Fraction(told) - Fraction(ours)) > Fraction(told) / 100
    assert [warning.code for warning in warnings] == (["pricing.reported_differs"] if apart else [])
    assert cost.total_cost == told
    assert cost.pricing_source == (PricingSource.PROVIDER_REPORTED if apart else PricingSource.MIXED)
    assert cost.price_version == (None if apart else "v1")


@given(told=dollars, ours=dollars, digits=st.integers(1, 9))
def test_the_decimal_context_of_the_caller_changes_nothing(told: Decimal, ours: Decimal, digits: int) -> None:
    plainly = reconciled(reported(told), (computed(ours), ()))
    with localcontext() as context:
        context.prec = digits
        assert reconciled(reported(told), (computed(ours), ())) == plainly


def test_parts_that_the_provider_gave_are_never_replaced() -> None:
    theirs = reported("1", input_cost="0.4", output_cost="0.6")
    assert reconciled(theirs, (computed("1"), ())) == (theirs, ())


@pytest.mark.parametrize(
    "estimate",
    [
        NO_RULE,
        (computed("5"), (warn(WarningCode.PRICING_PARTIAL_USAGE, "a half"),)),
    ],
)
def test_an_estimate_with_reservations_is_no_measure(
    estimate: tuple[CostBreakdown | None, tuple[object, ...]],
) -> None:
    theirs = reported("1")
    assert reconciled(theirs, estimate) == (theirs, ())  # type: ignore[arg-type]  # tuples of warnings


@given(rule=price_rules(), usage=honest_usages(), fee=dollars)
def test_a_fee_alone_is_completed_by_the_tokens_and_still_adds_up(rule: PriceRule, usage: Usage, fee: Decimal) -> None:
    prices = PricingTable(rules=[evolve(rule, model_pattern="*")], version="v1")
    estimate = estimate_cost(prices, OPENAI, "m", usage)
    assume(estimate[0] is not None)
    cost, warnings = reconciled(reported(fee, request_cost=str(fee)), estimate)
    assert cost is not None
    assert estimate[0] is not None
    assert warnings == estimate[1]
    assert Fraction(cost.total_cost) == Fraction(estimate[0].total_cost) + Fraction(fee)
    parts = (cost.cached_input_cost, cost.cache_write_cost, cost.reasoning_cost, cost.request_cost)
    known = (cost.input_cost, cost.output_cost, *(part for part in parts if part is not None))
    assert sum(map(Fraction, known)) == Fraction(cost.total_cost)
    assert (cost.pricing_source, cost.price_version) == (PricingSource.MIXED, "v1")


def test_a_fee_alone_without_a_price_for_the_tokens_says_what_is_missing() -> None:
    theirs = reported("0.001", request_cost="0.001")
    assert reconciled(theirs, NO_RULE) == (theirs, NO_RULE[1])
