"""What providers say about their limits, in the words of each."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shared_data import require_shared, wire_exchanges

from provider_runtime.adapters.credentials.sources import CredentialSources
from provider_runtime.adapters.wire.adapter import WireAdapter
from provider_runtime.adapters.wire.chat_completions.codec import ChatCompletionsCodec
from provider_runtime.adapters.wire.chat_completions.dialect import OPENAI_CHAT
from provider_runtime.adapters.wire.rate_limit_headers import rate_limit_hint
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.resilience.rate_limits import Allowance, RateLimitHint, RateLimits
from provider_runtime.ports.http import HttpReply
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeTransport

DATE = "Sat, 31 Jan 2026 13:00:00 GMT"
_VENDORS = ("openai-chat", "openai-responses", "anthropic", "openai-compat", "openrouter")


def openai(reset: str) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-reset-requests": reset,
    }


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("6ms", 0.006), ("0s", 0.0), ("7.82s", 7.82), ("1.5s", 1.5), ("1m12s", 72.0), ("6m0s", 360.0)),
        *(("7m12.5s", 432.5), ("15m50.4s", 950.4), ("1h0m1s", 3601.0), ("2", 2.0), ("0.5", 0.5)),
        *(("", None), ("soon", None), ("-1s", None), ("1s1", None), ("s", None), ("nan", None), ("inf", None)),
        *(("9d", None), ("1" * 30, None), ("\u0661s", None), ("1.2.3s", None)),
    ],
)
def test_a_reset_is_a_duration_in_any_of_the_units(text: str, seconds: float | None) -> None:
    hint = rate_limit_hint(openai(text))
    assert hint is not None
    assert hint.requests_reset_s == (None if seconds is None else pytest.approx(seconds))
    assert (hint.requests_limit, hint.requests_remaining) == (10000, 9999)


def test_anthropic_tells_moments_which_are_measured_against_its_own_clock() -> None:
    headers = {
        "date": DATE,
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-01-31T13:00:02Z",
        "anthropic-ratelimit-tokens-limit": "38000",
        "anthropic-ratelimit-tokens-remaining": "37000",
        "anthropic-ratelimit-tokens-reset": "2026-01-31T12:59:00Z",
        "anthropic-ratelimit-input-tokens-remaining": "30000",
    }
    assert rate_limit_hint(headers) == RateLimitHint(
        requests_limit=50,
        requests_remaining=49,
        requests_reset_s=2.0,
        tokens_limit=38000,
        tokens_remaining=37000,
        tokens_reset_s=0.0,
    )
    without_date = rate_limit_hint({name: value for name, value in headers.items() if name != "date"})
    assert without_date is not None
    assert without_date.requests_reset_s is None


def test_a_part_of_the_tokens_counts_when_it_is_used_up() -> None:
    headers = {
        "date": DATE,
        "anthropic-ratelimit-tokens-limit": "38000",
        "anthropic-ratelimit-tokens-remaining": "8000",
        "anthropic-ratelimit-input-tokens-limit": "30000",
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": "2026-01-31T13:00:30Z",
    }
    hint = rate_limit_hint(headers)
    assert hint is not None
    assert (hint.tokens_limit, hint.tokens_remaining, hint.tokens_reset_s) == (30000, 0, 30.0)


def test_openrouter_tells_a_moment_in_milliseconds_since_1970() -> None:
    headers = {
        "date": "Fri, 08 Aug 2025 15:40:34 GMT",
        "x-ratelimit-limit": "1",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1754667660000",
    }
    assert rate_limit_hint(headers) == RateLimitHint(requests_limit=1, requests_remaining=0, requests_reset_s=26.0)


def test_azure_tells_milliseconds_where_a_number_is_longer_than_its_period() -> None:
    headers = {**openai("500"), "x-ratelimit-renewalperiod-requests": "60"}
    hint = rate_limit_hint(headers)
    assert hint is not None
    assert hint.requests_reset_s == 0.5


def test_mistral_names_the_window_in_place_of_a_reset() -> None:
    headers = {
        "x-ratelimit-limit-req-minute": "60",
        "x-ratelimit-remaining-req-minute": "52",
        "x-ratelimit-limit-tokens-minute": "500000",
        "x-ratelimit-remaining-tokens-minute": "499497",
        "x-ratelimit-remaining-tokens-month": "7",
    }
    hint = rate_limit_hint(headers)
    assert hint is not None
    assert (hint.requests_remaining, hint.requests_reset_s) == (52, 60.0)
    assert (hint.tokens_remaining, hint.tokens_reset_s) == (499497, 60.0)


def test_a_limit_beyond_all_measure_is_none() -> None:
    assert rate_limit_hint({"x-ratelimit-remaining-tokens-minute": "9223372036854767616"}) is None


@pytest.mark.parametrize("headers", [{}, {"x-ratelimit-limit-requests": "9"}, {"x-ratelimit-reset-requests": "1s"}])
def test_without_what_remains_nothing_is_said(headers: dict[str, str]) -> None:
    assert rate_limit_hint(headers) is None


@pytest.mark.parametrize("status", [200, 204, 429, 500])
async def test_the_adapter_passes_on_what_it_is_told_whatever_came_of_the_call(status: int) -> None:
    adapter = WireAdapter(
        config=ProviderConfig(provider_id=ProviderId("p"), kind=ProviderKind.OPENAI_CHAT, base_url="https://p.example"),
        codec=ChatCompletionsCodec(dialect=OPENAI_CHAT),
        transport=FakeTransport([HttpReply(status=status, headers=openai("6ms"))]),
        credentials=CredentialSources(),
        credential_required=False,
    )
    heard: list[RateLimitHint] = []
    with pytest.raises(ProviderError):
        await adapter.send(adapter.prepare(a_request()), AdapterContext(hear=heard.append))
    assert heard == [RateLimitHint(requests_limit=10000, requests_remaining=9999, requests_reset_s=0.006)]


_names = st.sampled_from(
    [
        *("x-ratelimit-remaining-requests", "x-ratelimit-limit-requests", "x-ratelimit-reset-requests"),
        *("x-ratelimit-remaining-tokens", "x-ratelimit-limit-tokens", "x-ratelimit-reset-tokens"),
        *("x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-renewalperiod-requests", "date"),
        *("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
        "anthropic-ratelimit-input-tokens-remaining",
    ]
)
_values = (
    st.text(max_size=50)
    | st.integers(-(10**3), 10**25).map(str)
    | st.from_regex(r"\A([0-9]{1,12}(\.[0-9]{1,3})?(ms|s|m|h|d)){1,3}\Z")
    | st.datetimes().map(lambda moment: moment.isoformat() + "Z")
    | st.sampled_from((DATE, "0", "9999-12-31T23:59:59.999999999Z", "0001-01-01T00:00:00+23:59"))
)


@given(headers=st.dictionaries(_names, _values))
@example(headers={"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "2026-13-01T00:00:00Z"})
@example(headers={"x-ratelimit-remaining": "1", "x-ratelimit-reset": "9" * 15, "date": "Mon, 01 Jan 0001 00:00:00 GMT"})
def test_any_text_in_these_headers_gives_a_hint_that_makes_sense_or_none(headers: dict[str, str]) -> None:
    hint = rate_limit_hint(headers)
    if hint is None:
        return
    for count in (hint.requests_limit, hint.requests_remaining, hint.tokens_limit, hint.tokens_remaining):
        assert count is None or 0 <= count <= 10**12
    for seconds in (hint.requests_reset_s, hint.tokens_reset_s):
        assert seconds is None or 0 <= seconds <= 86_400


def _lower(exchange: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in (exchange["response"].get("headers") or {}).items()}


def test_captured_answers_that_tell_what_remains_are_understood() -> None:
    require_shared("wire", "MANIFEST.json")
    understood = 0
    state = Allowance(limits=RateLimits(requests_per_minute=1, tokens_per_minute=100))
    for exchange in wire_exchanges(*_VENDORS):
        headers = _lower(exchange)
        told = [name for name in headers if "ratelimit" in name and "remaining" in name]
        # Words of their own, for what is no request and no token.
        if all("image" in name or "audio" in name for name in told):
            continue
        hint = rate_limit_hint(headers)
        assert hint is not None, exchange["id"]
        if any(name.endswith(("reset-requests", "requests-reset")) for name in headers) and "date" in headers:
            assert hint.requests_reset_s is not None, exchange["id"]
        later = state.hinted(hint, 0.0).next_at(100, 0.0)
        assert later is not None
        assert later <= 60, exchange["id"]
        understood += 1
    assert understood > 250
