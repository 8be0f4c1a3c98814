"""Error answers of the Gemini API, and the look at a body that comes before everything else."""

import re
from typing import Any, Final

from provider_runtime.adapters.wire.failures import request_id_of, status_error
from provider_runtime.adapters.wire.reading import NotJson, a_text, an_object, filled, objects, parse
from provider_runtime.domain.errors import ProtocolError, ProviderStatusError, SerializationError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.http import HttpReply

_DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s")
_DEEPEST: Final = 3  # how often an error is looked for inside the text of another


def answered_object(reply: HttpReply, provider: ProviderId, model: str | None) -> dict[str, Any]:
    """The JSON object of a 2xx answer, alone or in a list. Raises ``SerializationError`` or ``ProtocolError``."""
    try:
        body = parse(reply.body)
    except NotJson:
        body = None
    else:
        body = _unwrapped(body)
        if isinstance(body, dict):
            return body
        raise ProtocolError(
            message="the answer is not a JSON object",
            field="body",
            provider=provider,
            model=model,
            request_id=request_id_of(reply.headers),
            status_code=reply.status,
        )
    raise SerializationError(
        message="the answer is not JSON",
        provider=provider,
        model=model,
        request_id=request_id_of(reply.headers),
        status_code=reply.status,
    )


def _unwrapped(body: object) -> object:
    """What a list of one holds: proxies answer as the streaming method does."""
    return body[0] if isinstance(body, list) and len(body) == 1 else body


def decode_error(reply: HttpReply, provider: ProviderId, model: str | None) -> ProviderStatusError:
    """Any answer that is not 2xx as an error. Total: any bytes, any status."""
    try:
        body = an_object(_unwrapped(parse(reply.body)))
    except NotJson:
        body = {}
    return answered_error(body, reply, provider, model)


def answered_error(
    body: dict[str, Any], reply: HttpReply, provider: ProviderId, model: str | None
) -> ProviderStatusError:
    """The error that ``body`` tells of: ``{"error": {"code", "message", "status", "details"}}``.

    The message may itself be the JSON text of such a body: gateways wrap what they were told.
    """
    error = _innermost(body)
    reason: str | None = None
    delay: float | None = None
    for detail in objects(error.get("details")):
        reason = reason or filled(detail.get("reason"))
        delay = delay or _seconds(detail.get("retryDelay"))
    failure = status_error(
        reply,
        provider,
        model,
        message=filled(error.get("message")) or a_text(body.get("error")) or filled(body.get("message")) or "",
        error_type=error.get("status"),
        error_code=reason,
    )
    if failure.retry_after_s is None:  # no such header comes from here; the delay is in the body
        failure.retry_after_s = delay
    return failure


def _innermost(body: dict[str, Any]) -> dict[str, Any]:
    error = an_object(body.get("error"))
    for _ in range(_DEEPEST):
        text = error.get("message")
        if not isinstance(text, str) or not text.lstrip().startswith(("{", "[")):
            break
        try:
            inner = an_object(an_object(_unwrapped(parse(text.encode()))).get("error"))
        except (NotJson, UnicodeEncodeError):
            break
        if not inner:
            break
        error = {**error, **inner}
    return error


def _seconds(value: object) -> float | None:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) or None if found else None
