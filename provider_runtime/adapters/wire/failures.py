"""Error answers as typed errors: what every wire does alike once it has found the names and the text."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from math import isfinite
from typing import Final

from provider_runtime.domain.errors import CredentialsRejected, ErrorCode, ProviderStatusError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.failures import failure_meaning
from provider_runtime.ports.http import HttpReply

_NAME: Final = re.compile(r"[A-Za-z0-9_.\-]{1,64}\Z")
_LONGEST_ID: Final = 128
_MEDIA: Final = re.compile(r"[a-z]{1,16}/[a-z0-9.+-]{1,64}(?=\s*(?:;|\Z))")
_REMEDIES: Final = {
    ErrorCode.CREDENTIALS_REJECTED: "Check the key of this provider: it was read, sent, and not accepted.",
    ErrorCode.PERMISSION_DENIED: "The key is known but may not do this; ask for access, or use another model.",
    ErrorCode.NOT_FOUND: "Check the model id; `provider-runtime models list` shows the known ones.",
    ErrorCode.CONTEXT_TOO_LONG: "Shorten the conversation, or use a model with a larger context window.",
    ErrorCode.REQUEST_TOO_LARGE: "Send less, or send large media by file id or URL.",
    ErrorCode.QUOTA_EXHAUSTED: "The account has no money or quota left; retrying does not help.",
    ErrorCode.RATE_LIMITED: "Send fewer requests at a time, or wait.",
    ErrorCode.OVERLOADED: "The provider has too much to do; try later or another provider.",
    ErrorCode.REDIRECT_BLOCKED: "Redirects are never followed; register the final address as base_url.",
}


def a_name(value: object) -> str | None:
    """A provider's short name for an error if it looks like one, else ``None``; numbers count."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _NAME.match(text) else None


def outline_of(reply: HttpReply) -> str:
    """An answer told without a word of it: status, media type, size, and the start of its digest."""
    media = _MEDIA.match(reply.headers.get("content-type", "").lower())
    kind = media[0] if media else "no media type"
    return f"HTTP status {reply.status}, {kind}, {len(reply.body)} bytes, sha256 {sha256(reply.body).hexdigest()[:12]}"


def request_id_of(headers: Mapping[str, str], *names: str) -> str | None:
    """The first of these headers that holds a plausible request id."""
    for name in (*names, "x-request-id", "request-id"):
        value = headers.get(name)
        if value and len(value) <= _LONGEST_ID and value.isascii() and value.isprintable() and " " not in value:
            return value
    return None


def retry_after_of(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds the provider asks to wait: ``retry-after-ms``, then ``retry-after`` as number or date.

    A date is measured against the answer's own ``date`` header, so that clock skew cancels.
    ``None`` for what is absent, not positive, not finite or not a number. Source: reliability §2.3.
    """
    milliseconds = _positive(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    if text is None:
        return None
    seconds = _positive(text)
    return seconds if seconds is not None else _until(text, headers.get("date"), now)


def status_error(
    reply: HttpReply,
    provider: ProviderId,
    model: str | None,
    *,
    message: str,
    error_code: object = None,
    error_type: object = None,
    request_id: str | None = None,
) -> ProviderStatusError:
    """The typed error for an error answer whose names and text a codec has found."""
    code_name, type_name = a_name(error_code), a_name(error_type)
    meaning = failure_meaning(reply.status, tuple(name for name in (code_name, type_name) if name), message)
    kind = CredentialsRejected if meaning.code is ErrorCode.CREDENTIALS_REJECTED else ProviderStatusError
    wish = reply.headers.get("x-should-retry")
    return kind(
        message=message or f"the provider answered with HTTP status {reply.status}",
        remedy=_REMEDIES.get(meaning.code, ""),
        code=meaning.code,
        delivery=meaning.delivery,
        retryable=meaning.retryable,
        provider=provider,
        model=model,
        status_code=reply.status,
        request_id=request_id or request_id_of(reply.headers),
        provider_code=code_name,
        provider_type=type_name,
        retry_after_s=retry_after_of(reply.headers),
        should_retry={"true": True, "false": False}.get(wish.lower()) if wish else None,
    )


def _positive(text: str | None) -> float | None:
    if text is None or not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text.strip()):
        return None
    value = float(text)
    return value if isfinite(value) and value > 0 else None


def _until(text: str, date: str | None, now: datetime | None) -> float | None:
    moments = [_moment(text), _moment(date) or now]
    if moments[0] is None or moments[1] is None:
        return None
    wait = (moments[0] - moments[1]).total_seconds()
    return wait if wait > 0 else None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
