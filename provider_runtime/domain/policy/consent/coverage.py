"""What a receipt is bound to, held against a call: the same facts, or the first that differs."""

from operator import attrgetter
from typing import Final

from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.policy.consent.subject import STANDING, ConsentScope, ConsentSubject

_copied: Final = attrgetter(*STANDING, "data_classes", "profile")


# Looked up once: members of an enum are found slowly, and every call asks for these.
_PROFILE: Final = ConsentScope.PROFILE
_SESSION: Final = ConsentScope.SESSION
_SINGLE_CALL: Final = ConsentScope.SINGLE_CALL


def fault_of_copy(receipt: ConsentReceipt, request: ConsentRequest) -> ConsentFault | None:
    """Why ``receipt`` is not an answer to ``request``: it may narrow what was asked, and widen nothing."""
    plan, asked = request.plan, request.plan.subject
    if receipt.request_id != request.request_id:
        return ConsentFault.REQUEST
    if receipt.plan_id != plan.plan_id:
        return ConsentFault.PLAN
    if receipt.body_sha256 != asked.body_sha256:
        return ConsentFault.PLAN_DIGEST
    same = _copied(receipt) == _copied(asked) and asked.model in receipt.models
    return None if same else ConsentFault.NOT_COPIED


def fault_of_facts(receipt: ConsentReceipt, subject: ConsentSubject) -> ConsentFault | None:
    """The first fact of the call that the receipt is not for."""
    same = (
        receipt.standing == subject.standing
        and subject.model in receipt.models
        and (receipt.data_classes == subject.data_classes or set(receipt.data_classes).issuperset(subject.data_classes))
    )
    if not same:
        return _first_other(receipt, subject)
    return _fault_of_scope(receipt, subject) or _fault_of_ceilings(receipt, subject)


def _first_other(receipt: ConsentReceipt, subject: ConsentSubject) -> ConsentFault:
    # Each fault is called as the fact that differs.
    others = {ConsentFault(name) for name in STANDING if getattr(receipt, name) != getattr(subject, name)}
    if subject.model not in receipt.models:
        others.add(ConsentFault.MODEL)
    if not set(receipt.data_classes).issuperset(subject.data_classes):
        others.add(ConsentFault.DATA_CLASS)
    return min(others, key=attrgetter("place"))


def _fault_of_scope(receipt: ConsentReceipt, subject: ConsentSubject) -> ConsentFault | None:
    scope = receipt.scope
    if scope is _PROFILE:
        if receipt.profile is None or receipt.profile != subject.profile:
            return ConsentFault.PROFILE
        return _fault_of_session(receipt, subject) if receipt.session_ids else None
    if scope is _SESSION and len(receipt.session_ids) != 1:
        return ConsentFault.SEVERAL_SESSIONS if receipt.session_ids else ConsentFault.SESSION_MISSING
    fault = _fault_of_session(receipt, subject)
    if fault is None and scope is _SINGLE_CALL and receipt.body_sha256 != subject.body_sha256:
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
