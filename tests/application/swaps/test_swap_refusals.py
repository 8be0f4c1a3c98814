"""What blocks a swap, and who may take over."""

from typing import Any

import pytest
from attrs import evolve
from swapping_job import ALL_THE_WAY_BACK, STATE, Working, a_swap
from working_team import TEAM

from provider_runtime import (
    CallRefused,
    ConsentRule,
    ErrorCode,
    GovernancePolicy,
    ModelFootprint,
    ModelSwap,
    ProfileGovernance,
    RecordCorrupt,
    State,
    SwapFault,
    SwapRefused,
    SwapRequester,
    SwapState,
    TierRefused,
)
from provider_runtime.domain.profiles.swap_records import id_of_job

# ── what blocks it ──────────────────────────────────────────────────────────────────────────


async def test_a_forged_hash_blocks_the_swap() -> None:
    working = Working()
    assert await working.fault(a_swap(state_hash="f" * 64)) is SwapFault.STATE_CHANGED
    assert working.told == ["swap_failed", "swap_rolled_back"]
    assert working.compiler.orders == []
    assert await working.kept_of() == "rolled_back"
    assert await working.current() == {}


async def test_a_state_that_was_changed_after_the_hash_was_made_blocks_the_swap() -> None:
    working = Working()
    await working.states.save_state("job/1", STATE)
    async with working.team.opening as runtime:
        await working.states.save_state("job/1", evolve(STATE, control="step 4"))
        with pytest.raises(SwapRefused) as refused:
            await runtime.swap_model(a_swap())
    assert refused.value.fault is SwapFault.STATE_CHANGED


async def test_a_state_that_is_not_there_blocks_the_swap() -> None:
    assert await Working().fault(a_swap(state_refs=["job/1", "job/2"])) is SwapFault.STATE_MISSING


async def test_a_record_that_does_not_read_back_as_what_was_asked_blocks_the_swap() -> None:
    working = Working()
    working.states.answer("load_state", None)  # no swap of this id
    working.states.answer("load_state", State(control="forged"))
    assert await working.fault(a_swap()) is SwapFault.RECORD_CHANGED


async def test_a_request_is_used_once_and_what_is_kept_of_it_is_not_overwritten() -> None:
    working = Working()
    _, again = await working.swap(a_swap(), a_swap(target="there:chat"))
    assert isinstance(again, SwapRefused)
    assert again.fault is SwapFault.ALREADY_REQUESTED
    assert await working.kept_of() == "completed"
    assert await working.current() == {"worker": "there:spare"}
    assert working.told == ["swap_requested", "swap_completed", "swap_failed"]


async def test_a_swap_away_from_a_model_that_the_job_is_not_on_is_blocked() -> None:
    working = Working()
    _, stale = await working.swap(a_swap(), a_swap(2, target="there:chat"))
    assert isinstance(stale, SwapRefused)
    assert stale.fault is SwapFault.NOT_CURRENT
    assert await working.current() == {"worker": "there:spare"}


async def test_at_first_the_job_is_on_a_model_that_its_role_allows() -> None:
    spoofed = a_swap(role="orchestrator", current="here:small", target="cloud:huge")
    assert await Working().fault(spoofed) is SwapFault.NOT_CURRENT


async def test_the_eleventh_swap_is_one_too_many() -> None:
    working = Working()
    models = ["here:small", "there:spare"] * 6
    swaps = [a_swap(n, current=models[n], target=models[n + 1]) for n in range(11)]
    *ten, eleventh = await working.swap(*swaps)
    assert all(isinstance(swap, ModelSwap) for swap in ten)
    assert isinstance(eleventh, SwapRefused)
    assert eleventh.fault is SwapFault.LIMIT_EXCEEDED
    assert await working.current() == {"worker": "here:small"}


async def test_swaps_that_fail_count_as_well_so_that_thrashing_ends() -> None:
    working = Working(max_swaps_per_job=2)
    faults = await working.swap(*(a_swap(n, target="there:unknown") for n in range(4)))
    assert [error.fault for error in faults if isinstance(error, SwapRefused)] == [
        SwapFault.TARGET_UNKNOWN,
        SwapFault.TARGET_UNKNOWN,
        SwapFault.LIMIT_EXCEEDED,
        SwapFault.LIMIT_EXCEEDED,
    ]


async def test_the_count_is_that_of_the_job_and_outlives_the_runtime() -> None:
    working = Working(max_swaps_per_job=1)
    other = SwapRequester(subsystem="orchestrator", job_id="job-2")
    await working.swap(a_swap())
    again, elsewhere = await working.swap(
        a_swap(2, current="there:spare", target="here:small"), a_swap(3, requester=other)
    )
    assert isinstance(again, SwapRefused)
    assert isinstance(elsewhere, ModelSwap)


