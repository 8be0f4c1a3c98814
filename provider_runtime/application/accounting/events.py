"""The events of a call, each made from what is known when it happens."""

from datetime import datetime
from typing import Any, Final

from provider_runtime.application.accounting.recording import model_asked_of, role_of
from provider_runtime.application.call import Call, ClearedCall
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.conversation.response import Attempt, PassedOver, ProviderResponse
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.policy.consent.verdicts import Granted
from provider_runtime.domain.records.events import EVENT_FORM, EventKind, LifecycleEvent
from provider_runtime.domain.records.outside_names import Names, are_names, name_or_mark
from provider_runtime.domain.records.receipts import CallOutcome, CallRecord

_ENDED: Final = {
    CallOutcome.ANSWERED: EventKind.CALL_ANSWERED,
    CallOutcome.REFUSED: EventKind.CALL_REFUSED,
    CallOutcome.FAILED: EventKind.CALL_FAILED,
    CallOutcome.CANCELLED: EventKind.CALL_CANCELLED,
}


def call_started(call: Call, names: Names) -> LifecycleEvent:
    """A call has begun: its name, and the model that was asked for."""
    said = _said_of(call, EventKind.CALL_STARTED, call.started_at)
    said["conversation_id"] = call.terms.options.conversation_id
    said["model_asked"] = model_asked_of(call, names)
    said["role"] = role_of(call)
    return EVENT_FORM.filled(said)


def call_cleared(cleared: ClearedCall, digest: str, names: Names, at: datetime) -> LifecycleEvent:
    """Every gate let the call through: where it goes, how large it is, and how it shall be answered."""
    prepared = cleared.prepared
    routed = prepared.routed
    call, provider = routed.call, routed.provider
    asked = call.terms.parameters.applied_to(call.request)
    said = _said_of(call, EventKind.CALL_CLEARED, at)
    said["conversation_id"] = call.terms.options.conversation_id
    said["provider"] = provider.config.provider_id
    said["provider_kind"] = str(provider.config.kind)
    said["tier"] = str(provider.config.tier)
    said["origin"] = provider.origin_text
    said["model_asked"] = names[routed.route.model_id]
    said["request_digest"] = digest
    said["request_bytes"] = len(prepared.exchange.body)
    said["temperature"] = asked.temperature
    said["top_p"] = asked.top_p
    said["max_output_tokens"] = asked.max_output_tokens
    said["role"] = role_of(call)
    said["profile_id"] = None if call.played is None else call.played.profile_id
    return EVENT_FORM.filled(said)


def attempt_started(cleared: ClearedCall, number: int, wait_s: float, at: datetime) -> LifecycleEvent:
    """Attempt ``number`` begins, after a wait of ``wait_s``."""
    routed = cleared.prepared.routed
    said = _said_of(routed.call, EventKind.ATTEMPT_STARTED, at)
    said["provider"] = routed.route.provider_id
    said["model_asked"] = name_or_mark(routed.route.model_id)
    said["attempt"] = number
    said["wait_s"] = wait_s
    return EVENT_FORM.filled(said)


def attempt_failed(cleared: ClearedCall, error: ProviderError, attempt: Attempt, at: datetime) -> LifecycleEvent:
    """An attempt failed; ``retry_denied_by`` is set when no other follows."""
    routed = cleared.prepared.routed
    said = _said_of(routed.call, EventKind.ATTEMPT_FAILED, at)
    said["provider"] = routed.route.provider_id
    said["model_asked"] = name_or_mark(routed.route.model_id)
    said["attempt"] = attempt.number
    said["duration_s"] = attempt.duration_s
    said["status_code"] = attempt.status_code
    said["error_code"] = error.code.value
    said["retry_denied_by"] = error.retry_denied_by
    said["provider_request_id"] = name_or_mark(error.request_id)
    return EVENT_FORM.filled(said)


def call_passed_on(call: Call, passed_over: PassedOver, at: datetime) -> LifecycleEvent:
    """One alternative did not answer, and the next is asked."""
    said = _said_of(call, EventKind.CALL_PASSED_ON, at)
    said["provider"] = passed_over.provider
    said["model_asked"] = name_or_mark(passed_over.model_id)
    said["error_code"] = passed_over.code
    return EVENT_FORM.filled(said)


def call_ended(
    record: CallRecord,
    call: Call,
    config: ProviderConfig | None,
    response: ProviderResponse | None,
    duration_s: float,
    names: Names,
    at: datetime,
) -> LifecycleEvent:
    """How the call ended, with everything that is known of it."""
    said = _said_of(call, _ENDED[record.outcome], at)
    said["conversation_id"] = call.terms.options.conversation_id
    said["provider"] = record.provider
    said["provider_kind"] = None if config is None else str(config.kind)
    said["tier"] = record.tier
    said["origin"] = record.origin
    said["model_asked"] = record.model_asked
    said["model_answered"] = record.model_answered
    said["attempt"] = len(record.attempts) or None
    said["duration_s"] = duration_s
    said["error_code"] = record.error_code
    said["finish_reason"] = record.finish_reason
    said["request_digest"] = record.request_digest
    said["input_tokens"] = record.input_tokens
    said["output_tokens"] = record.output_tokens
    said["cost_nano_usd"] = record.cost_nano_usd
    said["warnings"] = record.warnings
    said["role"] = record.role
    said["profile_id"] = record.profile_id
    said["recalled_from"] = record.recalled_from
    said["consent_id"] = record.consent_id
    if response is not None:
        usage = response.usage
        said["response_id"] = names[response.response_id]
        said["provider_request_id"] = names[response.provider_request_id]
        said["cached_input_tokens"] = usage.cached_input_tokens
        said["cache_write_tokens"] = usage.cache_write_tokens
        said["reasoning_tokens"] = usage.reasoning_tokens
        said["total_tokens"] = usage.total_tokens
    return EVENT_FORM.filled(said)


def cloud_executed(call: Call, granted: Granted, outcome: str, at: datetime) -> LifecycleEvent:
    """A call was sent on a consent; ``outcome`` says how it ended. Source: semantics C.9, FR-EVT-CLOUD-004."""
    receipt, subject = granted.receipt, granted.subject
    names = (subject.model, receipt.consent_id, receipt.request_id, receipt.plan_id)
    model, consent_id, request_id, plan_id = names if are_names(names) else map(name_or_mark, names)
    said = _said_of(call, EventKind.CLOUD_EXECUTED, at)
    said["conversation_id"] = subject.session
    said["provider"] = subject.provider
    said["tier"] = str(subject.tier)
    said["origin"] = subject.origin
    said["model_asked"] = model
    said["profile_id"] = subject.profile
    said["consent_id"] = consent_id
    said["consent_request_id"] = request_id
    said["projection_plan_id"] = plan_id
    said["consent_scope"] = str(receipt.scope)
    said["session_ids"] = receipt.session_ids
    said["outcome"] = outcome
    return EVENT_FORM.filled(said)


def _said_of(call: Call, kind: EventKind, at: datetime) -> dict[str, Any]:
    """What every event of a call says. Filled field by field: many keywords at once cost more than all else here."""
    said = EVENT_FORM.copy()
    said["kind"] = kind
    said["runtime_id"] = call.runtime_id
    said["call_id"] = call.call_id
    said["at"] = at
    said["trace_id"] = call.terms.options.trace_id
    said["labels"] = call.terms.labels
    return said
