"""ModelSwapRequest: another model for work that is under way, and what becomes of it."""

import re
from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

from attrs import Attribute, field, frozen
from attrs.validators import and_, max_len, optional

from provider_runtime.domain.calls.labels import check_labels
from provider_runtime.domain.checks import FLAG, TEXT, is_a, whole
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.errors import SwapFault
from provider_runtime.domain.identity import Role
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, sorted_object, tuple_of

SWAP_SCHEMA: Final = "hsk.model_swap@0.4"
MAX_REFS: Final = 256
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")
_JOB_ID: Final = re.compile(r"[A-Za-z0-9_.:@+-]{1,128}\Z")
_REF: Final = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|\Z))[A-Za-z0-9_.:@+~=-]+(?:/[A-Za-z0-9_.:@+~=-]+)*\Z")
_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")
RESERVED_REFS: Final = ("swap:", "swaps:")
"""What the ids of our own records begin with: no request may name one as its state."""


class SwapPriority(StrEnum):
    """How much it matters. Kept for records; swaps of one job take place in the order they were asked for."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class SwapStrategy(StrEnum):
    """What becomes of the model that is given up, where this machine holds it. Kept for whoever loads models."""

    UNLOAD_RELOAD = "unload_reload"
    KEEP_HOT_SWAP = "keep_hot_swap"
    DISK_OFFLOAD = "disk_offload"


class SwapSubsystem(StrEnum):
    """Which part of a system asks."""

    MT_EXECUTOR = "mt_executor"
    GOVERNANCE = "governance"
    UI = "ui"
    ORCHESTRATOR = "orchestrator"


class OnSwapFailure(StrEnum):
    """What follows when a swap that was allowed does not come about."""

    ABORT = "abort"  # the error is raised
    CONTINUE_WITH_CURRENT = "continue_with_current"  # the work goes on with the model it had
    ESCALATE_TO_CLOUD = "escalate_to_cloud"  # the role's fallback is tried, if it is a cloud model; else as abort


class SwapState(StrEnum):
    """How far a swap has come."""

    REQUESTED = "requested"
    PERSISTED = "persisted"
    VERIFIED = "verified"
    SWAPPING = "swapping"
    COMPILING = "compiling"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ROLLED_BACK = "rolled_back"

    def may_become(self, later: "SwapState") -> bool:
        """Whether a swap in this state may be in that one next."""
        return later in _NEXT[self]


_UNDER_WAY: Final = (
    *(SwapState.REQUESTED, SwapState.PERSISTED, SwapState.VERIFIED, SwapState.SWAPPING, SwapState.COMPILING),
)
_ENDED_BADLY: Final = (SwapState.FAILED, SwapState.TIMED_OUT)
_NEXT: Final = {
    **{state: (later, *_ENDED_BADLY) for state, later in pairwise(_UNDER_WAY)},
    SwapState.COMPILING: (SwapState.COMPLETED, *_ENDED_BADLY),
    SwapState.FAILED: (SwapState.ROLLED_BACK, SwapState.SWAPPING),  # the latter for another target
    SwapState.TIMED_OUT: (SwapState.ROLLED_BACK, SwapState.SWAPPING),
    SwapState.COMPLETED: (),
    SwapState.ROLLED_BACK: (),
}


@frozen(kw_only=True)
class ModelFootprint:
    """The least memory that a model needs, in mebibytes."""

    vram_mb: int = field(validator=whole(0))
    ram_mb: int = field(validator=whole(0))


def _shaped(pattern: re.Pattern[str], meaning: str) -> Any:
    def check(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if not isinstance(value, str) or not pattern.match(value):
            raise ValueError(f"{attribute.name} must be {meaning}")

    return check


_job_id: Final = optional(_shaped(_JOB_ID, "1 to 128 letters, digits or any of _.:@+-"))


@frozen(kw_only=True)
class SwapRequester:
    """Who asks: a part of the system, and the job, work packet and micro task for which."""

    subsystem: SwapSubsystem = field(converter=SwapSubsystem)
    job_id: str | None = field(default=None, validator=_job_id)
    wp_id: str | None = field(default=None, validator=_job_id)
    mt_id: str | None = field(default=None, validator=_job_id)

    @property
    def job(self) -> str:
        """What swaps are counted for: the job, and without one the part of the system."""
        return self.job_id or f"subsystem:{self.subsystem.value}"


def _model_ref(model: object) -> object:
    return ModelRef.parse(model) if isinstance(model, str) else model


def _is_a_model(_instance: object, attribute: "Attribute[Any]", model: ModelRef) -> None:
    if model.provider_hint is None or model.role is not None or len(str(model)) > 256:
        raise ValueError(f"{attribute.name} must name provider and model, as in ollama:llama3, in 256 characters")


def _refs(values: Any) -> tuple[object, ...]:
    """Each once, in order; one leading slash is the root that they all begin at."""
    given = tuple_of(values)
    return tuple(sorted({str(value).removeprefix("/") for value in given})) if _are_texts(given) else given


def _are_texts(values: tuple[object, ...]) -> bool:
    return all(isinstance(value, str) for value in values)


def _check_refs(_instance: object, attribute: "Attribute[Any]", refs: tuple[object, ...]) -> None:
    if not 1 <= len(refs) <= MAX_REFS:
        raise ValueError(f"{attribute.name} must name 1 to {MAX_REFS} states")
    for ref in refs:
        if not isinstance(ref, str) or len(ref) > 512 or not _REF.match(ref) or ref.startswith(RESERVED_REFS):
            raise ValueError(
                f"{attribute.name}: a state is named by a path of 1 to 512 letters, digits or any of _.:@+~=-, "
                "without . and .. as steps, and not by a record of a swap"
            )


@frozen(kw_only=True)
class ModelSwapRequest:
    """Another model for a job: ``target`` in the place of ``current``, which the job has in ``role`` now.

    ``state_refs`` name the states, in the ``StateProvider`` of the runtime, from which the work is
    taken up; ``state_hash`` is what ``hash_of_states`` gives for them. ``context_ref`` names the
    recipe for the ``ContextCompiler``. ``max_vram_mb`` and ``max_ram_mb`` bound a local target, in
    mebibytes. ``timeout_ms`` bounds the whole swap; ``None``: the policy does. ``reason`` is for
    records; events show it only where it has the shape of a name. ``metadata`` are labels.
    Raises ``ValueError`` or ``TypeError`` naming the field. Source: semantics C.7.
    """

    request_id: str = field(validator=_shaped(_REQUEST_ID, "1 to 256 letters, digits, _ or -"))
    current: ModelRef = field(converter=_model_ref, validator=(is_a(ModelRef), _is_a_model))
    target: ModelRef = field(converter=_model_ref, validator=(is_a(ModelRef), _is_a_model))
    role: Role = field(converter=Role)
    reason: str = field(validator=and_(TEXT, max_len(1024)))
    state_refs: tuple[str, ...] = field(converter=_refs, validator=_check_refs)
    state_hash: str = field(validator=_shaped(_SHA256, "64 lower-case hexadecimal digits"))
    context_ref: str = field(validator=_shaped(_REF, "a path of letters, digits or any of _.:@+~=-"))
    requester: SwapRequester = field(validator=is_a(SwapRequester))
    priority: SwapPriority = field(default=SwapPriority.NORMAL, converter=SwapPriority)
    strategy: SwapStrategy = field(default=SwapStrategy.UNLOAD_RELOAD, converter=SwapStrategy)
    max_vram_mb: int | None = field(default=None, validator=optional(whole(0)))
    max_ram_mb: int | None = field(default=None, validator=optional(whole(0)))
    timeout_ms: int | None = field(default=None, validator=optional(whole(0, 86_400_000)))
    metadata: JsonObject = field(default=EMPTY_OBJECT, converter=sorted_object, validator=check_labels)
    schema_version: str = field(default=SWAP_SCHEMA)

    def __attrs_post_init__(self) -> None:
        if self.target == self.current:
            raise ValueError("target must be another model than current")

    @reason.validator
    def _says_something(self, _attribute: "Attribute[str]", reason: str) -> None:
        if not reason.strip():
            raise ValueError("reason must not be blank")

    @context_ref.validator
    def _fits(self, _attribute: "Attribute[str]", context_ref: str) -> None:
        if len(context_ref) > 512:
            raise ValueError("context_ref must be 512 characters at most")

    @schema_version.validator
    def _is_known(self, _attribute: "Attribute[str]", schema_version: object) -> None:
        if schema_version != SWAP_SCHEMA:
            raise ValueError(f"schema_version must be {SWAP_SCHEMA}")


def _footprints(given: Mapping[ModelRef | str, ModelFootprint]) -> Mapping[ModelRef, ModelFootprint]:
    """A copy that cannot be written to."""
    known = {ModelRef.parse(model) if isinstance(model, str) else model: needs for model, needs in given.items()}
    if not all(isinstance(needs, ModelFootprint) for needs in known.values()):
        raise TypeError("footprints must map models to ModelFootprint")
    return MappingProxyType(known)


@frozen(kw_only=True)
class SwapPolicy:
    """What a runtime allows of swaps.

    ``max_swaps_per_job`` counts every swap that was begun, completed or not: what fails again and
    again must end. ``swap_timeout_ms`` holds where a request says nothing. ``footprints`` are the
    least memory that local models need, by ``provider:model``: a request that bounds memory is
    refused for a target of which that is not known. Source: semantics C.7.
    """

    allow_swaps: bool = field(default=True, validator=FLAG)
    max_swaps_per_job: int = field(default=10, validator=whole(0))
    swap_timeout_ms: int = field(default=300_000, validator=whole(0, 86_400_000))
    on_failure: OnSwapFailure = field(default=OnSwapFailure.ABORT, converter=OnSwapFailure)
    footprints: Mapping[ModelRef, ModelFootprint] = field(factory=dict, converter=_footprints, hash=False)


@frozen(kw_only=True)
class ModelSwap:
    """What became of a swap.

    ``model`` is what the job asks from now on: the target in its role, or the model it had before.
    ``request`` is the fresh context, addressed to it: there only if the swap was completed.
    ``fault`` says why it was not.
    """

    request_id: str
    state: SwapState
    model: ModelRef
    request: ProviderRequest | None = field(default=None, repr=False)
    fault: SwapFault | None = None
    error_code: str | None = None

    @property
    def completed(self) -> bool:
        """Whether the target answers from now on."""
        return self.state is SwapState.COMPLETED
