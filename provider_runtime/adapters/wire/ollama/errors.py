"""Error answers: ``{"error": "text"}``, what a model runner or a proxy wraps into it, and anything else."""

from typing import Any, Final

from attrs import evolve

from provider_runtime.adapters.wire.failures import request_id_of, status_error
from provider_runtime.adapters.wire.reading import NotJson, a_text, an_object, parse
from provider_runtime.domain.errors import ProtocolError, ProviderStatusError, SerializationError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.http import HttpReply

_MAX_TEXT: Final = 2_000
_MAX_DEPTH: Final = 4  # a runner's error inside the server's, inside a proxy's
_ERROR_STATUS: Final = range(400, 600)


def error_of(reply: HttpReply, provider: ProviderId, model: str | None) -> ProviderStatusError:
    """The typed error of an error answer: any bytes, any status."""
    try:
        body = parse(reply.body)
    except NotJson:
        return status_error(reply, provider, model, message=_plain_text(reply.body))
    return told_error(body, reply, provider, model)


def told_error(body: object, reply: HttpReply, provider: ProviderId, model: str | None) -> ProviderStatusError:
    """The error that ``body`` tells of. Under a 2xx status the number inside counts, where there is one.

    The innermost object is the one that knows: the server passes a runner's JSON on as a text.
    """
    details: dict[str, Any] = {}
    text = ""
    found = body
    for _ in range(_MAX_DEPTH):
        if isinstance(found, str):
            text = found.strip()
            found = _json_in(text)
        if not isinstance(found, dict):
            break
        details = found
        inner = details.get("error")
        found = inner if isinstance(inner, str | dict) and inner else details.get("message")
    status = details.get("code")
    if 200 <= reply.status < 300 and type(status) is int and status in _ERROR_STATUS:
        reply = evolve(reply, status=status)
    return status_error(
        reply,
        provider,
        model,
        message=text[:_MAX_TEXT],
        error_type=details.get("type"),
        error_code=a_text(status),
    )


def json_of(reply: HttpReply, provider: ProviderId, model: str | None) -> Any:
    """The JSON value of an answer. Raises ``SerializationError``, which quotes nothing of it."""
    try:
        return parse(reply.body)
    except NotJson:
        raise not_json(reply, provider, model) from None


def not_json(reply: HttpReply, provider: ProviderId, model: str | None) -> SerializationError:
    """The error for an answer that is no JSON at all."""
    return SerializationError(
        message="the answer is no JSON",
        remedy="Check base_url: something else may be answering there.",
        provider=provider,
        model=model,
        status_code=reply.status,
        request_id=request_id_of(reply.headers),
    )


def broken(place: str, message: str, reply: HttpReply, provider: ProviderId, model: str | None) -> ProtocolError:
    """The error for an answer that is JSON, and not what the protocol promises."""
    return ProtocolError(
        message=message,
        field=place,
        provider=provider,
        model=model,
        status_code=reply.status,
        request_id=request_id_of(reply.headers),
    )


def _json_in(text: str) -> object:
    """The JSON object that a text spells out, or ``None``."""
    if not text.startswith("{"):
        return None
    try:
        return an_object(parse(text.encode())) or None
    except (NotJson, UnicodeEncodeError):
        return None


def _plain_text(body: bytes) -> str:
    """The text of a body that is no JSON; pages meant for browsers say nothing."""
    text = body[:_MAX_TEXT].decode(errors="replace").strip()
    return "" if text.startswith("<") else text
