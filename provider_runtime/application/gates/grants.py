"""Is everything granted that the call takes?"""

from typing import Final

from attrs import frozen

from provider_runtime.application.call import PreparedCall
from provider_runtime.application.gates import Judgement
from provider_runtime.application.gates.patience import at_once
from provider_runtime.domain.errors import AccessDenied, BudgetExceeded
from provider_runtime.domain.policy.budgets.resources import Resource
from provider_runtime.domain.policy.grants.capability import (
    NOTHING_COUNTED,
    Denied,
    Granted,
    GrantFault,
    Use,
    use_in_call,
)
from provider_runtime.domain.policy.grants.needs import caps_needed
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict
from provider_runtime.ports.governance.provider import GovernanceProvider
from provider_runtime.ports.governance.security import SecurityProvider

GATE: Final = "grants"
_GRANTED: Final = Pass(gate=GATE, granted=NOTHING_COUNTED)
_TIME: Final = Resource.TIME  # members of an enum are found slowly, and every call asks


@frozen(kw_only=True)
class GrantsGate:
    """Asks governance what its profile grants, and has security decide, count and write it down in one step.

    A rehearsal is neither counted nor written down. Where the time of the governance is over, nothing
    is granted any more.
    """

    security: SecurityProvider
    governance: GovernanceProvider | None = None

    def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Judgement:
        return at_once(self._judged(prepared, rehearsal=rehearsal))

    async def _judged(self, prepared: PreparedCall, *, rehearsal: bool) -> Verdict:
        granted: frozenset[str] = frozenset()
        needed = needs_of(prepared)
        if self.governance is not None:
            if (left := await self.governance.has_remaining(_TIME)) is not True:
                return await self._too_late(self.governance, prepared, left)
            granted = _granted(await self.governance.granted(needed), needed)
        use = use_of(prepared, needed, granted)
        decision: object = await (self.security.rehearse(use) if rehearsal else self.security.decide(use))
        if isinstance(decision, Granted):
            if rehearsal or decision.counted:
                return Pass(gate=GATE, reason=f"granted: {', '.join(needed)}", granted=decision)
            return _GRANTED
        if not isinstance(decision, Denied):
            raise TypeError("security must answer with a decision")
        profile = None if self.governance is None else (await self.governance.get_profile()).name
        return Refusal(gate=GATE, error=_error(decision, prepared, profile))

    async def _too_late(self, governance: GovernanceProvider, prepared: PreparedCall, left: object) -> Refusal:
        if left is not False:
            raise TypeError("governance must answer with yes or no")
        limit = (await governance.get_budget()).time or 0
        route = prepared.routed.route
        return Refusal(
            gate=GATE,
            error=BudgetExceeded(
                gate=GATE,
                budget="governance.time",
                owner=prepared.routed.call.runtime_id,
                unit=Resource.TIME.unit.value,
                limit=int(limit * Resource.TIME.to_unit),
                available=0,
                need=1,
                provider=route.provider_id,
                model=route.model_id,
                message=f"the {limit} s that governance allows are over",
                remedy="Reset the budget of the governance, or give it more time.",
            ),
        )


def needs_of(prepared: PreparedCall) -> tuple[str, ...]:
    """The capabilities that the call takes."""
    routed = prepared.routed
    return caps_needed(routed.call.request, routed.provider.caps)


def use_of(prepared: PreparedCall, needed: tuple[str, ...] | None = None, granted: frozenset[str] = frozenset()) -> Use:
    """The call as security sees it: ids, names and counts, nothing of what is said."""
    exchange, routed = prepared.exchange, prepared.routed
    call, route = routed.call, routed.route
    caps = needs_of(prepared) if needed is None else needed
    labels = call.terms.labels
    return use_in_call(
        caps, granted, call.call_id, labels, route.provider_id, route.model_id, exchange.method, len(exchange.body)
    )


def _granted(answer: object, needed: tuple[str, ...]) -> frozenset[str]:
    if not isinstance(answer, frozenset) or not answer.issubset(needed):
        raise TypeError("governance must answer with some of the capabilities it was asked about")
    return answer


_WHY = {
    GrantFault.NOT_GRANTED: "nobody granted it",
    GrantFault.OUT_OF_SCOPE: "it is granted to other calls than this one",
    GrantFault.EXPIRED: "the grant has expired",
    GrantFault.CALLS_USED_UP: "the grant is used up",
    GrantFault.TOO_MANY_BYTES: "the call is longer than the grant allows",
    GrantFault.METHOD_NOT_ALLOWED: "the grant is for other methods",
    GrantFault.PROVIDER_NOT_ALLOWED: "the grant is for other providers",
    GrantFault.MODEL_NOT_ALLOWED: "the grant is for other models",
}


def _error(denied: Denied, prepared: PreparedCall, profile: str | None) -> AccessDenied:
    route = prepared.routed.route
    under = f" under the profile {profile}" if profile else ""
    return AccessDenied(
        capability=denied.cap,
        fault=denied.fault,
        profile=profile,
        provider=route.provider_id,
        model=route.model_id,
        message=f"the call takes {denied.cap}, and{under} {_WHY[denied.fault]}",
        remedy=f"Have an operator grant {denied.cap}, or choose a profile that does.",
    )
