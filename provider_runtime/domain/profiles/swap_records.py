"""What a swap leaves behind: the record of each, and what a job has come to by them. Pure."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from attrs import evolve, field, frozen

from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import SwapFault
from provider_runtime.domain.identity import Role
from provider_runtime.domain.json_values import JsonObject, JsonValue, freeze_object
from provider_runtime.domain.profiles.swapping import ModelFootprint, ModelSwapRequest, SwapPolicy, SwapState
from provider_runtime.domain.records.state import State, digest_of_state

SNAPSHOT_REF: Final = "snapshot:"
"""What a reference begins with that means the state of a snapshot."""
_JOB_FIELDS: Final = frozenset(("swaps", "cloud_escalations", "current"))


def hash_of_states(states: Mapping[str, State]) -> str:
    """What a request names as ``state_hash``: SHA-256 over each reference and the digest of its state, in order.

    The references are those of ``ModelSwapRequest.state_refs``; a leading slash does not count.
    """
    digests = {ref.removeprefix("/"): digest_of_state(state) for ref, state in states.items()}
    return sha256("".join(f"{ref}\n{digests[ref]}\n" for ref in sorted(digests)).encode()).hexdigest()


def id_of_swap(request_id: str) -> str:
    """Where the record of a swap is kept."""
    return f"swap:{request_id}"


def id_of_job(job: str) -> str:
    """Where it is kept what a job has come to."""
    return f"swaps:{job}"


def name_of_snapshot(request_id: str, ref: str) -> str:
    """Under which name a swap leaves a snapshot of the state ``ref`` behind."""
    return f"{id_of_swap(request_id)}:{ref}"


def snapshot_named_in(ref: str) -> str | None:
    """The name of the snapshot that a reference means; ``None``: it means a state."""
    return ref.removeprefix(SNAPSHOT_REF) if ref.startswith(SNAPSHOT_REF) else None


def record_of_swap(request: ModelSwapRequest, state: SwapState, error_code: str | None = None) -> State:
    """The request without its hash, and how far it has come."""
    requester = request.requester
    asked: dict[str, object] = {
        "schema_version": request.schema_version,
        "request_id": request.request_id,
        "current": str(request.current),
        "target": str(request.target),
        "role": request.role,
        "reason": request.reason,
        "state_refs": request.state_refs,
        "context_ref": request.context_ref,
        "requester": {
            "subsystem": requester.subsystem.value,
            "job_id": requester.job_id,
            "wp_id": requester.wp_id,
            "mt_id": requester.mt_id,
        },
        "priority": request.priority.value,
        "strategy": request.strategy.value,
        "max_vram_mb": request.max_vram_mb,
        "max_ram_mb": request.max_ram_mb,
        "timeout_ms": request.timeout_ms,
        "metadata": request.metadata,
    }
    return State(control=freeze_object(asked), env=freeze_object({"state": state.value, "error_code": error_code}))


@frozen(kw_only=True)
class JobSwaps:
    """What swaps have made of one job: how many were begun, how many of them led to the cloud, who plays what now."""

    swaps: int = 0
    cloud_escalations: int = 0
    current: Mapping[Role, ModelRef] = field(factory=dict)

    def one_more(self) -> "JobSwaps":
        """A swap was begun."""
        return evolve(self, swaps=self.swaps + 1)

    def completed(self, role: Role, model: ModelRef, *, escalated: bool) -> "JobSwaps":
        """``model`` plays ``role`` from now on."""
        return evolve(
            self,
            cloud_escalations=self.cloud_escalations + escalated,
            current={**self.current, role: model},
        )


def record_of_job(job: JobSwaps) -> State:
    """What is kept of a job."""
    current = {role: str(model) for role, model in sorted(job.current.items())}
    return State(
        control=freeze_object({"swaps": job.swaps, "cloud_escalations": job.cloud_escalations, "current": current})
    )


def job_in(record: State | None) -> JobSwaps | None:
    """What ``record_of_job`` kept; a job without a record has swapped nothing. ``None``: this is no such record."""
    if record is None:
        return JobSwaps()
    kept = record.control
    if not isinstance(kept, JsonObject) or set(kept) != _JOB_FIELDS or not isinstance(kept["current"], JsonObject):
        return None
    swaps, escalations = _count(kept["swaps"]), _count(kept["cloud_escalations"])
    try:
        current = {Role(role): ModelRef.parse(str(model)) for role, model in kept["current"].items()}
    except ValueError:
        return None
    if swaps is None or escalations is None:
        return None
    return JobSwaps(swaps=swaps, cloud_escalations=escalations, current=current)


def _count(value: JsonValue) -> int | None:
    return value if type(value) is int and value >= 0 else None


def fault_of_count(job: JobSwaps, policy: SwapPolicy) -> SwapFault | None:
    """Why a job that has begun this many swaps, this one included, may not go on; or ``None``."""
    if not policy.allow_swaps:
        return SwapFault.DISALLOWED
    return SwapFault.LIMIT_EXCEEDED if job.swaps > policy.max_swaps_per_job else None


def fault_of_memory(request: ModelSwapRequest, needs: ModelFootprint | None) -> SwapFault | None:
    """Why a local target does not fit into the bounds of the request; or ``None``. Without bounds everything fits."""
    bounds = (request.max_vram_mb, request.max_ram_mb)
    if bounds == (None, None):
        return None
    if needs is None:
        return SwapFault.BUDGET_EXCEEDED
    for bound, need in zip(bounds, (needs.vram_mb, needs.ram_mb), strict=True):
        if bound is not None and (bound == 0 or bound < need):
            return SwapFault.BUDGET_EXCEEDED
    return None
