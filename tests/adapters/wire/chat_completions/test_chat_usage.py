"""Token counts of servers that count differently, made into whole counts."""

from decimal import Decimal

import pytest
from chat_support import codes, decoded, said, vendor_codec

from provider_runtime.domain.conversation.usage import Usage


def usage_of(**reported: object) -> tuple[Usage, list[str]]:
    response = decoded(said("x") | {"usage": reported})
    return response.usage, codes(response)


@pytest.mark.parametrize(
    ("given", "made", "total", "into", "out", "whole"),
    [
        # inside both counts, as OpenAI counts
        (50, 261, 311, {"cached_tokens": 40, "audio_tokens": 9}, {"reasoning_tokens": 192}, (50, 261)),
        # reasoning beside the output, larger than it or not, as xAI counts
        (214, 24, 432, {}, {"reasoning_tokens": 194}, (214, 218)),
        (214, 200, 608, {}, {"reasoning_tokens": 194}, (214, 394)),
        # reasoning beside, and left out of the total too, as Vercel counts for Gemini
        (28, 5, 33, {}, {"reasoning_tokens": 49}, (28, 54)),
        # audio beside the input, as Mistral counts
        (9, 248, 632, {"audio_tokens": 375}, {}, (384, 248)),
        (9, 248, 262, {"audio_tokens": 5}, {}, (14, 248)),
        # the cache beside the input, as Anthropic counts
        (24, 16, 40, {"cached_tokens": 161}, {}, (185, 16)),
        (10, 5, 15, {"cached_tokens": 100, "cache_write_tokens": 50}, {}, (160, 5)),
    ],
)  # fmt: skip
def test_parts_beside_a_count_are_added_to_it_and_parts_inside_are_not(
    given: int, made: int, total: int, into: dict[str, int], out: dict[str, int], whole: tuple[int, int]
) -> None:
    usage, remarks = usage_of(
        prompt_tokens=given,
        completion_tokens=made,
        total_tokens=total,
        prompt_tokens_details=into,
        completion_tokens_details=out,
    )
    assert (usage.input_tokens, usage.output_tokens) == whole
    assert usage.total_tokens == total
    assert usage.reasoning_tokens == out.get("reasoning_tokens")
    assert remarks == []


def test_tokens_that_stand_in_the_total_only_are_output_with_a_remark() -> None:
    usage, remarks = usage_of(prompt_tokens=35, completion_tokens=12, total_tokens=109)
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (35, 74, 109)
    assert remarks == ["usage_partial"]


@pytest.mark.parametrize(
    ("reported", "cached"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 7}}, 7),
        ({"prompt_token_details": {"cached_tokens": 7}}, 7),
        ({"prompt_cache_hit_tokens": 7, "prompt_cache_miss_tokens": 3}, 7),
        ({"cache_read_input_tokens": 7}, 7),
        ({"num_cached_tokens": 7}, 7),
        ({"cached_tokens": 0}, 0),
        ({}, None),
    ],
)
def test_cached_tokens_have_many_names(reported: dict[str, object], cached: int | None) -> None:
    usage, _ = usage_of(prompt_tokens=10, completion_tokens=1, total_tokens=11, **reported)
    assert usage.cached_input_tokens == cached
    assert usage.input_tokens == 10


def test_cache_writes_are_read_with_their_hour_long_part() -> None:
    usage, _ = usage_of(
        prompt_tokens=100,
        completion_tokens=1,
        total_tokens=101,
        cache_creation_input_tokens=60,
        cache_creation={"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 40},
    )
    assert (usage.cache_write_tokens, usage.cache_write_1h_tokens) == (60, 40)


@pytest.mark.parametrize(
    "bad", [None, [], "many", {"prompt_tokens": None}, {"prompt_tokens": -1}, {"prompt_tokens": "5"}]
)
def test_counts_that_are_none_are_not_reported(bad: object) -> None:
    response = decoded(said("x") | {"usage": bad})
    assert response.usage == Usage()
    assert codes(response) == ["usage_partial" if isinstance(bad, dict) else "usage_missing"]


def test_reasoning_tokens_may_stand_at_the_top() -> None:
    usage, _ = usage_of(prompt_tokens=1, completion_tokens=9, total_tokens=10, reasoning_tokens=4)
    assert usage.reasoning_tokens == 4
    assert usage.output_tokens == 9


def test_the_cost_that_xai_reports_in_ticks_is_read_in_dollars() -> None:
    answer = said("x")
    answer["usage"] |= {"cost_in_usd_ticks": 1087500}
    cost = decoded(answer, vendor_codec("xai")).cost
    assert cost is not None
    assert cost.total_cost == Decimal("0.00010875")
    assert decoded(answer, vendor_codec("generic")).cost is None
