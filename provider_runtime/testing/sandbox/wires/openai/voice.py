"""How OpenAI answers whatever the API: error envelope, headers, model list."""

from typing import Any, Final

from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.sandbox.traffic import Answer, Arrival, Refused, as_json
from provider_runtime.testing.sandbox.wires.wire import request_id

_FAILURES: Final = {
    401: ("invalid_request_error", "invalid_api_key"),
    402: ("insufficient_quota", "insufficient_quota"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    503: ("server_error", "server_overloaded"),
}
_LISTED: Final = (("gpt-5.1", 1_762_800_673), ("gpt-5-mini", 1_754_425_928), ("gpt-4.1-mini", 1_744_318_173))


def openai_refusal(refused: Refused, arrival: Arrival, stamps: Stamps) -> Answer:
    """The error envelope of both of OpenAI's APIs."""
    error = {"message": refused.message, "type": refused.kind, "param": refused.param, "code": refused.code}
    return as_json(refused.status, {"error": error}, openai_headers(arrival, stamps))


def openai_failure(status: int) -> Refused:
    """An error that has nothing to do with the request."""
    kind, code = _FAILURES.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
    return Refused(f"Sandbox: a scripted failure with status {status}", status=status, kind=kind, code=code)


def openai_headers(arrival: Arrival, stamps: Stamps) -> dict[str, str]:
    """The headers of every answer."""
    return {
        "x-request-id": request_id(arrival, stamps),
        "openai-version": "2020-10-01",
        "openai-processing-ms": "1",
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-reset-requests": "6ms",
        "x-ratelimit-limit-tokens": "50000000",
        "x-ratelimit-remaining-tokens": "49999000",
        "x-ratelimit-reset-tokens": "1ms",
    }


def model_list() -> dict[str, Any]:
    """A few models, as ``/v1/models`` lists them."""
    data = [{"id": name, "object": "model", "created": made, "owned_by": "system"} for name, made in _LISTED]
    return {"object": "list", "data": data}
