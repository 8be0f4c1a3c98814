"""The cost that a provider reports, held against the one that the price table gives."""

from decimal import ROUND_CEILING, Context, Decimal
from typing import Final

from attrs import evolve

from provider_runtime.domain.catalog.pricing import Estimate
from provider_runtime.domain.conversation.usage import CostBreakdown, PricingSource
from provider_runtime.domain.conversation.warnings import WarningCode, warn

TOLERANCE: Final = Decimal("0.01")
"""How far the two may be apart, as a part of the reported cost, before a warning says so."""
_EXACT: Final = Context(prec=80, rounding=ROUND_CEILING)


def reconciled(reported: CostBreakdown, estimate: Estimate) -> Estimate:
    """The cost that counts, of a reported one and an estimate of the same call; never raises.

    What the provider reports is what it charges, so its total stands. The estimate contributes

    - the tokens, where the report is a fee alone: somebody else charges for those;
    - the parts, where the report is a total alone and the estimate agrees with it.

    Either makes the cost ``mixed`` and names the price table. Where the two differ by more than
    ``TOLERANCE``, the report is left as it is and a warning names both. An estimate with
    reservations is no measure of anything, and is left alone.
    """
    computed, reservations = estimate
    if _is_a_fee(reported):
        return _with_tokens(reported, computed, estimate)
    if computed is None or reservations:
        return reported, ()
    if not _agree(reported.total_cost, computed.total_cost):
        told = f"reported are {reported.total_cost:f} dollars, by the price table it is {computed.total_cost:f}"
        return reported, (warn(WarningCode.PRICING_REPORTED_DIFFERS, told),)
    if _has_parts(reported):
        return reported, ()
    return evolve(computed, total_cost=reported.total_cost, pricing_source=PricingSource.MIXED), ()


def _with_tokens(fee: CostBreakdown, computed: CostBreakdown | None, estimate: Estimate) -> Estimate:
    if computed is None:
        return fee, estimate[1]
    exact = _EXACT.copy()
    return (
        evolve(
            computed,
            total_cost=exact.add(computed.total_cost, fee.total_cost),
            request_cost=exact.add(computed.request_cost or Decimal(0), fee.total_cost),
            pricing_source=PricingSource.MIXED,
        ),
        estimate[1],
    )


def _is_a_fee(reported: CostBreakdown) -> bool:
    return reported.request_cost is not None and reported.request_cost == reported.total_cost


def _agree(reported: Decimal, computed: Decimal) -> bool:
    exact = _EXACT.copy()
    return exact.abs(exact.subtract(reported, computed)) <= exact.multiply(reported, TOLERANCE)


def _has_parts(cost: CostBreakdown) -> bool:
    return bool(cost.input_cost or cost.output_cost)
