"""Error answers of every server that speaks this wire: the text and the names, wherever they stand."""

import re
from typing import Any, Final

from attrs import evolve, field, fields, frozen

from provider_runtime.adapters.wire.failures import request_id_of, status_error
from provider_runtime.adapters.wire.reading import NotJson, an_object, parse
from provider_runtime.domain.errors import (
    CredentialsRejected,
    ErrorCode,
    ProtocolError,
    ProviderStatusError,
    SerializationError,
)
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.secrets import safe_text
from provider_runtime.ports.http import HttpReply

REQUEST_IDS: Final = ("x-request-id", "apim-request-id", "mistral-correlation-id", "x-generation-id", "cf-ray")
_STATUS: Final = re.compile(r"[45][0-9]{2}", re.ASCII)
_MAX_DEPTH: Final = 6
_MAX_ITEMS: Final = 3
_MAX_TEXT: Final = 2_000
# Where the error, or its text, stands; ``raw`` holds the upstream's own answer as JSON text.
_NESTED: Final = ("error", "message", "detail", "errors", "msg", "error_message")
_CODES: Final = ("code", "status")
_TYPES: Final = ("type", "error_type", "kind")


@frozen(kw_only=True)
class _Found:
    """What was found in an error answer, outermost first."""

    texts: list[str] = field(factory=list)
    codes: list[str | int] = field(factory=list)
    types: list[str] = field(factory=list)

    @property
    def message(self) -> str:
        return ": ".join(dict.fromkeys(self.texts))

    @property
    def code(self) -> str | int | None:
        """The first that is a name; numbers mostly repeat the status."""
        names = (code for code in self.codes if isinstance(code, str) and not code.isdigit())
        return next(names, self.codes[0] if self.codes else None)

    @property
    def type(self) -> str | None:
        """The first that says more than that there is an error."""
        return next((kind for kind in self.types if kind != "error"), None)

    @property
    def status(self) -> int | None:
        """The HTTP status that a code repeats."""
        return next((int(code) for code in self.codes if _STATUS.fullmatch(str(code)[:4])), None)


def error_of(reply: HttpReply, provider: ProviderId, model: str | None) -> ProviderStatusError:
    """The typed error of an error answer: any bytes, any status.

    Under a 2xx status the number inside the error object is the status, where there is one.
    """
    found = _Found()
    try:
        _look(parse(reply.body), found, _MAX_DEPTH)
    except NotJson:
        found.texts.extend(_plain_text(reply.body))
    if 200 <= reply.status < 300 and found.status is not None:
        reply = evolve(reply, status=found.status)
    error = status_error(
        reply,
        provider,
        model,
        message=found.message[:_MAX_TEXT],
        error_code=found.code,
        error_type=found.type,
        request_id=request_id_of(reply.headers, *REQUEST_IDS),
    )
    return _as_credentials(error) if error.code is ErrorCode.PERMISSION_DENIED else error


def json_of(reply: HttpReply, provider: ProviderId, model: str | None) -> Any:
    """The JSON value of an answer. Raises ``SerializationError``, which quotes nothing of it."""
    try:
        return parse(reply.body)
    except NotJson:
        raise SerializationError(
            message="the answer is no JSON",
            remedy="Check base_url: something else may be answering there.",
            provider=provider,
            model=model,
            status_code=reply.status,
            request_id=request_id_of(reply.headers, *REQUEST_IDS),
        ) from None


def broken(place: str, message: str, reply: HttpReply, provider: ProviderId, model: str | None) -> ProtocolError:
    """The error for an answer that is JSON, and not what the protocol promises."""
    return ProtocolError(
        message=message,
        field=place,
        provider=provider,
        model=model,
        status_code=reply.status,
        request_id=request_id_of(reply.headers, *REQUEST_IDS),
    )


def looks_like_an_error(body: dict[str, Any]) -> bool:
    """Whether an answer without choices is an error in disguise."""
    return bool(body.get("error") or body.get("errors") or body.get("detail")) or body.get("object") == "error"


def _look(value: object, found: _Found, depth: int) -> None:
    if depth == 0:
        return
    if isinstance(value, str):
        _look_into_text(value, found, depth)
    elif isinstance(value, list):
        for item in value[:_MAX_ITEMS]:
            _look(item, found, depth - 1)
    elif isinstance(value, dict):
        found.codes.extend(
            code
            for code in (value.get(name) for name in _CODES)
            if isinstance(code, str | int) and not isinstance(code, bool) and code != ""
        )
        found.types.extend(kind for kind in (value.get(name) for name in _TYPES) if isinstance(kind, str) and kind)
        for name in _NESTED:
            if name in value:
                _look(value[name], found, depth - 1)
        _look(an_object(value.get("metadata")).get("raw"), found, depth - 1)


def _look_into_text(text: str, found: _Found, depth: int) -> None:
    stripped = text.strip()
    if stripped[:1] in {"{", "["}:
        try:
            inner = parse(stripped.encode())
        except (NotJson, UnicodeEncodeError):
            pass
        else:
            _look(inner, found, depth - 1)
            return
    if safe_text(stripped):
        found.texts.append(stripped[:_MAX_TEXT])


def _plain_text(body: bytes) -> list[str]:
    """The text of a body that is no JSON; pages meant for browsers say nothing."""
    text = body[:_MAX_TEXT].decode(errors="replace").strip()
    return [text] if safe_text(text) and not text.startswith("<") else []


def _as_credentials(error: ProviderStatusError) -> CredentialsRejected:
    """On this wire a 403 speaks about the key as a 401 does; ``code`` keeps them apart."""
    facts = {attribute.name: getattr(error, attribute.name) for attribute in fields(ProviderStatusError)}
    return CredentialsRejected(**facts)