@pytest.mark.parametrize(
    ("swaps", "fault"),
    [({"allow_swaps": False}, SwapFault.DISALLOWED), ({"max_swaps_per_job": 0}, SwapFault.LIMIT_EXCEEDED)],
)
async def test_policy_blocks_swaps_whatever_follows_a_failure(swaps: dict[str, Any], fault: SwapFault) -> None:
    working = Working(on_failure="continue_with_current", **swaps)
    assert await working.fault(a_swap()) is fault
    assert working.compiler.orders == []


async def test_a_record_of_a_job_that_somebody_else_wrote_is_no_leave_to_begin_anew() -> None:
    working = Working()
    await working.states.save_state(id_of_job("job-1"), State(control={"swaps": -5}))
    (error,) = await working.swap(a_swap())
    assert isinstance(error, RecordCorrupt)


# ── who may take over ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("target", ["nobody:spare", "there:invented", "cloud:invented"])
async def test_a_target_that_nobody_vouches_for_does_not_take_over(target: str) -> None:
    working = Working()
    assert await working.fault(a_swap(target=target)) is SwapFault.TARGET_UNKNOWN
    assert working.told == ALL_THE_WAY_BACK


async def test_a_target_that_the_role_does_not_allow_does_not_take_over() -> None:
    working = Working()
    swap = a_swap(role="orchestrator", current="cloud:large", target="there:spare")
    (error,) = await working.swap(swap)
    assert isinstance(error, CallRefused)
    assert error.code is ErrorCode.MODEL_NOT_ALLOWED
    assert await working.current() == {}


@pytest.mark.parametrize("policy", ["locked", "strict"])
async def test_a_cloud_target_needs_all_that_a_cloud_call_needs(policy: str) -> None:
    working = Working(policy=GovernancePolicy.preset(policy))
    (error,) = await working.swap(a_swap(target="cloud:large"))
    assert isinstance(error, CallRefused)
    assert error.gate == ("tier" if policy == "locked" else "consent")
    assert working.told == ALL_THE_WAY_BACK
    assert await working.current() == {}
    assert await working.kept_of() == "rolled_back"
    assert working.team.asked == []


async def test_a_cloud_target_without_consent_is_refused_and_the_job_stays_where_it_was() -> None:
    working = Working(policy=GovernancePolicy(consent=ConsentRule.CLOUD), on_failure="continue_with_current")
    (swap,) = await working.swap(a_swap(target="cloud:large"))
    assert isinstance(swap, ModelSwap)
    assert (swap.state, str(swap.model), swap.request) == (SwapState.ROLLED_BACK, "role:worker=here:small", None)
    assert swap.error_code == "gate_refused"


async def test_a_role_that_is_kept_local_is_not_swapped_to_the_cloud() -> None:
    (error,) = await Working().swap(a_swap(role="validator", current="here:strict", target="cloud:large"))
    assert isinstance(error, TierRefused)


async def test_a_profile_without_escalation_swaps_nobody_to_the_cloud() -> None:
    (error,) = await Working(evolve(TEAM, governance=ProfileGovernance())).swap(a_swap(target="cloud:large"))
    assert isinstance(error, TierRefused)


async def test_a_job_escalates_to_the_cloud_as_often_as_its_profile_says() -> None:
    governance = ProfileGovernance(allow_cloud_escalation=True, max_cloud_escalations_per_job=1)
    working = Working(evolve(TEAM, governance=governance))
    up, along, down, up_again = await working.swap(
        a_swap(1, target="cloud:large"),
        a_swap(2, current="cloud:large", target="cloud:huge"),  # from the cloud to the cloud is no escalation
        a_swap(3, current="cloud:huge", target="here:small"),
        a_swap(4, target="cloud:large"),
    )
    assert all(isinstance(swap, ModelSwap) for swap in (up, along, down))
    assert isinstance(up_again, SwapRefused)
    assert up_again.fault is SwapFault.ESCALATIONS_EXCEEDED


async def test_a_target_that_needs_more_memory_than_allowed_does_not_take_over() -> None:
    needs = {"there:spare": ModelFootprint(vram_mb=8000, ram_mb=16000)}
    enough, too_little = a_swap(max_vram_mb=8000, max_ram_mb=16000), a_swap(max_vram_mb=4000, max_ram_mb=16000)
    assert await Working(footprints=needs).fault(too_little) is SwapFault.BUDGET_EXCEEDED
    assert await Working().fault(enough) is SwapFault.BUDGET_EXCEEDED  # nobody knows what it needs
    (swap,) = await Working(footprints=needs).swap(enough)
    assert isinstance(swap, ModelSwap)
