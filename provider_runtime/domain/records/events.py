"""Lifecycle events: a call started, was cleared, tried, retried, refused, failed, cancelled, answered."""

from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Final

from attrs import frozen

from provider_runtime.domain.forms import Form
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.outside_names import are_names, name_or_mark


class EventKind(StrEnum):
    """What happened."""

    CALL_STARTED = "call_started"
    CALL_CLEARED = "call_cleared"  # every gate let it through; what follows leaves the process
    ATTEMPT_STARTED = "attempt_started"
    ATTEMPT_FAILED = "attempt_failed"
    CALL_PASSED_ON = "call_passed_on"  # to the next alternative
    CALL_REFUSED = "call_refused"
    CALL_FAILED = "call_failed"
    CALL_CANCELLED = "call_cancelled"
    CALL_ANSWERED = "call_answered"
    PROFILE_SELECTED = "profile_selected"  # a runtime works under a profile from now on
    PROFILE_CHANGED = "profile_changed"  # under another one than before
    PROFILE_RESOLVED = "profile_resolved"  # one role of it, and the model that plays it
    SWAP_REQUESTED = "swap_requested"
    SWAP_COMPLETED = "swap_completed"
    SWAP_FAILED = "swap_failed"
    SWAP_TIMED_OUT = "swap_timed_out"
    SWAP_ROLLED_BACK = "swap_rolled_back"
    BUDGET_WARNING = "budget_warning"  # four fifths of a budget are taken
    BUDGET_EXCEEDED = "budget_exceeded"  # a budget has less left than was wanted
    CLOUD_REQUESTED = "cloud_requested"  # a person is asked for consent
    CLOUD_APPROVED = "cloud_approved"
    CLOUD_DENIED = "cloud_denied"  # by a person, by policy, or for want of consent
    CLOUD_EXECUTED = "cloud_executed"  # a call was sent on a consent
    RUNTIME_ACTIVATED = "runtime_activated"
    RUNTIME_RECONFIGURED = "runtime_reconfigured"
    RUNTIME_RESET = "runtime_reset"
    RUNTIME_DISPOSED = "runtime_disposed"


ENDINGS = frozenset((EventKind.CALL_REFUSED, EventKind.CALL_FAILED, EventKind.CALL_CANCELLED, EventKind.CALL_ANSWERED))
"""The kinds that end a call: each call that started has exactly one."""


# What comes from outside, and is a name only if it has the shape of one.
_FROM_OUTSIDE: Final = (
    "model_asked",
    "model_answered",
    "response_id",
    "provider_request_id",
    "swap_id",
    "swap_from",
    "swap_to",
    "swap_reason",
    "job_id",
    "budget_owner",
    "consent_id",
    "consent_request_id",
    "projection_plan_id",
    "consent_reason",
    "outcome",
)
_said: Final = attrgetter(*_FROM_OUTSIDE)


@frozen(kw_only=True, slots=False)  # a call makes four of them, by a form: see ``EVENT_FORM``
class LifecycleEvent:
    """One step in the life of a call or a runtime: ids, codes, counts and durations, never text.

    These fields are the allow-list: what is not here reaches no sink. ``at`` is the time of day,
    ``duration_s`` of the call or the attempt. ``attempt`` counts from 1 over all alternatives;
    the id of an attempt is ``call_id:attempt``. ``request_digest`` is keyed, as in receipts.
    ``labels`` are the caller's, each ``name=value``. Token counts are the provider's: ``0`` is
    what it said, ``None`` that it said nothing. A model or an id that came from outside, and has not
    the shape of a name, is ``?``. ``swap_from`` and ``swap_to`` are models as ``provider:model``;
    ``swap_reason`` is the requester's, where it has the shape of a name. The amounts of a budget are
    whole numbers of its unit. ``recalled_from`` is ``memo`` or ``replay`` where an answer was kept and nobody
    was asked. ``consent_id`` is the consent that a call was made on, or that came nearest to it.
    Source: semantics C.7, C.8, C.9, D.6.
    """

    kind: EventKind
    runtime_id: RuntimeId
    call_id: CallId | None = None
    at: datetime | None = None
    trace_id: str | None = None
    conversation_id: str | None = None
    labels: tuple[str, ...] = ()
    provider: str | None = None
    provider_kind: str | None = None
    tier: str | None = None
    origin: str | None = None
    model_asked: str | None = None
    model_answered: str | None = None
    attempt: int | None = None
    duration_s: float | None = None
    wait_s: float | None = None
    status_code: int | None = None
    error_code: str | None = None
    retry_denied_by: str | None = None
    finish_reason: str | None = None
    response_id: str | None = None
    provider_request_id: str | None = None
    request_digest: str | None = None
    request_bytes: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    total_tokens: int | None = None
    cost_nano_usd: int | None = None
    warnings: tuple[str, ...] = ()
    role: str | None = None
    profile_id: str | None = None
    previous_profile_id: str | None = None
    automation: str | None = None
    cloud_escalation: bool | None = None
    swap_id: str | None = None
    swap_from: str | None = None
    swap_to: str | None = None
    swap_strategy: str | None = None
    swap_reason: str | None = None
    job_id: str | None = None
    state_hash: str | None = None
    budget: str | None = None
    budget_owner: str | None = None
    budget_unit: str | None = None
    budget_limit: int | None = None
    budget_taken: int | None = None
    recalled_from: str | None = None
    consent_id: str | None = None
    consent_request_id: str | None = None
    projection_plan_id: str | None = None
    consent_scope: str | None = None
    consent_reason: str | None = None
    session_ids: tuple[str, ...] = ()
    outcome: str | None = None

    def __attrs_post_init__(self) -> None:
        # One look at all of them: a converter each would be called for every field that says nothing, too.
        said = _said(self)
        if not are_names(said):
            for name, text in zip(_FROM_OUTSIDE, said, strict=True):
                object.__setattr__(self, name, name_or_mark(text))


EVENT_FORM: Final = Form(LifecycleEvent)
"""For the four events of each call. Names from outside are filled in as ``name_or_mark`` leaves them."""
