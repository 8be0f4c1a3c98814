"""What a receipt is bound to, held against a call: the same facts, or the first that differs."""

from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.policy.consent.subject import ConsentScope, ConsentSubject


def fault_of_copy(receipt: ConsentReceipt, request: ConsentRequest) -> ConsentFault | None:
    """Why ``receipt`` is not an answer to ``request``: it may narrow what was asked, and widen nothing."""
    plan, asked = request.plan, request.plan.subject
    if receipt.request_id != request.request_id:
        return ConsentFault.REQUEST
    if receipt.plan_id != plan.plan_id:
        return ConsentFault.PLAN
    if receipt.body_sha256 != asked.body_sha256:
        return ConsentFault.PLAN_DIGEST
    same = (
        receipt.runtime == asked.runtime
        and receipt.tenant == asked.tenant
        and receipt.purpose == asked.purpose
        and receipt.provider == asked.provider
        and receipt.record == asked.record
        and receipt.origin == asked.origin
        and receipt.tier is asked.tier
        and asked.model in receipt.models
        and receipt.data_classes == asked.data_classes
        and receipt.policy_version == asked.policy_version
        and receipt.profile == asked.profile
    )
    return None if same else ConsentFault.NOT_COPIED


def fault_of_facts(receipt: ConsentReceipt, subject: ConsentSubject) -> ConsentFault | None:
    """The first fact of the call that the receipt is not for."""
    for fault, covered in (
        (ConsentFault.TENANT, receipt.tenant == subject.tenant),
        (ConsentFault.RUNTIME, receipt.runtime == subject.runtime),
        (ConsentFault.PROVIDER, receipt.provider == subject.provider),
        (ConsentFault.ORIGIN, receipt.origin == subject.origin),
        (ConsentFault.TIER, receipt.tier is subject.tier),
        (ConsentFault.RECORD, receipt.record == subject.record),
        (ConsentFault.MODEL, subject.model in receipt.models),
        (ConsentFault.PURPOSE, receipt.purpose == subject.purpose),
        (ConsentFault.DATA_CLASS, set(subject.data_classes) <= set(receipt.data_classes)),
        (ConsentFault.POLICY_VERSION, receipt.policy_version == subject.policy_version),
    ):
        if not covered:
            return fault
    return _fault_of_scope(receipt, subject) or _fault_of_ceilings(receipt, subject)


def _fault_of_scope(receipt: ConsentReceipt, subject: ConsentSubject) -> ConsentFault | None:
    if receipt.scope is ConsentScope.PROFILE:
        if receipt.profile is None or receipt.profile != subject.profile:
            return ConsentFault.PROFILE
        return _fault_of_session(receipt, subject) if receipt.session_ids else None
    if receipt.scope is ConsentScope.SESSION and len(receipt.session_ids) > 1:
        return ConsentFault.SEVERAL_SESSIONS
    if receipt.scope is ConsentScope.SESSION and not receipt.session_ids:
        return ConsentFault.SESSION_MISSING
    fault = _fault_of_session(receipt, subject)
    if fault is None and receipt.scope is ConsentScope.SINGLE_CALL and receipt.body_sha256 != subject.body_sha256:
        return ConsentFault.BODY
    return fault


def _fault_of_session(receipt: ConsentReceipt, subject: ConsentSubject) -> ConsentFault | None:
    if subject.session is None:
        return ConsentFault.SESSION_MISSING if receipt.session_ids else None
    if not receipt.session_ids:
        return ConsentFault.SESSION_MISSING
    return None if subject.session in receipt.session_ids else ConsentFault.SESSION_NOT_LISTED


def _fault_of_ceilings(receipt: ConsentReceipt, subject: ConsentSubject) -> ConsentFault | None:
    if subject.body_bytes > receipt.max_bytes:
        return ConsentFault.BYTES
    most = receipt.max_cost_nano_usd
    if most is not None and (subject.worst_cost_nano_usd is None or subject.worst_cost_nano_usd > most):
        return ConsentFault.COST
    return None
