"""Is there enough left for what the call may come to at worst?"""

from collections.abc import Coroutine
from typing import Any

from attrs import frozen

from provider_runtime.application.budgets.spending import Spending
from provider_runtime.application.call import PreparedCall
from provider_runtime.application.gates import Judgement
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.errors import BackendError, BudgetExceeded, CallRefused, ErrorCode
from provider_runtime.domain.policy.budgets.holds import Admitted, Declined, HoldOrder, Reservation, Standing
from provider_runtime.domain.policy.budgets.limits import Amount
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict


@frozen(kw_only=True)
class BudgetGate:
    """Holds the worst case of the call in every budget, or in none; a rehearsal looks and holds nothing."""

    spending: Spending

    def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Judgement:
        try:
            if rehearsal:
                return self._rehearsed(self.spending.order(prepared, 1), prepared)
            reservation = self.spending.reserve(prepared, 1)
        except CallRefused as unknown:
            return Refusal(gate="budget", error=unknown.with_traceback(None))
        except BackendError as failure:
            return _unknown(failure, prepared)
        if isinstance(reservation, Admitted):
            return self._admitted(reservation)
        if isinstance(reservation, Declined):
            return self._refusal(reservation, prepared)
        return self._waited(reservation, prepared)

    async def _waited(self, asked: Coroutine[Any, Any, Reservation], prepared: PreparedCall) -> Verdict:
        try:
            reservation = await asked
        except BackendError as failure:
            return _unknown(failure, prepared)
        return (
            self._admitted(reservation) if isinstance(reservation, Admitted) else self._refusal(reservation, prepared)
        )

    def _admitted(self, admitted: Admitted) -> Pass:
        nearly = admitted.nearly_spent
        warnings = tuple(map(self._warning, nearly)) if nearly else ()
        return Pass("budget", "", True, warnings, admitted.hold)

    async def _rehearsed(self, order: HoldOrder, prepared: PreparedCall) -> Verdict:
        try:
            standings = await self.spending.standings(order.claims)
        except BackendError as failure:
            return _unknown(failure, prepared)
        claimed = {(claim.account.budget, claim.account.owner): claim.amount for claim in order.claims}
        for standing in standings:
            amount = claimed[standing.account.budget, standing.account.owner]
            if standing.limit - standing.balance.taken < amount:
                return self._refusal(Declined(standing=standing, claimed=amount), prepared)
        return Pass(gate="budget", reason="; ".join(self._left(standing) for standing in standings))

    def _refusal(self, declined: Declined, prepared: PreparedCall) -> Refusal:
        standing, route = declined.standing, prepared.routed.route
        budget = standing.account.budget
        need = Amount(unit=self.spending.units[budget], value=declined.claimed)
        window = "" if standing.account.window_s is None else ", wait for its next window"
        return Refusal(
            gate="budget",
            error=BudgetExceeded(
                budget=budget,
                owner=standing.account.owner,
                unit=need.unit.value,
                limit=standing.limit,
                available=standing.remaining,
                need=declined.claimed,
                held=standing.balance.held,
                provider=route.provider_id,
                model=route.model_id,
                message=f"the call may come to {need}, and {self._left(standing)}",
                remedy=f"Ask for less (max_output_tokens){window}, or raise the budget.",
            ),
        )

    def _left(self, standing: Standing) -> str:
        budget = standing.account.budget
        unit = self.spending.units[budget]
        left, limit = Amount(unit=unit, value=standing.remaining), Amount(unit=unit, value=standing.limit)
        return f"{left} of {limit} are left in {budget} of {standing.account.owner}"

    def _warning(self, standing: Standing) -> CallWarning:
        return warn(WarningCode.BUDGET_NEARLY_SPENT, f"four fifths are taken: {self._left(standing)}")


def _unknown(failure: BackendError, prepared: PreparedCall) -> Refusal:
    """Nobody can say what is left, so nothing is sent."""
    route = prepared.routed.route
    return Refusal(
        gate="budget",
        error=CallRefused(
            gate="budget",
            code=ErrorCode.GATE_FAILED,
            provider=route.provider_id,
            model=route.model_id,
            retryable=failure.retryable,
            message=f"nobody can say what is left of the budgets, so nothing was sent: {failure.message}",
            remedy=failure.remedy or "Mend what the ledger is kept in; gates fail closed.",
        ),
    )
