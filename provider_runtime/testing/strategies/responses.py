"""Strategies for responses, usage and cost."""

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from provider_runtime.domain.conversation.response import (
    AssistantOutput,
    Attempt,
    CallWarning,
    FinishReason,
    MemoHit,
    PassedOver,
    ProviderResponse,
)
from provider_runtime.domain.conversation.usage import CostBreakdown, PricingSource, Usage
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.testing.strategies.parts import assistant_parts
from provider_runtime.testing.strategies.values import (
    call_ids,
    few,
    floats,
    json_values,
    moments,
    names,
    perhaps,
    provider_ids,
    texts,
)


def usages() -> SearchStrategy[Usage]:
    """Token counts, each reported or not, consistent or not."""
    tokens = perhaps(st.integers(0, 10**7))
    return st.builds(
        Usage,
        input_tokens=tokens,
        output_tokens=tokens,
        cached_input_tokens=tokens,
        cache_write_tokens=tokens,
        cache_write_1h_tokens=tokens,
        reasoning_tokens=tokens,
        input_audio_tokens=tokens,
        output_audio_tokens=tokens,
        total_tokens=tokens,
    )


def costs() -> SearchStrategy[CostBreakdown]:
    """Costs, exact to many digits."""
    amount = st.decimals(0, 1000, allow_nan=False, allow_infinity=False) | st.just(Decimal("1E-12"))
    return st.builds(
        CostBreakdown,
        input_cost=amount,
        output_cost=amount,
        total_cost=amount,
        pricing_source=st.sampled_from(PricingSource),
        cached_input_cost=perhaps(amount),
        cache_write_cost=perhaps(amount),
        reasoning_cost=perhaps(amount),
        request_cost=perhaps(amount),
        price_version=perhaps(texts()),
    )


def call_warnings() -> SearchStrategy[CallWarning]:
    """Warnings with any code."""
    return st.builds(CallWarning, names(), texts())


def attempts() -> SearchStrategy[Attempt]:
    """Tries of a call."""
    return st.builds(
        Attempt,
        number=st.integers(1, 9),
        outcome=st.sampled_from(("answered", "timed_out", "rate_limited")),
        duration_s=floats(0, 1000),
        wait_s=floats(0, 1000),
        status_code=perhaps(st.integers(100, 599)),
        provider_request_id=perhaps(texts()),
    )


def passed_over() -> SearchStrategy[PassedOver]:
    """Alternatives that did not answer."""
    return st.builds(PassedOver, provider=perhaps(provider_ids()), model_id=names(), code=names(), reason=texts())


def memo_hits() -> SearchStrategy[MemoHit]:
    """Where answers came from that were given before."""
    return st.builds(MemoHit, kept_at=moments(), call_id=call_ids(), usage=usages())


def outputs() -> SearchStrategy[AssistantOutput]:
    """What a model produced, also nothing."""
    return st.builds(AssistantOutput, content=few(assistant_parts()), structured_output=json_values())


def responses() -> SearchStrategy[ProviderResponse]:
    """Responses with any of their fields."""
    return st.builds(
        ProviderResponse,
        output=outputs(),
        provider=provider_ids(),
        model=texts(),
        finish_reason=st.sampled_from(FinishReason),
        usage=usages(),
        cost=perhaps(costs()),
        warnings=few(call_warnings(), most=2),
        raw_provider_response=json_values(),
        response_id=perhaps(texts()),
        provider_request_id=perhaps(texts()),
        call_id=perhaps(call_ids()),
        runtime_id=perhaps(st.just(RuntimeId("rt-1"))),
        attempts=few(attempts(), most=2),
        passed_over=few(passed_over(), most=1),
        duration_s=perhaps(floats(0, 1000)),
        memo=perhaps(memo_hits()),
    )
