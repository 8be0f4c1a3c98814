"""Usage: counted by the provider, added up by nobody."""

from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.conversation.usage import CostBreakdown, PricingSource, Usage
from provider_runtime.testing.strategies import usages

_PARTS = (
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
)


@pytest.mark.parametrize(
    ("usage", "total"),
    [
        (Usage(input_tokens=2, output_tokens=3, total_tokens=99), 99),
        (Usage(input_tokens=2, output_tokens=3, total_tokens=0), 0),
        (Usage(input_tokens=2, output_tokens=3, cached_input_tokens=100), 5),
        (Usage(output_tokens=4), 4),
        (Usage(), 0),
    ],
)
def test_the_total_is_the_providers_else_input_plus_output(usage: Usage, total: int) -> None:
    assert usage.total == total


@given(usages(), st.sampled_from(_PARTS), st.none() | st.integers(0, 10**9))
def test_parts_of_the_counts_never_change_the_total(usage: Usage, part: str, tokens: int | None) -> None:
    changes: dict[str, Any] = {part: tokens}
    assert attrs.evolve(usage, **changes).total == usage.total


@pytest.mark.parametrize("field", [field.name for field in attrs.fields(Usage)])
@pytest.mark.parametrize("count", [-1, 1.0, "1", True])
def test_a_count_is_a_whole_number_from_zero(field: str, count: object) -> None:
    wrong: dict[str, Any] = {field: count}
    with pytest.raises(ValueError, match=field):
        Usage(**wrong)


@pytest.mark.parametrize("amount", [0.1, 1, "1", Decimal(-1), Decimal("NaN"), Decimal("Infinity")])
def test_an_amount_is_an_exact_decimal_from_zero(amount: Any) -> None:
    with pytest.raises(ValueError, match="total_cost"):
        CostBreakdown(
            input_cost=Decimal(0), output_cost=Decimal(0), total_cost=amount, pricing_source=PricingSource.CONFIGURED
        )


def test_costs_are_in_dollars_and_nothing_else() -> None:
    nothing = Decimal(0)
    cost = CostBreakdown(input_cost=nothing, output_cost=nothing, total_cost=nothing, pricing_source="mixed")
    assert (cost.currency, cost.pricing_source) == ("USD", PricingSource.MIXED)
    with pytest.raises(ValueError, match="currency"):
        attrs.evolve(cost, currency="EUR")  # type: ignore[arg-type]  # the mistake under test
