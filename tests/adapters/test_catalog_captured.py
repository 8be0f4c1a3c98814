"""Shipped prices over the usage that real answers reported."""

from collections.abc import Iterator
from typing import Any

import pytest
from shared_data import require_shared, wire_exchanges

from provider_runtime.adapters.catalog import builtin_prices
from provider_runtime.domain.catalog.pricing import estimate_cost, worst_case_cost
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.identity import ANTHROPIC, OPENAI, OPENROUTER, ProviderId


def usage_of_openai(told: dict[str, Any]) -> Usage:
    """Both OpenAI APIs and OpenRouter: details are inside the two counts."""
    inner = told.get("prompt_tokens_details") or told.get("input_tokens_details") or {}
    outer = told.get("completion_tokens_details") or told.get("output_tokens_details") or {}
    return Usage(
        input_tokens=told.get("prompt_tokens", told.get("input_tokens")),
        output_tokens=told.get("completion_tokens", told.get("output_tokens")),
        cached_input_tokens=inner.get("cached_tokens"),
        cache_write_tokens=inner.get("cache_write_tokens"),
        input_audio_tokens=inner.get("audio_tokens"),
        reasoning_tokens=outer.get("reasoning_tokens"),
        output_audio_tokens=outer.get("audio_tokens"),
    )


def usage_of_anthropic(told: dict[str, Any]) -> Usage:
    """Cache traffic is beside the input count."""
    cached, written = told.get("cache_read_input_tokens") or 0, told.get("cache_creation_input_tokens") or 0
    return Usage(
        input_tokens=told["input_tokens"] + cached + written,
        output_tokens=told["output_tokens"],
        cached_input_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=(told.get("cache_creation") or {}).get("ephemeral_1h_input_tokens"),
    )


def answers(provider: ProviderId, folders: tuple[str, ...]) -> Iterator[tuple[str, str, Usage]]:
    """The exchange, the model that answered and what it used, for each answer that says so."""
    for exchange in wire_exchanges(*folders, apis=("chat", "responses", "messages")):
        answer = exchange["response"].get("json")
        if exchange["response"]["status"] != 200 or not isinstance(answer, dict) or not answer.get("usage"):
            continue
        if answer.get("type") == "message":
            yield exchange["id"], answer["model"], usage_of_anthropic(answer["usage"])
        elif provider != ANTHROPIC and answer.get("model"):
            yield exchange["id"], answer["model"], usage_of_openai(answer["usage"])


def test_most_estimates_are_what_openrouter_really_billed() -> None:
    require_shared("wire", "MANIFEST.json")
    compared = same = 0
    for exchange in wire_exchanges("openrouter", apis=("chat",)):
        answer, asked = exchange["response"].get("json"), exchange["request"].get("json") or {}
        if not isinstance(answer, dict) or not (answer.get("usage") or {}).get("cost"):
            continue
        usage = usage_of_openai(answer["usage"])
        cost, _ = estimate_cost(builtin_prices(), OPENROUTER, answer["model"], usage, fallback_model=asked.get("model"))
        if cost is not None:
            compared += 1
            same += float(cost.total_cost) == pytest.approx(answer["usage"]["cost"], rel=1e-3)
    # The rest went to an upstream with prices of its own, or used a tool that is billed apart.
    assert compared >= 50
    assert same >= 0.8 * compared


@pytest.mark.parametrize(
    ("provider", "folders", "least_known"),
    [
        (OPENAI, ("openai-chat", "openai-responses"), 0.6),
        (ANTHROPIC, ("anthropic",), 0.6),
        (OPENROUTER, ("openrouter",), 0.3),
    ],
)
def test_every_captured_answer_of_a_known_model_has_a_cost_within_its_worst_case(
    provider: ProviderId, folders: tuple[str, ...], least_known: float
) -> None:
    require_shared("wire", "MANIFEST.json")
    prices, known, every = builtin_prices(), 0, 0
    for exchange, model, usage in answers(provider, folders):
        every += 1
        cost, warnings = estimate_cost(prices, provider, model, usage)
        if prices.rule_for(provider, model) is None:
            assert [warning.code for warning in warnings] == ["pricing.missing_rule"], exchange
            continue
        known += 1
        bound = worst_case_cost(prices, provider, model, usage.input_tokens or 0, usage.output_tokens or 0)
        assert warnings == (), exchange
        assert cost is not None, exchange
        assert bound is not None, exchange
        assert cost.total_cost <= bound.total_cost, exchange
    assert every > 50
    assert known >= least_known * every
