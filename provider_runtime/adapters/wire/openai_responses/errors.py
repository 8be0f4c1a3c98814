"""Error answers of every server that speaks this API, as typed errors. Total: any bytes, any status."""

from typing import Any, Final

from attrs import evolve, fields, frozen

from provider_runtime.adapters.wire.failures import a_name, request_id_of, status_error
from provider_runtime.adapters.wire.reading import NotJson, an_object, parse
from provider_runtime.domain.errors import CredentialsRejected, Delivery, ErrorCode, ProviderStatusError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.http import HttpReply

REQUEST_ID_HEADERS: Final = ("x-request-id", "apim-request-id", "x-ms-request-id", "x-amzn-requestid", "x-ds-trace-id")

_MAX_DEPTH: Final = 8  # envelopes within envelopes, as gateways pass them on
_MAX_TEXT: Final = 2_000
# Where servers put the text of an error, or the envelope that holds it, the most telling place first.
_PLACES: Final = ("error", "errors", "message", "detail", "msg", "Message")
_SERVER_FAULTS: Final = frozenset({"server_error", "internal_error", "internal_server_error", "vector_store_timeout"})
_INPUT_FAULTS: Final = (
    "invalid_",
    "image_",
    "empty_image",
    "unsupported_image",
    "failed_to_download",
    "bio_policy",
    "data_residency",
)


@frozen(kw_only=True)
class _Facts:
    """What an error body says: the provider's text, and its short names for what went wrong."""

    text: str = ""
    code: str | None = None
    kind: str | None = None


_NOTHING: Final = _Facts()


def error_of(reply: HttpReply, provider: ProviderId, model: str | None) -> ProviderStatusError:
    """The typed error for an error answer; under a good status too. Never raises."""
    try:
        facts = _facts(parse(reply.body), 0)
    except NotJson:
        facts = _Facts(text=_plain_text(reply.body))
    return _typed(reply, provider, model, facts)


def failure_of(reply: HttpReply, body: dict[str, Any], provider: ProviderId, model: str | None) -> ProviderStatusError:
    """The typed error for a response that was accepted and then failed.

    The model may have worked before it failed: counted output means that it did and is billed,
    no count leaves that open, and only faults of the input were certainly free.
    """
    error = _typed(reply, provider, model, _facts(body.get("error"), 0))
    if error.provider_code is not None and error.provider_code.startswith(_INPUT_FAULTS):
        error.code, error.retryable = ErrorCode.INVALID_REQUEST, False
    elif an_object(body.get("usage")).get("output_tokens"):
        error.delivery, error.retryable = Delivery.ANSWERED_BAD, False
    elif error.code in {ErrorCode.SERVER_ERROR, ErrorCode.PROVIDER_STATUS}:
        error.delivery = Delivery.AMBIGUOUS
    return error


def _typed(reply: HttpReply, provider: ProviderId, model: str | None, facts: _Facts) -> ProviderStatusError:
    error = status_error(
        _as_if_by_status(reply, facts),
        provider,
        model,
        message=facts.text,
        error_code=facts.code,
        error_type=facts.kind,
        request_id=request_id_of(reply.headers, *REQUEST_ID_HEADERS),
    )
    error.status_code = reply.status
    if error.code is ErrorCode.PERMISSION_DENIED:
        # This API answers a key of the wrong project or region with 403: it is the key that has to change.
        state = {attribute.name: getattr(error, attribute.name) for attribute in fields(ProviderStatusError)}
        return CredentialsRejected(**state)
    return error


def _as_if_by_status(reply: HttpReply, facts: _Facts) -> HttpReply:
    """An error under a good status, with the status that it would have had."""
    if not 200 <= reply.status < 300:
        return reply
    code = facts.code or ""
    if len(code) == 3 and code.isdecimal() and code[0] in "45":
        return evolve(reply, status=int(code))
    return evolve(reply, status=500) if _SERVER_FAULTS & {facts.code, facts.kind} else reply


def _facts(value: object, depth: int) -> _Facts:
    """The text and names in an error body, however deep its envelopes; nothing where nothing can be found."""
    if isinstance(value, str):
        return _facts_in_text(value, depth)
    if isinstance(value, list):
        value = next((entry for entry in value if isinstance(entry, dict | str)), None)
        return _facts(value, depth + 1) if depth < _MAX_DEPTH else _NOTHING
    if not isinstance(value, dict) or depth >= _MAX_DEPTH:
        return _NOTHING
    inner = _NOTHING
    for place in _PLACES:
        if value.get(place):
            inner = _facts(value[place], depth + 1)
            if inner.text:
                break
    # A gateway's own words say little when it passes on what the provider behind it said.
    behind = an_object(value.get("metadata")).get("raw")
    passed_on = _facts(behind, depth + 1) if isinstance(behind, str) else _NOTHING
    return _Facts(
        text=passed_on.text or inner.text,
        code=passed_on.code or inner.code or a_name(value.get("code")),
        kind=passed_on.kind or inner.kind or a_name(value.get("type")),
    )


def _facts_in_text(text: str, depth: int) -> _Facts:
    if depth < _MAX_DEPTH and text.lstrip()[:1] in {"{", "["}:
        try:
            return _facts(parse(text.encode()), depth + 1)
        except (NotJson, UnicodeEncodeError):
            pass  # it only looked like JSON, and is shown as it is
    return _Facts(text=text[:_MAX_TEXT])


def _plain_text(body: bytes) -> str:
    text = body[:_MAX_TEXT].decode(errors="replace").strip()
    return "" if text.startswith("<") else text  # a page of markup tells a reader nothing
