"""Claiming: what one attempt takes of each budget at most."""

from operator import attrgetter
from typing import Final

from attrs import define, field

from provider_runtime.application.budgets.bounds import WorstCases
from provider_runtime.application.call import PreparedCall
from provider_runtime.domain.errors import CallRefused, CostUnknown, ErrorCode
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.budgets.holds import Account, Claim, claiming
from provider_runtime.domain.policy.budgets.limits import EVERYONE, LARGEST, Budget, Unit
from provider_runtime.domain.profiles.profile import WorkProfile

_NAME: Final = attrgetter("name")
# Looked up once: members of an enum are found slowly, and every call asks for these.
_CALLS: Final = Unit.CALLS
_NANO_USD: Final = Unit.NANO_USD
_TOKENS: Final = Unit.TOKENS


@define(kw_only=True, eq=False)
class Claiming:
    """Says what calls of one runtime claim. Pure.

    Who shares a budget is looked up once where every call of the runtime has the same answer.
    """

    budgets: tuple[Budget, ...]
    runtime: RuntimeId
    worst_cases: WorstCases
    profile: WorkProfile | None
    _shares: tuple[tuple[Budget, Account | None, Unit, int], ...] = field(init=False)

    @_shares.default
    def _shared(self) -> tuple[tuple[Budget, Account | None, Unit, int], ...]:
        owners = {EVERYONE: EVERYONE, "runtime": self.runtime}
        if self.profile is not None:
            owners["profile"] = self.profile.name
        return tuple(
            (budget, _account(budget, owners.get(budget.scope)), budget.limit.unit, budget.limit.value)
            for budget in sorted(self.budgets, key=_NAME)
        )

    def claims(self, prepared: PreparedCall, left_s: float) -> tuple[Claim, ...]:
        """The claims of an attempt that has so long, of every budget, in the order of their names.

        Raises ``CostUnknown`` where nobody can say, and ``CallRefused`` (``budget_owner_unknown``) for a
        call that does not say whose budget it takes.
        """
        most: dict[Unit, int] = {}
        claims: list[Claim] = []
        for budget, account, unit, limit in self._shares:
            taken_from = account or self._own_account(budget, prepared)
            amount = most.get(unit)
            if amount is None:
                known = self._most(unit, prepared, left_s)
                if known is None:
                    raise _unknown(budget, prepared)
                amount = most[unit] = min(known, LARGEST)
            claims.append(claiming(taken_from, limit, amount))
        return tuple(claims)

    def _most(self, unit: Unit, prepared: PreparedCall, left_s: float) -> int | None:
        if unit is _NANO_USD:
            return self.worst_cases.nano_usd(prepared)
        if unit is _TOKENS:
            return self.worst_cases.tokens(prepared)
        return 1 if unit is _CALLS else int(left_s * 1000)

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
