"""Strategies for what stores keep: sessions, snapshots, steps."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from provider_runtime.domain.records.sessions import (
    Breakpoint,
    CheckpointReason,
    Definition,
    SessionData,
    SessionEvent,
    SessionEventKind,
    SessionState,
    checkpoint,
)
from provider_runtime.domain.records.snapshots import MachineSnapshot, SnapshotStatus
from provider_runtime.domain.records.traces import StepOutcome, TraceEntry
from provider_runtime.testing.strategies.profiles import states
from provider_runtime.testing.strategies.values import few, json_objects, json_values, moments, names, perhaps, texts


def counts() -> SearchStrategy[int]:
    """Whole numbers from zero."""
    return st.integers(0, 2**40)


def session_data() -> SearchStrategy[SessionData]:
    """Sessions of any contents."""
    return st.builds(
        SessionData,
        state=st.sampled_from(SessionState),
        started_at=perhaps(moments()),
        ended_at=perhaps(moments()),
        config=json_objects(),
        defs=few(st.builds(Definition, name=names(), form=json_values())),
        debug_mode=st.booleans(),
        debug_code=perhaps(texts()),
        step_count=counts(),
        trace_length=counts(),
        breakpoints=few(st.builds(Breakpoint, breakpoint_id=counts(), location=texts(), enabled=st.booleans())),
        next_breakpoint_id=counts(),
        recording_enabled=st.booleans(),
    )


def session_events() -> SearchStrategy[SessionEvent]:
    """Events of any kind; a good part of them checkpoints."""
    kinds = st.sampled_from([kind for kind in SessionEventKind if kind is not SessionEventKind.CHECKPOINT])
    plain = st.builds(SessionEvent, kind=kinds, preview=texts(), data=json_objects())
    return plain | st.builds(checkpoint, states(), st.sampled_from(CheckpointReason))


def machine_snapshots() -> SearchStrategy[MachineSnapshot]:
    """Snapshots of any contents."""
    return st.sampled_from(SnapshotStatus).flatmap(
        lambda status: st.builds(
            MachineSnapshot,
            state=states(),
            step=counts(),
            taken_at=moments(),
            status=st.just(status),
            call_stack=few(names()),
            pending_effect=json_objects() if status is SnapshotStatus.EFFECT else st.none(),
            result=json_values(),
            error=perhaps(texts()),
            extras=json_objects(),
            description=texts(),
            tags=few(names()),
        )
    )


def trace_entries() -> SearchStrategy[TraceEntry]:
    """Steps of any outcome."""
    return st.sampled_from(StepOutcome).flatmap(
        lambda outcome: st.builds(
            TraceEntry,
            step=counts(),
            control_tag=names(),
            control_detail=texts(),
            stack_depth=counts(),
            stack_tags=few(names()),
            outcome=st.just(outcome),
            op_name=names() if outcome is StepOutcome.OP else st.none(),
        )
    )
