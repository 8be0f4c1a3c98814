"""Bounds: the most that a prepared call can come to; and what its answer costs."""

from provider_runtime.application.call import PreparedCall, RoutedCall
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.catalog.pricing import (
    Estimate,
    PriceRule,
    PricingTable,
    estimate_cost,
    in_nano_usd,
    worst_case_cost,
    worst_case_total,
)
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.conversation.usage import CostBreakdown
from provider_runtime.domain.policy.leakage.opaque import Opaque, opaque_parts
from provider_runtime.domain.values import sealed


@sealed(kw_only=True)
class Bounds:
    """At most so many tokens in and out; ``None`` where nobody can say."""

    input_tokens: int | None
    output_tokens: int | None

    @property
    def tokens(self) -> int | None:
        """Both together."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return self.input_tokens + self.output_tokens


def bounds_of(prepared: PreparedCall, catalog: ActiveCatalog) -> Bounds:
    """The bounds of one attempt: no token is shorter than a byte, and no answer longer than it may be.

    What the provider looks into or fetches itself (images, files) can be far more than its bytes: then
    it is what the model takes in at most.
    """
    request = prepared.routed.call.request
    size: int | None = len(prepared.exchange.body)
    if not request.texts_alone and any(part.kind is not Opaque.ENCRYPTED for part in opaque_parts(request.messages)):
        known = _known_of(prepared, catalog)
        size = (
            None
            if known is None or known.context_window is None
            else max(len(prepared.exchange.body), known.context_window)
        )
    return Bounds(input_tokens=size, output_tokens=longest_answer_of(prepared, catalog))


def longest_answer_of(prepared: PreparedCall, catalog: ActiveCatalog) -> int | None:
    """The most tokens that the answer can have: what is asked for, else what the model is known for."""
    call = prepared.routed.call
    longest = call.request.max_output_tokens
    if longest is None:
        longest = call.terms.parameters.max_output_tokens
    if longest is not None:
        return longest
    known = _known_of(prepared, catalog)
    return None if known is None else known.max_output_tokens


def _known_of(prepared: PreparedCall, catalog: ActiveCatalog) -> ModelInfo | None:
    routed = prepared.routed
    return catalog.index.find_among(routed.provider.config.catalog_names, routed.route.model_id)


def worst_case_of(prepared: PreparedCall, catalog: ActiveCatalog, prices: PricingTable | None) -> CostBreakdown | None:
    """The most that one attempt can cost, part by part; ``None`` where no price or no limit is known."""
    bounds, routed = bounds_of(prepared, catalog), prepared.routed
    if prices is None or bounds.input_tokens is None or bounds.output_tokens is None:
        return None
    return worst_case_cost(
        prices,
        routed.route.provider_id,
        routed.route.model_id,
        bounds.input_tokens,
        bounds.output_tokens,
        also_as=routed.provider.config.catalog_names,
    )


def worst_nano_usd_by(rule: PriceRule | None, bounds: Bounds) -> int | None:
    """The most that an attempt within these bounds can cost by this rule."""
    if bounds.input_tokens is None or bounds.output_tokens is None:
        return None
    total = worst_case_total(rule, bounds.input_tokens, bounds.output_tokens)
    return None if total is None else in_nano_usd(total)


def estimate_of(response: ProviderResponse, routed: RoutedCall, prices: PricingTable) -> Estimate:
    """What the answer costs by the price table: as the model that answered, else as the one that was asked."""
    return estimate_cost(
        prices,
        response.provider,
        response.model,
        response.usage,
        fallback_model=routed.route.model_id,
        also_as=routed.provider.config.catalog_names,
    )
