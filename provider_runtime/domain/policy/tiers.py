"""May this call leave the machine?"""

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import GovernanceLocked, TierRefused
from provider_runtime.domain.policy.governance import GovernanceMode, GovernancePolicy
from provider_runtime.domain.profiles.assigning import PlayedRole
from provider_runtime.domain.profiles.profile import AutomationLevel, ProfileGovernance


def fault_of_tier(
    tier: Tier,
    policy: GovernancePolicy,
    *,
    governance: ProfileGovernance | None = None,
    played: PlayedRole | None = None,
) -> TierRefused | None:
    """Why a call to ``tier`` is kept back, or ``None``. A local call always may go.

    ``governance`` is that of the work profile in force, ``played`` the role of the call: each can
    keep back what policy allows, neither can allow what it does not.
    """
    if tier is Tier.LOCAL:
        return None
    if policy.mode is GovernanceMode.LOCKED:
        return GovernanceLocked(
            message="governance is locked: no call may leave this machine, whatever was consented to",
            remedy="Use a local provider, or have an operator change the governance mode.",
        )
    if governance is not None and governance.automation is AutomationLevel.LOCKED:
        return GovernanceLocked(
            message="the work profile is locked: no call may leave this machine, whatever was consented to",
            remedy="Use a local provider, or have an operator choose another profile.",
        )
    if not policy.cloud_allowed:
        return TierRefused(
            message="policy does not allow cloud providers",
            remedy="Use a local provider, or set policy.cloud_allowed.",
        )
    if played is not None and (fault := fault_of_role(tier, played)) is not None:
        return fault
    if governance is not None and not governance.allow_cloud_escalation:
        return TierRefused(
            message="the work profile does not allow calls to leave this machine: a person has to decide",
            remedy="Use a local provider, or have an operator choose a profile that allows cloud escalation.",
        )
    return None


def fault_of_role(tier: Tier, played: PlayedRole) -> TierRefused | None:
    """Why a role may not be played from ``tier``, or ``None``."""
    if tier is Tier.LOCAL or not played.assignment.local_only:
        return None
    return TierRefused(
        message=f"{played.source} keeps the role {played.role} on this machine",
        remedy="Let a local model play the role, or have an operator choose a profile that does not keep it local.",
    )
