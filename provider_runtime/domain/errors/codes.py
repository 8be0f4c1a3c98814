"""The codes of failures, how far a failed call got, and whether it cost money."""

from enum import StrEnum
from typing import Final


class ErrorCode(StrEnum):
    """One stable code per failure. Codes never change their meaning; wording may."""

    # configuration
    INVALID_SETTINGS = "invalid_settings"
    INVALID_PROVIDER_CONFIG = "invalid_provider_config"
    INVALID_TIMEOUT = "invalid_timeout"
    INVALID_RETRY_POLICY = "invalid_retry_policy"
    INVALID_PRICING = "invalid_pricing"
    MISSING_RUNTIME = "missing_runtime"
    CALL_NOT_NORMALIZED = "call_not_normalized"
    SCOPE_MISMATCH = "scope_mismatch"
    CREDENTIAL_MISSING = "credential_missing"
    ASSIGNMENT_INVALID = "assignment_invalid"
    BATCH_CONFLICT = "batch_conflict"
    # routing
    PROVIDER_NOT_REGISTERED = "provider_not_registered"
    MODEL_NOT_FOUND = "model_not_found"
    MODEL_AMBIGUOUS = "model_ambiguous"
    PROVIDER_HINT_MISMATCH = "provider_hint_mismatch"
    # refusals
    REQUEST_INVALID = "request_invalid"
    INTENT_UNSUPPORTED = "intent_unsupported"
    LOSSY_CONVERSION = "lossy_conversion"
    CAPABILITY_MISMATCH = "capability_mismatch"
    MODEL_NOT_ALLOWED = "model_not_allowed"
    TIER_DENIED = "tier_denied"
    GOVERNANCE_LOCKED = "governance_locked"
    ENDPOINT_INVALID = "endpoint_invalid"
    ENDPOINT_BLOCKED = "endpoint_blocked"
    CREDENTIAL_BOUND_ELSEWHERE = "credential_bound_elsewhere"
    CONSENT_REQUIRED = "consent_required"
    CONSENT_MISMATCH = "consent_mismatch"
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_USED = "consent_used"
    CONSENT_REVOKED = "consent_revoked"
    GUARD_FAILED = "guard_failed"
    LEAKAGE_FOUND = "leakage_found"
    GATE_REFUSED = "gate_refused"
    GATE_FAILED = "gate_failed"
    SWAP_REFUSED = "swap_refused"
    ACCESS_DENIED = "access_denied"
    BUDGET_EXCEEDED = "budget_exceeded"
    COST_UNKNOWN = "cost_unknown"
    BUDGET_OWNER_UNKNOWN = "budget_owner_unknown"
    # provider
    CREDENTIALS_REJECTED = "credentials_rejected"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    INVALID_REQUEST = "invalid_request"
    CONTEXT_TOO_LONG = "context_too_long"
    REQUEST_TOO_LARGE = "request_too_large"
    QUOTA_EXHAUSTED = "quota_exhausted"
    RATE_LIMITED = "rate_limited"
    CONFLICT = "conflict"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    PROVIDER_STATUS = "provider_status"
    REDIRECT_BLOCKED = "redirect_blocked"
    BAD_RESPONSE = "bad_response"
    RESPONSE_NOT_JSON = "response_not_json"
    RESPONSE_TOO_LARGE = "response_too_large"
    CIRCUIT_OPEN = "circuit_open"
    RATE_LIMIT_WAIT = "rate_limit_wait"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    CONNECTION_LOST = "connection_lost"
    TIMED_OUT = "timed_out"
    HTTP_PROTOCOL = "http_protocol"
    # back ends
    STORE_UNAVAILABLE = "store_unavailable"
    STORE_UNSAFE = "store_unsafe"
    RECORD_CORRUPT = "record_corrupt"
    RECORD_MISSING = "record_missing"
    RECORD_CONFLICT = "record_conflict"
    REPLAY_MISS = "replay_miss"
    NAME_INVALID = "name_invalid"
    LEDGER_CONFLICT = "ledger_conflict"
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    LEDGER_DENIED = "ledger_denied"
    RUNTIME_CLOSED = "runtime_closed"
    SWAP_FAILED = "swap_failed"
    CALL_INTERRUPTED = "call_interrupted"


class Delivery(StrEnum):
    """How far a failed attempt got. Retry, hold and bill all follow from it."""

    NOT_SENT = "not_sent"  # no byte reached the provider
    REJECTED = "rejected"  # the provider answered that it did not do it
    AMBIGUOUS = "ambiguous"  # bytes were sent, no whole answer came: may have been billed
    ANSWERED_BAD = "answered_bad"  # a whole answer came and is not what was asked: billed


class SwapFault(StrEnum):
    """Why a model was not swapped for another."""

    DISALLOWED = "swap_disallowed_by_policy"
    LIMIT_EXCEEDED = "swap_limit_exceeded"
    ESCALATIONS_EXCEEDED = "cloud_escalations_exceeded"
    BUDGET_EXCEEDED = "budget_exceeded"  # the target needs more memory than the request allows, or nobody knows
    ALREADY_REQUESTED = "already_requested"  # the id of the request was used before
    STATE_MISSING = "state_missing"
    STATE_CHANGED = "state_hash_mismatch"
    RECORD_CHANGED = "record_changed"  # what was written down is not what was asked
    NOT_CURRENT = "current_model_mismatch"  # the job is on another model than the request says
    TARGET_UNKNOWN = "target_unknown"
    TIMED_OUT = "timed_out"
    COMPILE_FAILED = "compile_failed"


class RetryDenial(StrEnum):
    """Why a failed attempt was the last one of its call."""

    NOT_RETRYABLE = "not_retryable"  # another try would fail alike, or be paid for again
    AMBIGUOUS_TWICE = "ambiguous_twice"  # two tries got no whole answer: each may have been billed
    ATTEMPTS_USED = "attempts_used"
    RETRY_AFTER_TOO_LONG = "retry_after_too_long"  # the provider asks for more than a minute
    DEADLINE = "deadline"  # the wait would outlast the call
    CIRCUIT_OPEN = "circuit_open"  # the provider is down, for this runtime
    RATE_LIMITS = "rate_limits"  # the runtime's own limits leave no room for another try in time
    CONSENT = "consent"  # the consent that the first try was made on does not hold any more
    BUDGET = "budget"  # no budget has room for another try, or the ledger could not say
    RETRY_BUDGET = "retry_budget"  # too many retries of late: they would only add to the load


class Billed(StrEnum):
    """Whether a failed call cost money."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


BILLED: Final = {
    Delivery.NOT_SENT: Billed.NO,
    Delivery.REJECTED: Billed.NO,
    Delivery.AMBIGUOUS: Billed.MAYBE,
    Delivery.ANSWERED_BAD: Billed.YES,
}
