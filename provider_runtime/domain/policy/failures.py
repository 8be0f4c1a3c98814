"""What a provider's error answer means: one code for each kind of failure, whoever reports it.

Source: reliability §2.2, rows 13 to 25; the names are those that vendors use in their error bodies.
"""

from typing import Final

from attrs import frozen

from provider_runtime.domain.errors import Delivery, ErrorCode

_MONEY: Final = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "billing_hard_limit_reached",
        "billing_not_active",
        "billing_error",
        "payment_required",
        "enforced_spend_limit_reached",
        "insufficient_balance",
        "spend_limit_exceeded",
    }
)
_TOO_LONG: Final = frozenset(
    {"context_length_exceeded", "exceed_context_size_error", "string_above_max_length", "too_many_prompt_tokens"}
)
_TOO_LONG_TEXT: Final = (
    "prompt is too long",
    "prompt too long",
    "exceeded max context length",
    "prefill exceeds n_ctx",
    "length of all messages is too long",
    "maximum context length",
    "context length exceeded",
    "context window",
    "context_length_exceeded",
    "too many tokens",
    "exceeds the available context size",
    "exceeds the context length",
    "longer than the context length",
    "input is too long",
    "exceeds the maximum number of tokens",
)
_BAD_KEY: Final = frozenset(
    {"invalid_api_key", "authentication_error", "api_key_invalid", "unauthenticated", "invalid_authentication"}
)
_BAD_KEY_TEXT: Final = ("incorrect api key", "invalid api key", "api key not valid", "invalid x-api-key")
_NOT_FOUND: Final = frozenset(
    {
        "model_not_found",
        "not_found_error",
        "deployment_not_found",
        "deploymentnotfound",
        "model_not_exist",
        "invalid_model",
    }
)
_NOT_FOUND_TEXT: Final = ("model not found", "invalid model:", "not a valid model id")
_OVERLOADED: Final = frozenset({"overloaded_error", "overloaded", "server_overloaded", "slow_down"})
_LIMITED: Final = frozenset(
    {
        "rate_limit_exceeded",
        "rate_limit_error",
        "rate_limited",
        "ratelimitreached",
        "too_many_requests",
        "resource_exhausted",
    }
)

_BY_STATUS: Final = {
    401: ErrorCode.CREDENTIALS_REJECTED,
    402: ErrorCode.QUOTA_EXHAUSTED,
    403: ErrorCode.PERMISSION_DENIED,
    404: ErrorCode.NOT_FOUND,
    408: ErrorCode.TIMED_OUT,
    409: ErrorCode.CONFLICT,
    413: ErrorCode.REQUEST_TOO_LARGE,
    425: ErrorCode.SERVER_ERROR,
    429: ErrorCode.RATE_LIMITED,
    503: ErrorCode.OVERLOADED,
    529: ErrorCode.OVERLOADED,
}
# Error objects under a good status: the status that their names stand for.
_STATUS_OF_NAME: Final = {
    **dict.fromkeys(("invalid_request_error", "invalid_request", "invalid_argument", "bad_request"), 400),
    **dict.fromkeys(("permission_error", "permission_denied", "forbidden"), 403),
    **dict.fromkeys(("server_error", "internal_server_error", "internal_error", "internal", "api_error"), 500),
    **dict.fromkeys(("bad_gateway", "upstream_error"), 502),
    **dict.fromkeys(("service_unavailable", "unavailable", "engine_overloaded"), 503),
    **dict.fromkeys(("timeout", "timeout_error", "gateway_timeout", "deadline_exceeded"), 504),
}
_HEALING: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 524, 529})
_GATEWAY_GAVE_UP: Final = frozenset({504, 524})


@frozen(kw_only=True)
class FailureMeaning:
    """What an error answer amounts to: its code, how far the request got, and whether it may heal."""

    code: ErrorCode
    delivery: Delivery
    retryable: bool


def failure_meaning(status: int, names: tuple[str, ...] = (), text: str = "") -> FailureMeaning:
    """What ``status`` with the provider's short ``names`` (type, code) and error ``text`` means.

    Names beat the status where vendors misuse it: a bad key or an unknown model as 400, an
    exhausted balance as 429, an error object under 200. Text is looked at for the two facts that
    only text tells (too long, bad key).
    """
    named = {name.lower() for name in names}
    if named & _MONEY or any(name.endswith(("_spend_limit_exceeded", "quota_exceeded")) for name in named):
        return _final(ErrorCode.QUOTA_EXHAUSTED)
    lowered = text[:2000].lower()
    client_side = 400 <= status < 500 or status < 300
    if named & _TOO_LONG or (status in {400, 413, 422} and any(hint in lowered for hint in _TOO_LONG_TEXT)):
        return _final(ErrorCode.CONTEXT_TOO_LONG)
    if client_side and (named & _BAD_KEY or (status == 400 and any(hint in lowered for hint in _BAD_KEY_TEXT))):
        return _final(ErrorCode.CREDENTIALS_REJECTED)
    if client_side and (named & _NOT_FOUND or (status == 400 and any(hint in lowered for hint in _NOT_FOUND_TEXT))):
        return _final(ErrorCode.NOT_FOUND)
    if named & _OVERLOADED:
        return FailureMeaning(code=ErrorCode.OVERLOADED, delivery=Delivery.REJECTED, retryable=True)
    if client_side and status != 413 and named & _LIMITED:
        return FailureMeaning(code=ErrorCode.RATE_LIMITED, delivery=Delivery.REJECTED, retryable=True)
    if 200 <= status < 300:
        status = next((_STATUS_OF_NAME[name] for name in sorted(named) if name in _STATUS_OF_NAME), status)
    return _by_status(status)


def _by_status(status: int) -> FailureMeaning:
    retryable = status in _HEALING
    if status in _GATEWAY_GAVE_UP:
        # The gateway stopped waiting; the model behind it may be generating still.
        return FailureMeaning(code=ErrorCode.SERVER_ERROR, delivery=Delivery.AMBIGUOUS, retryable=retryable)
    if status == 304:
        return _final(ErrorCode.BAD_RESPONSE)  # "what you have is current": nothing was asked conditionally
    if 300 <= status < 400:
        return _final(ErrorCode.REDIRECT_BLOCKED)
    code = _BY_STATUS.get(status)
    if code is None:
        if 400 <= status < 500:
            code = ErrorCode.INVALID_REQUEST
        elif 500 <= status < 600:
            code = ErrorCode.SERVER_ERROR
        else:
            code = ErrorCode.PROVIDER_STATUS
    return FailureMeaning(code=code, delivery=Delivery.REJECTED, retryable=retryable)


def _final(code: ErrorCode) -> FailureMeaning:
    return FailureMeaning(code=code, delivery=Delivery.REJECTED, retryable=False)
