"""Error answers of the Messages API, and the look at a body that comes before everything else."""

from typing import Any

from provider_runtime.adapters.wire.failures import a_name, request_id_of, status_error
from provider_runtime.adapters.wire.reading import NotJson, a_text, an_object, filled, parse
from provider_runtime.domain.errors import ProtocolError, ProviderStatusError, SerializationError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.http import HttpReply


def answered_object(reply: HttpReply, provider: ProviderId, model: str | None) -> dict[str, Any]:
    """The JSON object of a 2xx answer. Raises ``SerializationError`` or ``ProtocolError``."""
    try:
        body = parse(reply.body)
    except NotJson:
        body = None
    else:
        if isinstance(body, dict):
            return body
        raise ProtocolError(
            message="the answer is not a JSON object",
            field="body",
            provider=provider,
            model=model,
            request_id=request_id(reply, {}),
            status_code=reply.status,
        )
    raise SerializationError(
        message="the answer is not JSON",
        provider=provider,
        model=model,
        request_id=request_id(reply, {}),
        status_code=reply.status,
    )


def request_id(reply: HttpReply, body: dict[str, Any]) -> str | None:
    """What the provider calls this exchange: the header first, then the body."""
    return request_id_of(reply.headers, "request-id") or a_name(body.get("request_id"))


def decode_error(reply: HttpReply, provider: ProviderId, model: str | None) -> ProviderStatusError:
    """Any answer that is not 2xx as an error. Total: any bytes, any status."""
    try:
        body = an_object(parse(reply.body))
    except NotJson:
        body = {}
    return answered_error(body, reply, provider, model)


def answered_error(
    body: dict[str, Any], reply: HttpReply, provider: ProviderId, model: str | None
) -> ProviderStatusError:
    """The error that ``body`` tells of: ``{"type": "error", "error": {"type", "message"}, "request_id"}``.

    Servers that only resemble the API leave out the outer type, or put a text where the object is.
    """
    error = body.get("error")
    details = an_object(error)
    return status_error(
        reply,
        provider,
        model,
        message=a_text(error) or filled(details.get("message")) or filled(body.get("message")) or "",
        error_type=details.get("type"),
        error_code=details.get("code"),
        request_id=request_id(reply, body),
    )
