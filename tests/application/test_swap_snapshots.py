"""A swap and snapshots: the work may be taken up from one, and leaves one of each state behind."""

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from working_team import Team

from provider_runtime import (
    BackendError,
    CallRefused,
    ErrorCode,
    MissingProviderRuntimeError,
    ModelSwap,
    ModelSwapRequest,
    State,
    SwapFault,
    SwapPolicy,
    SwapRefused,
    SwapRequester,
    hash_of_states,
)
from provider_runtime.domain.records.snapshots import MachineSnapshot
from provider_runtime.testing.fakes import FakeContextCompiler, FrozenClock
from provider_runtime.testing.mocks import MockSnapshotProvider, MockStateProvider
from provider_runtime.testing.strategies.profiles import states as any_state

STATE = State(control="step 3", env={"seen": 7})
FROZEN = State(control="as it was at noon")


class Working:
    """A team that swaps, with states and snapshots to take the work up from."""

    def __init__(self, *, snapshots: MockSnapshotProvider | None, **swaps: Any) -> None:
        self.states, self.snapshots, self.compiler = MockStateProvider(), snapshots, FakeContextCompiler()
        parts: dict[str, object] = {"states": self.states, "context_compiler": self.compiler}
        if snapshots is not None:
            parts["snapshots"] = snapshots
        self.team = Team(parts=parts, swaps=SwapPolicy(**swaps))

    async def swap(self, states: dict[str, State], **changes: Any) -> ModelSwap:
        """Keep what ``states`` name, ask for a swap that goes by them, and see what comes of it."""
        for ref, state in states.items():
            if ref.startswith("snapshot:"):
                assert self.snapshots is not None
                snapshot = MachineSnapshot(state=state, taken_at=FrozenClock().now())
                await self.snapshots.save(ref.removeprefix("snapshot:"), snapshot)
            else:
                await self.states.save_state(ref, state)
        fields: dict[str, Any] = {
            "request_id": "swap-1",
            "current": "here:small",
            "target": "there:spare",
            "role": "worker",
            "reason": "context_too_long",
            "state_refs": list(states),
            "state_hash": hash_of_states(states),
            "context_ref": "resume",
            "requester": SwapRequester(subsystem="orchestrator", job_id="job-1"),
        }
        async with self.team.opening as runtime:
            return await runtime.swap_model(ModelSwapRequest(**{**fields, **changes}))


@settings(max_examples=10)
@given(state=any_state(), frozen=any_state())
async def test_every_state_that_the_work_is_taken_up_from_stays_as_it_was(state: State, frozen: State) -> None:
    snapshots = MockSnapshotProvider()
    working = Working(snapshots=snapshots)
    swap = await working.swap({"job/1": state, "snapshot:noon": frozen})
    assert swap.completed
    (order,) = working.compiler.orders
    assert dict(order.states) == {"job/1": state, "snapshot:noon": frozen}
    await working.states.save_state("job/1", State(control="went on"))
    left = {ref: await snapshots.load(f"swap:swap-1:{ref}") for ref in order.states}
    assert {ref: snapshot.state for ref, snapshot in left.items() if snapshot} == dict(order.states)


async def test_a_snapshot_says_of_which_swap_it_is_and_holds_no_words_outside_its_state() -> None:
    snapshots = MockSnapshotProvider()
    await Working(snapshots=snapshots).swap({"job/1": STATE})
    snapshot = await snapshots.load("swap:swap-1:job/1")
    assert snapshot is not None
    assert snapshot.tags == ("swap", "job-1")
    assert dict(snapshot.extras) == {
        "swap_id": "swap-1",
        "role": "worker",
        "current": "here:small",
        "target": "there:spare",
        "state_ref": "job/1",
    }
    assert "context_too_long" not in f"{snapshot.description}{snapshot.extras}"


async def test_a_snapshot_that_is_not_the_one_of_the_hash_blocks_the_swap() -> None:
    working = Working(snapshots=MockSnapshotProvider())
    with pytest.raises(SwapRefused) as refused:
        await working.swap({"snapshot:noon": FROZEN}, state_hash=hash_of_states({"snapshot:noon": STATE}))
    assert refused.value.fault is SwapFault.STATE_CHANGED
    assert working.compiler.orders == []


async def test_a_snapshot_that_is_not_there_blocks_the_swap() -> None:
    working = Working(snapshots=MockSnapshotProvider())
    with pytest.raises(SwapRefused) as refused:
        await working.swap({"job/1": STATE}, state_refs=["job/1", "snapshot:never-taken"])
    assert refused.value.fault is SwapFault.STATE_MISSING


async def test_without_snapshots_a_swap_goes_by_states_alone_and_a_snapshot_is_asked_for_in_vain() -> None:
    assert (await Working(snapshots=None).swap({"job/1": STATE})).completed
    with pytest.raises(MissingProviderRuntimeError) as missing:
        await Working(snapshots=None).swap({"job/1": STATE}, state_refs=["snapshot:noon"])
    assert missing.value.missing_fields == ("snapshots",)


async def test_what_a_refused_swap_was_taken_up_from_is_kept_as_well() -> None:
    snapshots = MockSnapshotProvider()
    working = Working(snapshots=snapshots)
    with pytest.raises((CallRefused, SwapRefused)):
        await working.swap({"job/1": STATE}, target="there:nobody-knows-it")
    snapshot = await snapshots.load("swap:swap-1:job/1")
    assert snapshot is not None
    assert snapshot.state == STATE


async def test_a_swap_that_policy_blocks_leaves_nothing_behind() -> None:
    snapshots = MockSnapshotProvider()
    with pytest.raises(SwapRefused):
        await Working(snapshots=snapshots, allow_swaps=False).swap({"job/1": STATE})
    assert await snapshots.list() == ()


async def test_snapshots_that_cannot_be_kept_leave_the_job_on_the_model_it_had() -> None:
    snapshots = MockSnapshotProvider()
    snapshots.fail("save", BackendError(code=ErrorCode.STORE_UNAVAILABLE, kind="snapshot", message="the disk is full"))
    working = Working(snapshots=snapshots)
    with pytest.raises(BackendError):
        await working.swap({"job/1": STATE})
    assert working.compiler.orders == []
    assert working.team.asked == []


@pytest.mark.parametrize("forged", [None, evolve(STATE, control="forged")])
async def test_a_snapshot_that_does_not_read_back_as_it_was_written_blocks_the_swap(forged: State | None) -> None:
    snapshots = MockSnapshotProvider()
    found = None if forged is None else MachineSnapshot(state=forged, taken_at=FrozenClock().now())
    snapshots.answer("load", found)
    working = Working(snapshots=snapshots)
    with pytest.raises(SwapRefused) as refused:
        await working.swap({"job/1": STATE})
    assert refused.value.fault is SwapFault.RECORD_CHANGED
    assert working.compiler.orders == []
