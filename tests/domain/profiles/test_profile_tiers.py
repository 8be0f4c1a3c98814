"""A work profile and a role keep calls on the machine that policy would let go, and never the other way round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import GovernanceLocked, GovernancePolicy, ModelAssignment, ProfileGovernance, Tier, TierRefused
from provider_runtime.domain.policy.tiers import fault_of_tier
from provider_runtime.domain.profiles.assigning import PlayedRole
from provider_runtime.domain.profiles.roles import WORKER

OPEN = ProfileGovernance(allow_cloud_escalation=True)


def playing(*, local_only: bool) -> PlayedRole:
    assignment = ModelAssignment(primary="cloud:large", local_only=local_only)
    return PlayedRole(role=WORKER, assignment=assignment, model=assignment.primary)


policies = st.sampled_from(["standard", "strict", "locked"]).map(GovernancePolicy.preset) | st.just(
    GovernancePolicy(cloud_allowed=False)
)
governances = st.none() | st.builds(
    ProfileGovernance,
    automation=st.sampled_from(["full_human", "hybrid", "autonomous", "locked"]),
    allow_cloud_escalation=st.booleans(),
)
played = st.none() | st.builds(lambda local_only: playing(local_only=local_only), st.booleans())


@given(policy=policies, governance=governances, role=played)
def test_a_local_call_always_may_go(
    policy: GovernancePolicy, governance: ProfileGovernance | None, role: PlayedRole | None
) -> None:
    assert fault_of_tier(Tier.LOCAL, policy, governance=governance, played=role) is None


@given(policy=policies, governance=governances, role=played)
def test_a_cloud_call_may_go_only_if_policy_profile_and_role_all_let_it(
    policy: GovernancePolicy, governance: ProfileGovernance | None, role: PlayedRole | None
) -> None:
    fault = fault_of_tier(Tier.CLOUD, policy, governance=governance, played=role)
    by_policy = fault_of_tier(Tier.CLOUD, policy) is None
    by_profile = governance is None or (governance.allow_cloud_escalation and governance.automation != "locked")
    by_role = role is None or not role.assignment.local_only
    assert (fault is None) == (by_policy and by_profile and by_role)


@pytest.mark.parametrize(
    ("governance", "role", "kind", "code"),
    [
        (ProfileGovernance(), None, TierRefused, "HSK-403-CLOUD-ESCALATION-DENIED"),
        (OPEN, playing(local_only=True), TierRefused, "HSK-403-CLOUD-ESCALATION-DENIED"),
        (
            ProfileGovernance(automation="locked", allow_cloud_escalation=True),
            None,
            GovernanceLocked,
            "HSK-403-GOVERNANCE-LOCKED",
        ),
    ],
)
def test_each_refusal_has_the_code_of_the_source_documents(
    governance: ProfileGovernance, role: PlayedRole | None, kind: type[TierRefused], code: str
) -> None:
    fault = fault_of_tier(Tier.CLOUD, GovernancePolicy(), governance=governance, played=role)
    assert type(fault) is kind
    assert fault is not None
    assert fault.hsk_code == code
    assert fault.remedy
