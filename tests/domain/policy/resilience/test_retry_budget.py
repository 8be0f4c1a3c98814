"""The retry budget: what a provider that fails costs beyond the calls themselves."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.policy.resilience.retry_budget import RetryTokens

FULL = RetryTokens()
MOST_TRIES = 3


def requests_made(outcomes: Iterable[bool], calls: int, tokens: RetryTokens = FULL) -> int:
    """How many requests ``calls`` calls make, of up to three tries each; ``outcomes`` says how each ends."""
    made, ends = 0, iter(outcomes)
    for _ in range(calls):
        for _ in range(MOST_TRIES):
            made += 1
            if next(ends, False):
                tokens = tokens.succeeded()
                break
            tokens = tokens.failed()
            if not tokens.allow_a_retry:
                break
    return made


@given(st.lists(st.booleans(), max_size=300))
def test_the_tokens_stay_between_none_and_ten_whatever_happens(outcomes: list[bool]) -> None:
    tokens = FULL
    for answered in outcomes:
        tokens = tokens.succeeded() if answered else tokens.failed()
        assert 0 <= tokens.tenths <= 100


@given(calls=st.integers(0, 400))
def test_a_dead_provider_costs_at_most_five_requests_more_than_there_are_calls(calls: int) -> None:
    assert requests_made([], calls) <= calls + 5


@given(outcomes=st.lists(st.booleans(), max_size=1500), calls=st.integers(0, 500))
def test_a_half_dead_provider_costs_at_most_a_tenth_more(outcomes: list[bool], calls: int) -> None:
    assert requests_made(outcomes, calls) <= calls * 1.1 + 5


def test_retries_are_allowed_while_more_than_five_tokens_are_left() -> None:
    assert [RetryTokens(tenths=tenths).allow_a_retry for tenths in (100, 51, 50, 0)] == [True, True, False, False]


def test_ten_answers_earn_what_one_failure_costs_exactly() -> None:
    tokens = RetryTokens(tenths=40)
    for _ in range(10):
        tokens = tokens.succeeded()
    assert tokens.failed() == RetryTokens(tenths=40)


def test_a_full_bucket_is_not_made_anew_by_each_answer() -> None:
    assert FULL.succeeded() is FULL


@pytest.mark.parametrize("tenths", [-1, 101])
def test_a_bucket_that_holds_less_than_nothing_or_more_than_all_cannot_be_made(tenths: int) -> None:
    with pytest.raises(ValueError, match="tenths"):
        RetryTokens(tenths=tenths)
