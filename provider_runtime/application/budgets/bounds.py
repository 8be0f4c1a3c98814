"""Bounds: the most that a prepared call can come to; and what its answer costs."""

from typing import Final, TypeAlias

from attrs import define, field

from provider_runtime.application.call import PreparedCall, RoutedCall
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.catalog.pricing import (
    Estimate,
    PriceRule,
    PricingTable,
    estimate_by,
    worst_case_cost,
)
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.conversation.usage import CostBreakdown
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.leakage.opaque import Opaque, opaque_parts
from provider_runtime.domain.records.outside_names import are_names

_RULES_KEPT: Final = 1024
Bounds: TypeAlias = tuple[int | None, int | None]
"""At most so many tokens in and out; ``None`` where nobody can say."""


@define(kw_only=True, eq=False)
class WorstCases:
    """The most that calls of one runtime can come to, and what their answers cost: budgets, consents and plans agree.

    What a model is priced by is looked up once: providers and prices of a runtime do not change.
    """

    catalog: ActiveCatalog
    prices: PricingTable = field(factory=PricingTable)
    # Not kept with the table, which runtimes share: none is to see whom another asks.
    _rules: dict[tuple[ProviderId, str, str, str], PriceRule | None] = field(factory=dict, init=False, repr=False)
    """By who was asked for which model, and who answered as which: before there is an answer, as was asked."""

    def bounds(self, prepared: PreparedCall) -> Bounds:
        """The bounds of one attempt: no token is shorter than a byte, and no answer longer than it may be.

        What the provider looks into or fetches itself (images, files) can be far more than its bytes: then
        it is what the model takes in at most.
        """
        request = prepared.routed.call.request
        size: int | None = len(prepared.exchange.body)
        if not request.texts_alone and any(
            part.kind is not Opaque.ENCRYPTED for part in opaque_parts(request.messages)
        ):
            known = self._known(prepared.routed)
            window = None if known is None else known.context_window
            size = None if window is None else max(len(prepared.exchange.body), window)
        return size, self.longest_answer(prepared)

    def longest_answer(self, prepared: PreparedCall) -> int | None:
        """The most tokens that the answer can have: what is asked for, else what the model is known for."""
        call = prepared.routed.call
        longest = call.request.max_output_tokens
        if longest is None:
            longest = call.terms.parameters.max_output_tokens
        if longest is None and (known := self._known(prepared.routed)) is not None:
            longest = known.max_output_tokens
        return longest

    def tokens(self, prepared: PreparedCall) -> int | None:
        """The most tokens that one attempt can take, in and out together."""
        asked, answered = self.bounds(prepared)
        return None if asked is None or answered is None else asked + answered

    def nano_usd(self, prepared: PreparedCall) -> int | None:
        """The most that one attempt can cost; ``None`` where no price or no limit is known."""
        asked, answered = self.bounds(prepared)
        if asked is None or answered is None:
            return None
        route = prepared.routed.route
        rule = self._rule(prepared.routed, route.provider_id, route.model_id)
        return None if rule is None else rule.worst_nano_usd(asked, answered)

    def cost(self, prepared: PreparedCall) -> CostBreakdown | None:
        """The same in dollars, part by part."""
        asked, answered = self.bounds(prepared)
        if asked is None or answered is None:
            return None
        route, names = prepared.routed.route, prepared.routed.provider.catalog_names
        return worst_case_cost(self.prices, route.provider_id, route.model_id, asked, answered, also_as=names)

    def _known(self, routed: RoutedCall) -> ModelInfo | None:
        return self.catalog.index.find_among(routed.provider.catalog_names, routed.route.model_id)

    def estimate(self, response: ProviderResponse, routed: RoutedCall) -> Estimate:
        """What the answer costs by the price table: as the model that answered, else as the one that was asked."""
        return estimate_by(self._rule(routed, response.provider, response.model), response.usage, self.prices.version)

    def _rule(self, routed: RoutedCall, provider: ProviderId, model: str) -> PriceRule | None:
        """The rule for ``model`` of ``provider``, else for what was asked for."""
        asked = routed.route.model_id
        key = routed.route.provider_id, asked, provider, model
        try:
            return self._rules[key]
        except KeyError:
            names = provider, *routed.provider.catalog_names
            rule = self.prices.rule_among(names, (model, asked))
            if are_names(key):  # the provider says what answered: that may be anything
                if len(self._rules) >= _RULES_KEPT:
                    self._rules.clear()
                self._rules[key] = rule
            return rule
