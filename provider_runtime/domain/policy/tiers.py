"""May this call leave the machine?"""

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import GovernanceLocked, TierRefused
from provider_runtime.domain.policy.governance import GovernanceMode, GovernancePolicy


def fault_of_tier(tier: Tier, policy: GovernancePolicy) -> TierRefused | None:
    """Why policy keeps a call to ``tier`` back, or ``None``. A local call always may go."""
    if tier is Tier.LOCAL:
        return None
    if policy.mode is GovernanceMode.LOCKED:
        return GovernanceLocked(
            message="governance is locked: no call may leave this machine, whatever was consented to",
            remedy="Use a local provider, or have an operator change the governance mode.",
        )
    if not policy.cloud_allowed:
        return TierRefused(
            message="policy does not allow cloud providers",
            remedy="Use a local provider, or set policy.cloud_allowed.",
        )
    return None
