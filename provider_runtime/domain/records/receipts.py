"""Receipts: what one call asked, was allowed, was answered and cost; never what was said."""

from enum import StrEnum
from typing import Final

from attrs import field, frozen

from provider_runtime.domain.forms import Form
from provider_runtime.domain.identity import CallId, RuntimeId


class CallOutcome(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


def _outcome(value: CallOutcome | str) -> CallOutcome:
    return value if type(value) is CallOutcome else CallOutcome(value)  # looking a member up takes long


@frozen(kw_only=True, slots=False)
class AttemptRecord:
    """One try: its outcome (``answered`` or an error code) and how long it took, in microseconds."""

    outcome: str
    duration_us: int
    status_code: int | None = None
    provider_request_id: str | None = None
    provider: str | None = None
    model: str | None = None


ATTEMPT_RECORD_FORM: Final = Form(AttemptRecord)


@frozen(kw_only=True, slots=False)  # every call makes one, by a form: see ``CALL_RECORD_FORM``
class CallRecord:
    """The facts of one call. Whole numbers, short names and digests only.

    Digests are keyed (HMAC-SHA-256 under a key of the runtime): a bare hash of a short prompt
    could be guessed. Costs are billionths of a US dollar, rounded up. ``gates`` are the verdicts
    in order, each ``name:verdict``. ``labels`` are the caller's, each ``name=value``.
    ``passed_over`` are alternatives that did not answer, each ``provider:model code``. ``role`` is
    the role that was asked for, ``profile_id`` the work profile that assigned a model to it.
    ``recalled_from`` is ``memo`` or ``replay`` where nobody was asked, since the answer was kept: a
    memo cost nothing, and of a replay the figures are those of the recorded run. ``consent_id`` is the
    consent that the call was made on, or that came nearest to it.
    Source: reliability §3.7.
    """

    call_id: CallId
    runtime_id: RuntimeId
    started_at: str
    duration_us: int
    outcome: CallOutcome = field(converter=_outcome)
    model_asked: str
    policy_version: str
    error_code: str | None = None
    provider: str | None = None
    tier: str | None = None
    origin: str | None = None
    route_rule: str | None = None
    model_answered: str | None = None
    gates: tuple[str, ...] = ()
    attempts: tuple[AttemptRecord, ...] = ()
    request_digest: str | None = None
    response_digest: str | None = None
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nano_usd: int | None = None
    warnings: tuple[str, ...] = ()
    trace_id: str | None = None
    labels: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    role: str | None = None
    profile_id: str | None = None
    recalled_from: str | None = None
    consent_id: str | None = None


CALL_RECORD_FORM: Final = Form(CallRecord)


@frozen(kw_only=True, slots=False)
class CallReceipt:
    """A record with its place in a chain: changing, removing or moving one breaks the next.

    ``receipt_hash`` covers everything else here and, through ``prev_hash``, all receipts before.
    """

    receipt_id: str
    chain_id: str
    seq: int
    prev_hash: str | None
    record: CallRecord
    receipt_hash: str
    version: int = 1


RECEIPT_FORM: Final = Form(CallReceipt)


@frozen(kw_only=True)
class ChainVerdict:
    """Whether a chain of receipts is whole. ``head`` is the hash of the last good receipt.

    A cut tail shows only against what was noted elsewhere: a ``head``, or checkpoints. Of those
    ``checkpoints`` stood in their places; the last of them covers the first ``covered`` receipts.
    ``mark`` is the end of a good chain: noted, it lets the next check begin there.
    """

    valid: bool
    count: int
    head: str | None = None
    broken_at: int | None = None
    error: str | None = None
    mark: str | None = None
    checkpoints: int = 0
    covered: int = 0
