"""May this call leave the machine?"""

from typing import Final

from attrs import frozen

from provider_runtime.application.call import PreparedCall
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.policy.tiers import fault_of_tier
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict
from provider_runtime.domain.profiles.profile import ProfileGovernance

_PASS: Final = Pass(gate="tier")
_LOCAL: Final = Tier.LOCAL  # members of an enum are found slowly, and every call asks


@frozen(kw_only=True)
class TierGate:
    """Holds the provider's tier against the policy, the work profile in force, and the role of the call."""

    policy: GovernancePolicy
    governance: ProfileGovernance | None = None

    def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Verdict:  # noqa: ARG002 - it uses nothing up
        routed = prepared.routed
        if routed.provider.config.tier is _LOCAL:
            return _PASS
        route = routed.route
        fault = fault_of_tier(
            routed.provider.config.tier, self.policy, governance=self.governance, played=routed.call.played
        )
        if fault is None:
            return _PASS
        fault.provider, fault.model = route.provider_id, route.model_id
        return Refusal(gate="tier", error=fault)
