"""What providers say about their limits beside an answer, in the headers of each vendor, as one value.

Read from captured traffic: OpenAI, Groq and xAI (``x-ratelimit-remaining-requests``), Azure (the
same, with resets in bare numbers), Anthropic (``anthropic-ratelimit-…``, with moments), Mistral
(``…-req-minute``), Together and OpenRouter (``x-ratelimit-remaining``), Hugging Face.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from attrs import frozen

from provider_runtime.domain.policy.resilience.rate_limits import RateLimitHint

_MOST: Final = 10**12  # more than this is no limit; one vendor says 2**63 for "none"
_LONGEST_S: Final = 86_400.0
_WHOLE: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_DURATION: Final = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|us|µs|ns|d|h|m|s)){1,6}", re.ASCII)
_PART: Final = re.compile(r"([0-9.]+)(ms|us|µs|ns|d|h|m|s)", re.ASCII)
_SECONDS: Final = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,18}(?:Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII)
_EPOCH_S: Final = 10**9
_EPOCH_MS: Final = 10**12


@frozen
class _Names:
    """The headers of one limit; ``window_s``: its window, where there is no header that tells a reset."""

    remaining: str
    limit: str
    reset: str = "x-ratelimit-reset"
    window_s: float | None = None


@frozen
class _Said:
    """What the headers of one limit say."""

    remaining: int | None = None
    limit: int | None = None
    reset_s: float | None = None


_NOTHING: Final = _Said()


def _openai(kind: str) -> _Names:
    return _Names(f"x-ratelimit-remaining-{kind}", f"x-ratelimit-limit-{kind}", f"x-ratelimit-reset-{kind}")


def _anthropic(kind: str) -> _Names:
    opening = f"anthropic-ratelimit-{kind}"
    return _Names(f"{opening}-remaining", f"{opening}-limit", f"{opening}-reset")


_REQUESTS: Final = (
    _openai("requests"),
    _anthropic("requests"),
    _Names("x-ratelimit-remaining-req-minute", "x-ratelimit-limit-req-minute", window_s=60.0),
    _Names("x-ratelimit-remaining-requests-minute", "x-ratelimit-limit-requests-minute", window_s=60.0),
    _Names("x-ratelimit-remaining-req-10-second", "x-ratelimit-limit-req-10-second", window_s=10.0),
    _Names("x-ratelimit-remaining", "x-ratelimit-limit"),
)
_TOKENS: Final = (
    _openai("tokens"),
    _anthropic("tokens"),
    _Names("x-ratelimit-remaining-tokens-minute", "x-ratelimit-limit-tokens-minute", window_s=60.0),
    _Names("ratelimitbysize-remaining", "ratelimitbysize-limit", "ratelimitbysize-reset"),
)
# Limits of a part of the tokens count only when that part is used up: their figures bound no whole call.
_PARTS_OF_TOKENS: Final = (_anthropic("input-tokens"), _anthropic("output-tokens"), _openai("project-tokens"))


def rate_limit_hint(headers: Mapping[str, str]) -> RateLimitHint | None:
    """What the headers (names in lower case) say of the provider's limits; ``None`` where they say nothing.

    Total: what cannot be read is not said. Moments are measured against the answer's own ``date``,
    so that clock skew cancels, and are left out without one.
    """
    date = headers.get("date")  # read where a limit tells a moment, and few do
    requests = _first(headers, _REQUESTS, date)
    tokens = _exhausted(headers, date) or _first(headers, _TOKENS, date)
    if requests is None and tokens is None:
        return None
    requests, tokens = requests or _NOTHING, tokens or _NOTHING
    return RateLimitHint(
        requests_limit=requests.limit,
        requests_remaining=requests.remaining,
        requests_reset_s=requests.reset_s,
        tokens_limit=tokens.limit,
        tokens_remaining=tokens.remaining,
        tokens_reset_s=tokens.reset_s,
    )


def _first(headers: Mapping[str, str], table: tuple[_Names, ...], date: str | None) -> _Said | None:
    return next((said for names in table if (said := _said(headers, names, date)) is not None), None)


def _exhausted(headers: Mapping[str, str], date: str | None) -> _Said | None:
    parts = (_said(headers, names, date) for names in _PARTS_OF_TOKENS)
    return next((said for said in parts if said is not None and said.remaining == 0), None)


def _said(headers: Mapping[str, str], names: _Names, date: str | None) -> _Said | None:
    remaining = _count(headers.get(names.remaining))
    if remaining is None:
        return None
    reset_s = _reset(headers.get(names.reset) or headers.get("x-ratelimit-reset"), date, _period(headers, names))
    return _Said(remaining, _count(headers.get(names.limit)) or None, names.window_s if reset_s is None else reset_s)


def _count(text: str | None) -> int | None:
    if text is None or not _WHOLE.fullmatch(text.strip()):
        return None
    value = int(text)
    return value if value <= _MOST else None


def _period(headers: Mapping[str, str], names: _Names) -> int | None:
    kind = names.remaining.rpartition("-")[2]
    return _count(headers.get(f"x-ratelimit-renewalperiod-{kind}"))


def _reset(text: str | None, date: str | None, period_s: int | None) -> float | None:
    """Seconds from now of a duration, of a moment, or of a bare number."""
    if text is None or len(text) > 40:
        return None
    text = text.strip()
    if _NUMBER.fullmatch(text):
        seconds = _bare(float(text), date, period_s)
    elif _DURATION.fullmatch(text):
        seconds = sum(float(part[1]) * _SECONDS[part[2]] for part in _PART.finditer(text))
    else:
        seconds = _since(_http_date(date), _rfc3339(text))
    return None if seconds is None or seconds > _LONGEST_S else max(0.0, seconds)


def _bare(value: float, date: str | None, period_s: int | None) -> float | None:
    if value >= _EPOCH_S:  # a moment, in seconds (or, with OpenRouter, milliseconds) since 1970
        seconds, now = value / 1000 if value >= _EPOCH_MS else value, _http_date(date)
        return None if now is None else seconds - now.timestamp()
    # Nothing resets later than its period ends, so a larger number counts milliseconds (Azure).
    return value / 1000 if period_s is not None and value > period_s else value


def _since(date: datetime | None, moment: datetime | None) -> float | None:
    return None if date is None or moment is None else (moment - date).total_seconds()


def _rfc3339(text: str) -> datetime | None:
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _http_date(text: str | None) -> datetime | None:
    if text is None or len(text) > 60:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
