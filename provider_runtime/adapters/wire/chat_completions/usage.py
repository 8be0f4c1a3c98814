"""What an answer says about tokens and money, whoever counts how."""

from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec
from attrs import evolve

from provider_runtime.adapters.wire.chat_completions.dialect import CostReport
from provider_runtime.adapters.wire.reading import Count, an_object, counts
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.usage import CostBreakdown, PricingSource, Usage, counted
from provider_runtime.domain.conversation.warnings import WarningCode, warn

_NOWHERE: Final = CostReport.NOWHERE  # members of an enum are looked up by its metaclass, which takes long
_NOTHING_REPORTED: Final = Usage()
_ZERO: Final = Decimal(0)
_TICKS_PER_DOLLAR: Final = Decimal(10**10)


class _Part(msgspec.Struct):
    """What the details of a prompt count, or those of an answer."""

    cached_tokens: Count = None
    cache_write_tokens: Count = None
    reasoning_tokens: Count = None
    audio_tokens: Count = None


class _Kept(msgspec.Struct):
    """What of a prompt is kept in a cache, as Anthropic tells it."""

    ephemeral_1h_input_tokens: Count = None


class _Told(msgspec.Struct):
    """Every counter under every name."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    prompt_tokens_details: _Part | None = None
    completion_tokens_details: _Part | None = None
    prompt_token_details: _Part | None = None
    completion_token_details: _Part | None = None
    reasoning_tokens: Count = None
    cache_creation: _Kept | None = None
    cache_creation_input_tokens: Count = None
    prompt_cache_hit_tokens: Count = None
    cache_read_input_tokens: Count = None
    cached_tokens: Count = None
    num_cached_tokens: Count = None


_NO_PART: Final = _Part()


def read_usage(reported: object, warnings: list[CallWarning]) -> Usage:
    """Every counter that the answer reports, so that input and output are whole counts.

    Most servers count cached, written, audio and reasoning tokens inside the two main counts;
    some leave them beside (xAI and Gemini reasoning, Mistral audio, Anthropic's cache counts). A
    part that is larger than its whole, or that the total has and the sum has not, stands beside.
    """
    if not isinstance(reported, dict) or not reported:
        warnings.append(warn(WarningCode.USAGE_MISSING, "the provider reported no usage"))
        return _NOTHING_REPORTED
    told = counts(reported, _Told)
    into = told.prompt_tokens_details or told.prompt_token_details or _NO_PART
    out = told.completion_tokens_details or told.completion_token_details or _NO_PART
    given, made, total = told.prompt_tokens, told.completion_tokens, told.total_tokens
    cached, written, reasoning = into.cached_tokens, into.cache_write_tokens, out.reasoning_tokens
    heard, spoken = into.audio_tokens, out.audio_tokens
    if cached is None:
        names = (told.prompt_cache_hit_tokens, told.cache_read_input_tokens, told.cached_tokens, told.num_cached_tokens)
        for cached in names:
            if cached is not None:
                break
    if written is None:
        written = told.cache_creation_input_tokens
    if reasoning is None:
        reasoning = told.reasoning_tokens
    if given is None or made is None or total is None:
        warnings.append(warn(WarningCode.USAGE_PARTIAL, "the provider left out a part of the usage"))
    if given is not None:
        kept = (cached or 0) + (written or 0)
        if kept > given:
            given += kept
        if heard and heard > given:
            given += heard
    if made is not None:
        if reasoning and reasoning > made:
            made += reasoning
        if spoken and spoken > made:
            made += spoken
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
        cache_write_1h_tokens=told.cache_creation.ephemeral_1h_input_tokens if told.cache_creation else None,
        reasoning_tokens=reasoning,
        input_audio_tokens=heard,
        output_audio_tokens=spoken,
        total_tokens=total,
    )


def read_cost(reported: object, report: CostReport) -> CostBreakdown | None:
    """The cost as the provider states it; ``None`` when it does not.

    OpenRouter's ``cost`` is what it charges itself. With the caller's own key at the upstream
    provider (``is_byok``) that is only a fee, and the upstream's own charge comes on top; where the
    answer does not say what that is, the fee is all that is reported (``request_cost``).
    """
    if report is _NOWHERE or not isinstance(reported, dict):
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
