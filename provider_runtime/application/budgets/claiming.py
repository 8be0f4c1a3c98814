"""Claiming: what one attempt takes of each budget at most."""

from collections.abc import Mapping
from typing import Final

from attrs import define, field

from provider_runtime.application.budgets.bounds import bounds_of, worst_nano_usd_by
from provider_runtime.application.call import PreparedCall, RoutedCall
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.domain.catalog.pricing import PriceRule, PricingTable
from provider_runtime.domain.errors import CallRefused, CostUnknown, ErrorCode
from provider_runtime.domain.identity import ProviderId, RuntimeId
from provider_runtime.domain.policy.budgets.holds import Account, Claim, claiming
from provider_runtime.domain.policy.budgets.limits import EVERYONE, LARGEST, Budget, Unit
from provider_runtime.domain.profiles.profile import WorkProfile

_RULES_KEPT: Final = 1024
_BY_LENGTH: Final = frozenset({Unit.TOKENS, Unit.NANO_USD})


@define(kw_only=True, eq=False)
class Claiming:
    """Says what calls of one runtime claim. Pure.

    Who shares a budget is looked up once where every call of the runtime has the same answer.
    """

    budgets: tuple[Budget, ...]
    runtime: RuntimeId
    catalog: ActiveCatalog
    prices: PricingTable
    profile: WorkProfile | None
    counts: frozenset[Unit] = field(init=False)
    _by_length: bool = field(init=False)
    _accounts: tuple[tuple[Budget, Account | None], ...] = field(init=False)
    _rules: dict[tuple[ProviderId, str], PriceRule | None] = field(factory=dict, init=False)
    """What models that were asked before are priced by: providers and prices of a runtime do not change."""

    @counts.default
    def _units(self) -> frozenset[Unit]:
        return frozenset(budget.limit.unit for budget in self.budgets)

    @_by_length.default
    def _count_by_length(self) -> bool:
        return not self.counts.isdisjoint(_BY_LENGTH)

    @_accounts.default
    def _shared(self) -> tuple[tuple[Budget, Account | None], ...]:
        owners = {EVERYONE: EVERYONE, "runtime": self.runtime}
        if self.profile is not None:
            owners["profile"] = self.profile.name
        return tuple((budget, _account(budget, owners.get(budget.scope))) for budget in self.budgets)

    def claims(self, prepared: PreparedCall, left_s: float) -> tuple[Claim, ...]:
        """The claims of an attempt that has so long, of every budget.

        Raises ``CostUnknown`` where nobody can say, and ``CallRefused`` (``budget_owner_unknown``) for a
        call that does not say whose budget it takes.
        """
        worst = self._worst_case(prepared, left_s)
        claims: list[Claim] = []
        for budget, account in self._accounts:
            limit, taken_from = budget.limit, account or self._own_account(budget, prepared)
            amount = worst[limit.unit]
            if amount is None:
                raise _unknown(budget, prepared)
            claims.append(claiming(taken_from, limit=limit.value, amount=min(amount, LARGEST)))
        return tuple(claims)

    def _worst_case(self, prepared: PreparedCall, left_s: float) -> Mapping[Unit, int | None]:
        worst: dict[Unit, int | None] = {Unit.CALLS: 1, Unit.MILLISECONDS: int(left_s * 1000)}
        if self._by_length:
            bounds = bounds_of(prepared, self.catalog)
            if Unit.TOKENS in self.counts:
                worst[Unit.TOKENS] = bounds.tokens
            if Unit.NANO_USD in self.counts:
                worst[Unit.NANO_USD] = worst_nano_usd_by(self._rule(prepared.routed), bounds)
        return worst

    def _rule(self, routed: RoutedCall) -> PriceRule | None:
        model = routed.route.provider_id, routed.route.model_id
        if model not in self._rules:
            if len(self._rules) >= _RULES_KEPT:
                self._rules.clear()
            self._rules[model] = self.prices.rule_among(routed.provider.config.catalog_names, model[1:])
        return self._rules[model]

    def _own_account(self, budget: Budget, prepared: PreparedCall) -> Account:
        """The account of the label that the call names."""
        label = prepared.routed.call.terms.options.metadata.get(budget.scope)
        account = _account(budget, label if budget.scope != "profile" else None)
        if account is None:
            raise _nobodys(budget, prepared)
        return account


def _account(budget: Budget, owner: object) -> Account | None:
    if not isinstance(owner, str):
        return None
    return Account(budget=budget.name, owner=owner, window_s=budget.window_s)


def _nobodys(budget: Budget, prepared: PreparedCall) -> CallRefused:
    route = prepared.routed.route
    named = "a work profile" if budget.scope == "profile" else f"the label {budget.scope}"
    return CallRefused(
        gate="budget",
        code=ErrorCode.BUDGET_OWNER_UNKNOWN,
        provider=route.provider_id,
        model=route.model_id,
        message=f"the budget {budget.name} is one for each {budget.scope}, and the call does not name its own",
        remedy=f"Give the {'runtime' if budget.scope == 'profile' else 'call'} {named}, or make the budget everyone's.",
    )


def _unknown(budget: Budget, prepared: PreparedCall) -> CostUnknown:
    route = prepared.routed.route
    return CostUnknown(
        budget=budget.name,
        provider=route.provider_id,
        model=route.model_id,
        message=f"the budget {budget.name} counts {budget.limit.unit.value}, "
        f"and nobody can say what this call to {route.provider_id} may come to",
        remedy="Set max_output_tokens, and see that the catalog and the price table know the model"
        " (a model that costs nothing has a rule with rates of 0).",
    )
