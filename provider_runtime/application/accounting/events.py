"""The events of a call, each made from what is known when it happens."""

from datetime import datetime

from provider_runtime.application.accounting.recording import model_asked_of, role_of
from provider_runtime.application.call import Call, ClearedCall
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.conversation.response import Attempt, PassedOver, ProviderResponse
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.domain.records.receipts import CallOutcome, CallRecord

_ENDED = {
    CallOutcome.ANSWERED: EventKind.CALL_ANSWERED,
    CallOutcome.REFUSED: EventKind.CALL_REFUSED,
    CallOutcome.FAILED: EventKind.CALL_FAILED,
    CallOutcome.CANCELLED: EventKind.CALL_CANCELLED,
}


def call_started(call: Call) -> LifecycleEvent:
    """A call has begun: its name, and the model that was asked for."""
    options = call.terms.options
    return LifecycleEvent(
        kind=EventKind.CALL_STARTED,
        runtime_id=call.runtime_id,
        call_id=call.call_id,
        at=call.started_at,
        trace_id=options.trace_id,
        conversation_id=options.conversation_id,
        labels=call.terms.labels,
        model_asked=model_asked_of(call),
        role=role_of(call),
    )


def call_cleared(cleared: ClearedCall, digest: str, at: datetime) -> LifecycleEvent:
    """Every gate let the call through: where it goes, how large it is, and how it shall be answered."""
    prepared = cleared.prepared
    call, config = prepared.routed.call, prepared.routed.provider.config
    asked = call.terms.parameters.applied_to(call.request)
    return LifecycleEvent(
        kind=EventKind.CALL_CLEARED,
        runtime_id=call.runtime_id,
        call_id=call.call_id,
        at=at,
        trace_id=call.terms.options.trace_id,
        conversation_id=call.terms.options.conversation_id,
        labels=call.terms.labels,
        provider=config.provider_id,
        provider_kind=str(config.kind),
        tier=str(config.tier),
        origin=prepared.routed.provider.origin_text,
        model_asked=prepared.routed.route.model_id,
        request_digest=digest,
        request_bytes=len(prepared.exchange.body),
        temperature=asked.temperature,
        top_p=asked.top_p,
        max_output_tokens=asked.max_output_tokens,
        role=role_of(call),
        profile_id=None if call.played is None else call.played.profile_id,
    )


def attempt_started(cleared: ClearedCall, number: int, wait_s: float, at: datetime) -> LifecycleEvent:
    """Attempt ``number`` begins, after a wait of ``wait_s``."""
    call, route = cleared.prepared.routed.call, cleared.prepared.routed.route
    return LifecycleEvent(
        kind=EventKind.ATTEMPT_STARTED,
        runtime_id=call.runtime_id,
        call_id=call.call_id,
        at=at,
        trace_id=call.terms.options.trace_id,
        labels=call.terms.labels,
        provider=route.provider_id,
        model_asked=route.model_id,
        attempt=number,
        wait_s=wait_s,
    )


def attempt_failed(cleared: ClearedCall, error: ProviderError, attempt: Attempt, at: datetime) -> LifecycleEvent:
    """An attempt failed; ``retry_denied_by`` is set when no other follows."""
    call, route = cleared.prepared.routed.call, cleared.prepared.routed.route
    return LifecycleEvent(
        kind=EventKind.ATTEMPT_FAILED,
        runtime_id=call.runtime_id,
        call_id=call.call_id,
        at=at,
        trace_id=call.terms.options.trace_id,
        labels=call.terms.labels,
        provider=route.provider_id,
        model_asked=route.model_id,
        attempt=attempt.number,
        duration_s=attempt.duration_s,
        status_code=attempt.status_code,
        error_code=error.code.value,
        retry_denied_by=error.retry_denied_by,
        provider_request_id=error.request_id,
    )


def call_passed_on(call: Call, passed_over: PassedOver, at: datetime) -> LifecycleEvent:
    """One alternative did not answer, and the next is asked."""
    return LifecycleEvent(
        kind=EventKind.CALL_PASSED_ON,
        runtime_id=call.runtime_id,
        call_id=call.call_id,
        at=at,
        trace_id=call.terms.options.trace_id,
        labels=call.terms.labels,
        provider=passed_over.provider,
        model_asked=passed_over.model_id,
        error_code=passed_over.code,
    )


def call_ended(
    record: CallRecord,
    call: Call,
    config: ProviderConfig | None,
    response: ProviderResponse | None,
    duration_s: float,
    at: datetime,
) -> LifecycleEvent:
    """How the call ended, with everything that is known of it."""
    usage = response.usage if response else None
    return LifecycleEvent(
        kind=_ENDED[record.outcome],
        runtime_id=call.runtime_id,
        call_id=call.call_id,
        at=at,
        trace_id=record.trace_id,
        conversation_id=call.terms.options.conversation_id,
        labels=record.labels,
        provider=record.provider,
        provider_kind=str(config.kind) if config else None,
        tier=record.tier,
        origin=record.origin,
        model_asked=record.model_asked,
        model_answered=record.model_answered,
        attempt=len(record.attempts) or None,
        duration_s=duration_s,
        error_code=record.error_code,
        finish_reason=record.finish_reason,
        response_id=response.response_id if response else None,
        provider_request_id=response.provider_request_id if response else None,
        request_digest=record.request_digest,
        input_tokens=record.input_tokens,
        output_tokens=record.output_tokens,
        cached_input_tokens=usage.cached_input_tokens if usage else None,
        cache_write_tokens=usage.cache_write_tokens if usage else None,
        reasoning_tokens=usage.reasoning_tokens if usage else None,
        total_tokens=usage.total_tokens if usage else None,
        cost_nano_usd=record.cost_nano_usd,
        warnings=record.warnings,
        role=record.role,
        profile_id=record.profile_id,
        recalled_from=record.recalled_from,
        consent_id=record.consent_id,
    )
