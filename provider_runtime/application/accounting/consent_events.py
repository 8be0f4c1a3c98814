"""The events of consent: asked for, given and denied. Source: semantics C.9, FR-EVT-CLOUD-001 to 003."""

from datetime import datetime

from provider_runtime.application.accounting.recording import asked_of
from provider_runtime.application.call import Call
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import CallRefused
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.domain.records.outside_names import Names

DENIED = "denied"
BLOCKED = "blocked"


def cloud_requested(runtime_id: RuntimeId, request: ConsentRequest, at: datetime) -> LifecycleEvent:
    """A person is asked."""
    subject = request.plan.subject
    return LifecycleEvent(
        kind=EventKind.CLOUD_REQUESTED,
        runtime_id=runtime_id,
        at=at,
        conversation_id=subject.session,
        provider=subject.provider,
        tier=subject.tier.value,
        origin=subject.origin,
        model_asked=subject.model,
        request_bytes=subject.body_bytes,
        profile_id=subject.profile,
        consent_request_id=request.request_id,
        projection_plan_id=request.plan.plan_id,
        consent_scope=request.scope.value,
        consent_reason=request.reason,
    )


def cloud_decided(runtime_id: RuntimeId, receipt: ConsentReceipt, at: datetime) -> LifecycleEvent:
    """The person has answered: yes or no."""
    return LifecycleEvent(
        kind=EventKind.CLOUD_APPROVED if receipt.approved else EventKind.CLOUD_DENIED,
        runtime_id=runtime_id,
        at=at,
        provider=receipt.provider,
        tier=receipt.tier.value,
        origin=receipt.origin,
        model_asked=receipt.models[0],
        profile_id=receipt.profile,
        consent_id=receipt.consent_id,
        consent_request_id=receipt.request_id,
        projection_plan_id=receipt.plan_id,
        consent_scope=receipt.scope.value,
        session_ids=receipt.session_ids,
        outcome=None if receipt.approved else DENIED,
    )


def cloud_blocked(
    call: Call, config: ProviderConfig, model: str | None, error: CallRefused, attempts: int, at: datetime
) -> LifecycleEvent:
    """Policy, or the want of consent, kept a call on this machine. ``attempts`` were made before, at alternatives."""
    return LifecycleEvent(
        kind=EventKind.CLOUD_DENIED,
        runtime_id=call.runtime_id,
        call_id=call.call_id,
        at=at,
        trace_id=call.terms.options.trace_id,
        conversation_id=call.terms.options.conversation_id,
        labels=call.terms.labels,
        provider=config.provider_id,
        provider_kind=config.kind.value,
        tier=config.tier.value,
        model_asked=model or asked_of(call, Names())[0],
        attempt=attempts or None,
        error_code=error.code.value,
        profile_id=None if call.played is None else call.played.profile_id,
        consent_id=getattr(error, "consent_id", None),
        consent_reason=_fault_of(error),
        outcome=BLOCKED,
    )


def _fault_of(error: CallRefused) -> str | None:
    fault = getattr(error, "fault", None)
    return None if fault is None else str(fault)
