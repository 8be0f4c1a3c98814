"""The events of a call, each made from what is known when it happens."""

from datetime import datetime
from typing import Any, Final

from provider_runtime.application.accounting.recording import Stages, asked_of
from provider_runtime.application.call import Call, ClearedCall
from provider_runtime.domain.conversation.response import Attempt, PassedOver, ProviderResponse
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.policy.consent.verdicts import Granted
from provider_runtime.domain.records.events import EVENT_FORM, EventKind, LifecycleEvent
from provider_runtime.domain.records.outside_names import Names, name_or_mark
from provider_runtime.domain.records.receipts import CallOutcome, CallRecord

# Looked up once: a member of an enum costs as much as a fifth of its event.
_STARTED: Final = EventKind.CALL_STARTED
_CLEARED: Final = EventKind.CALL_CLEARED
_ATTEMPT: Final = EventKind.ATTEMPT_STARTED
_EXECUTED: Final = EventKind.CLOUD_EXECUTED
_ENDED: Final = {
    CallOutcome.ANSWERED: EventKind.CALL_ANSWERED,
    CallOutcome.REFUSED: EventKind.CALL_REFUSED,
    CallOutcome.FAILED: EventKind.CALL_FAILED,
    CallOutcome.CANCELLED: EventKind.CALL_CANCELLED,
}


def call_started(call: Call, names: Names) -> LifecycleEvent:
    """A call has begun: its name, and the model that was asked for."""
    model, role, _ = asked_of(call, names)
    said = {"conversation_id": call.terms.options.conversation_id, "model_asked": model, "role": role}
    return _event(call, _STARTED, call.started_at, said)


def call_cleared(cleared: ClearedCall, digest: str, names: Names, at: datetime) -> LifecycleEvent:
    """Every gate let the call through: where it goes, how large it is, and how it shall be answered."""
    prepared = cleared.prepared
    routed = prepared.routed
    call, provider = routed.call, routed.provider
    asked = call.terms.parameters.applied_to(call.request)
    _, role, profile_id = asked_of(call, names)
    said = {
        "conversation_id": call.terms.options.conversation_id,
        "provider": provider.config.provider_id,
        "provider_kind": provider.kind_text,
        "tier": provider.tier_text,
        "origin": provider.origin_text,
        "model_asked": names[routed.route.model_id],
        "request_digest": digest,
        "request_bytes": len(prepared.exchange.body),
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "max_output_tokens": asked.max_output_tokens,
        "role": role,
        "profile_id": profile_id,
    }
    return _event(call, _CLEARED, at, said)


def attempt_started(cleared: ClearedCall, number: int, wait_s: float, names: Names, at: datetime) -> LifecycleEvent:
    """Attempt ``number`` begins, after a wait of ``wait_s``."""
    routed = cleared.prepared.routed
    route = routed.route
    said = {
        "provider": route.provider_id,
        "model_asked": names[route.model_id],
        "attempt": number,
        "wait_s": wait_s,
    }
    return _event(routed.call, _ATTEMPT, at, said)


def attempt_failed(cleared: ClearedCall, error: ProviderError, attempt: Attempt, at: datetime) -> LifecycleEvent:
    """An attempt failed; ``retry_denied_by`` is set when no other follows."""
    route = cleared.prepared.routed.route
    said = {
        "provider": route.provider_id,
        "model_asked": name_or_mark(route.model_id),
        "attempt": attempt.number,
        "duration_s": attempt.duration_s,
        "status_code": attempt.status_code,
        "error_code": error.code.value,
        "retry_denied_by": error.retry_denied_by,
        "provider_request_id": name_or_mark(error.request_id),
    }
    return _event(cleared.prepared.routed.call, EventKind.ATTEMPT_FAILED, at, said)


def call_passed_on(call: Call, passed_over: PassedOver, at: datetime) -> LifecycleEvent:
    """One alternative did not answer, and the next is asked."""
    said = {
        "provider": passed_over.provider,
        "model_asked": name_or_mark(passed_over.model_id),
        "error_code": passed_over.code,
    }
    return _event(call, EventKind.CALL_PASSED_ON, at, said)


def call_ended(
    facts: dict[str, Any],
    record: CallRecord,
    stages: Stages,
    response: ProviderResponse | None,
    duration_s: float,
    at: datetime,
) -> LifecycleEvent:
    """How the call ended, with everything that is known of it. ``facts`` are the event's own from now on."""
    call, routed, _prepared, _cleared = stages
    facts["conversation_id"] = call.terms.options.conversation_id
    facts["attempt"] = len(record.attempts) or None
    facts["duration_s"] = duration_s
    if routed is not None:
        facts["provider_kind"] = routed.provider.kind_text
    if response is not None:
        usage, asked = response.usage, record.attempts
        facts["response_id"] = name_or_mark(response.response_id)
        # Of an answer that was kept nobody was asked; else the last attempt brought it, and was looked at.
        facts["provider_request_id"] = (
            asked[-1].provider_request_id if asked else name_or_mark(response.provider_request_id)
        )
        facts["cached_input_tokens"] = usage.cached_input_tokens
        facts["cache_write_tokens"] = usage.cache_write_tokens
        facts["reasoning_tokens"] = usage.reasoning_tokens
        facts["total_tokens"] = usage.total_tokens
    return _event(call, _ENDED[record.outcome], at, facts)


def cloud_executed(call: Call, granted: Granted, outcome: str, names: Names, at: datetime) -> LifecycleEvent:
    """A call was sent on a consent; ``outcome`` says how it ended. Source: semantics C.9, FR-EVT-CLOUD-004."""
    receipt, subject = granted.receipt, granted.subject
    said = {
        "conversation_id": subject.session,
        "provider": subject.provider,
        "tier": str(subject.tier),
        "origin": subject.origin,
        "model_asked": names[subject.model],
        "profile_id": subject.profile,
        "consent_id": names[receipt.consent_id],
        "consent_request_id": names[receipt.request_id],
        "projection_plan_id": names[receipt.plan_id],
        "consent_scope": str(receipt.scope),
        "session_ids": receipt.session_ids,
        "outcome": outcome,
    }
    return _event(call, _EXECUTED, at, said)


def _event(call: Call, kind: EventKind, at: datetime, said: dict[str, Any]) -> LifecycleEvent:
    """The event of a call that says this, and what every event of a call says."""
    terms = call.terms
    said["kind"] = kind
    said["runtime_id"] = call.runtime_id
    said["call_id"] = call.call_id
    said["at"] = at
    if (trace_id := terms.options.trace_id) is not None:
        said["trace_id"] = trace_id
    if terms.labels:
        said["labels"] = terms.labels
    return EVENT_FORM.filled(said)
