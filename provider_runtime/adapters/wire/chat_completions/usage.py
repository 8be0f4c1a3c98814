"""What an answer says about tokens and money, whoever counts how."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from attrs import evolve

from provider_runtime.adapters.wire.chat_completions.dialect import CostReport
from provider_runtime.adapters.wire.reading import a_count, an_object
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.usage import CostBreakdown, PricingSource, Usage, counted
from provider_runtime.domain.conversation.warnings import WarningCode, warn

_NOTHING_REPORTED: Final = Usage()
_ZERO: Final = Decimal(0)
_TICKS_PER_DOLLAR: Final = Decimal(10**10)


def read_usage(reported: object, warnings: list[CallWarning]) -> Usage:
    """Every counter that the answer reports, so that input and output are whole counts.

    Most servers count cached, written, audio and reasoning tokens inside the two main counts;
    some leave them beside (xAI and Gemini reasoning, Mistral audio, Anthropic's cache counts). A
    part that is larger than its whole, or that the total has and the sum has not, stands beside.
    """
    if not isinstance(reported, dict) or not reported:
        warnings.append(warn(WarningCode.USAGE_MISSING, "the provider reported no usage"))
        return _NOTHING_REPORTED
    into = an_object(reported.get("prompt_tokens_details") or reported.get("prompt_token_details"))
    out = an_object(reported.get("completion_tokens_details") or reported.get("completion_token_details"))
    given, made, total = (
        a_count(reported.get("prompt_tokens")),
        a_count(reported.get("completion_tokens")),
        a_count(reported.get("total_tokens")),
    )
    cached = _cached(reported, into)
    written = a_count(into.get("cache_write_tokens"))
    if written is None:
        written = a_count(reported.get("cache_creation_input_tokens"))
    reasoning = a_count(out.get("reasoning_tokens"))
    if reasoning is None:
        reasoning = a_count(reported.get("reasoning_tokens"))
    heard, spoken = a_count(into.get("audio_tokens")), a_count(out.get("audio_tokens"))
    if given is None or made is None or total is None:
        warnings.append(warn(WarningCode.USAGE_PARTIAL, "the provider left out a part of the usage"))
    if given is not None:
        given = _with_part(_with_part(given, (cached or 0) + (written or 0)), heard)
    if made is not None:
        made = _with_part(_with_part(made, reasoning), spoken)
    if given is not None and made is not None and total is not None and total > given + made:
        rest = total - given - made
        if rest == heard:
            given += rest
        else:
            made += rest
            if rest != reasoning:
                warnings.append(
                    warn(WarningCode.USAGE_PARTIAL, f"{rest} tokens stand in the total only; counted as output")
                )
    return counted(
        input_tokens=given,
        output_tokens=made,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=a_count(an_object(reported.get("cache_creation")).get("ephemeral_1h_input_tokens")),
        reasoning_tokens=reasoning,
        input_audio_tokens=heard,
        output_audio_tokens=spoken,
        total_tokens=total,
    )


def _with_part(whole: int, part: int | None) -> int:
    """The whole count: what is larger than it cannot be inside it."""
    return whole + part if part and part > whole else whole


def _cached(reported: dict[str, Any], into: dict[str, Any]) -> int | None:
    found = a_count(into.get("cached_tokens"))
    if found is not None:
        return found
    for name in ("prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_tokens", "num_cached_tokens"):
        found = a_count(reported.get(name))
        if found is not None:
            return found
    return None


def read_cost(reported: object, report: CostReport) -> CostBreakdown | None:
    """The cost as the provider states it; ``None`` when it does not.

    OpenRouter's ``cost`` is what it charges itself. With the caller's own key at the upstream
    provider (``is_byok``) that is only a fee, and the upstream's own charge comes on top; where the
    answer does not say what that is, the fee is all that is reported (``request_cost``).
    """
    if report is CostReport.NOWHERE or not isinstance(reported, dict):
        return None
    if report is CostReport.TICKS:
        ticks = _amount(reported.get("cost_in_usd_ticks"))
        return None if ticks is None else _breakdown(ticks / _TICKS_PER_DOLLAR)
    total = _amount(reported.get("cost"))
    if total is None:
        return None
    details = an_object(reported.get("cost_details"))
    if reported.get("is_byok") is True:
        upstream = _amount(details.get("upstream_inference_cost"))
        if upstream is None:
            return evolve(_breakdown(total), request_cost=total)
        total += upstream
    return _breakdown(
        total,
        given=_amount(details.get("upstream_inference_prompt_cost")),
        made=_amount(details.get("upstream_inference_completions_cost")),
    )


def _breakdown(total: Decimal, *, given: Decimal | None = None, made: Decimal | None = None) -> CostBreakdown:
    return CostBreakdown(
        input_cost=given or _ZERO,
        output_cost=made or _ZERO,
        total_cost=total,
        pricing_source=PricingSource.PROVIDER_REPORTED,
    )


def _amount(value: object) -> Decimal | None:
    """A sum of money from a number or its text, by its shortest decimal form, never by its binary one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value)[:64])
    except (InvalidOperation, ValueError):
        return None
    return amount if amount.is_finite() and amount >= 0 else None
