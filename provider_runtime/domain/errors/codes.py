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
    CREDENTIAL_MISSING = "credential_missing"
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
    TIER_DENIED = "tier_denied"
    GOVERNANCE_LOCKED = "governance_locked"
    ENDPOINT_INVALID = "endpoint_invalid"
    ENDPOINT_BLOCKED = "endpoint_blocked"
    GATE_REFUSED = "gate_refused"
    GATE_FAILED = "gate_failed"
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
    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    CONNECTION_LOST = "connection_lost"
    TIMED_OUT = "timed_out"
    HTTP_PROTOCOL = "http_protocol"
    # back ends
    STORE_UNAVAILABLE = "store_unavailable"
    RECORD_CORRUPT = "record_corrupt"
    NAME_INVALID = "name_invalid"
    RUNTIME_CLOSED = "runtime_closed"


class Delivery(StrEnum):
    """How far a failed attempt got. Retry, hold and bill all follow from it."""

    NOT_SENT = "not_sent"  # no byte reached the provider
    REJECTED = "rejected"  # the provider answered that it did not do it
    AMBIGUOUS = "ambiguous"  # bytes were sent, no whole answer came: may have been billed
    ANSWERED_BAD = "answered_bad"  # a whole answer came and is not what was asked: billed


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
