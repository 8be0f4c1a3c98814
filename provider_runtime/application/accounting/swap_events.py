"""The events of a swap of models."""

from datetime import datetime

from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.identity import ProfileId, RuntimeId
from provider_runtime.domain.profiles.swapping import ModelSwapRequest, SwapState
from provider_runtime.domain.records.events import EventKind, LifecycleEvent

_ENDED = {
    SwapState.COMPLETED: EventKind.SWAP_COMPLETED,
    SwapState.FAILED: EventKind.SWAP_FAILED,
    SwapState.TIMED_OUT: EventKind.SWAP_TIMED_OUT,
    SwapState.ROLLED_BACK: EventKind.SWAP_ROLLED_BACK,
}


def swap_requested(
    runtime_id: RuntimeId, request: ModelSwapRequest, target: ModelRef, profile_id: ProfileId | None, at: datetime
) -> LifecycleEvent:
    """The state is kept and verified; ``target`` is another than the request's where a fallback is tried."""
    return LifecycleEvent(
        kind=EventKind.SWAP_REQUESTED,
        runtime_id=runtime_id,
        at=at,
        labels=tuple(f"{name}={value}" for name, value in request.metadata.items()),
        role=request.role,
        profile_id=profile_id,
        swap_id=request.request_id,
        swap_from=str(request.current),
        swap_to=str(target),
        swap_strategy=request.strategy.value,
        swap_reason=request.reason,
        job_id=request.requester.job,
        state_hash=request.state_hash,
    )


def swap_ended(
    state: SwapState,
    runtime_id: RuntimeId,
    request: ModelSwapRequest,
    target: ModelRef,
    at: datetime,
    *,
    duration_s: float,
    error_code: str | None = None,
) -> LifecycleEvent:
    """A swap came about; or it did not, and why; or the old model stays."""
    return LifecycleEvent(
        kind=_ENDED[state],
        runtime_id=runtime_id,
        at=at,
        duration_s=duration_s,
        error_code=error_code,
        role=request.role,
        swap_id=request.request_id,
        swap_from=str(request.current),
        swap_to=str(target),
        job_id=request.requester.job,
    )
