"""Which failures are tried again, and after how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.errors import (
    Delivery,
    ErrorCode,
    InvalidRetryPolicy,
    ProtocolError,
    ProviderError,
    ProviderStatusError,
    TransportError,
)
from provider_runtime.domain.identity import OPENAI
from provider_runtime.domain.policy.failures import failure_meaning
from provider_runtime.domain.policy.retrying import Decision, GiveUp, Retry, RetryPolicy, decide


def _status(status: int, **facts: object) -> ProviderStatusError:
    meaning = failure_meaning(status)
    return ProviderStatusError(
        provider=OPENAI,
        status_code=status,
        code=meaning.code,
        delivery=meaning.delivery,
        retryable=meaning.retryable,
        **facts,
    )


def _decision(error: ProviderError, *, attempt: int = 1, chance: float = 0.0, **policy: object) -> Decision:
    return decide(error, attempt=attempt, policy=RetryPolicy(**policy), time_left_s=600, chance=chance)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 524, 529])
def test_a_status_that_may_heal_is_tried_again(status: int) -> None:
    assert isinstance(_decision(_status(status)), Retry)


@pytest.mark.parametrize(
    "status", [301, 307, 400, 401, 402, 403, 404, 405, 413, 415, 418, 422, 451, 501, 505, 507, 511]
)
def test_a_status_that_never_heals_is_final(status: int) -> None:
    assert _decision(_status(status)) == GiveUp(reason="not_retryable")


@pytest.mark.parametrize("status", [504, 524])
def test_a_gateway_that_gave_up_is_asked_once_more_and_not_again(status: int) -> None:
    assert isinstance(_decision(_status(status), attempt=1), Retry)
    assert _decision(_status(status), attempt=2) == GiveUp(reason="not_retryable")
    assert _status(status).delivery is Delivery.AMBIGUOUS


def test_a_timeout_is_not_repeated_unless_the_policy_opts_in() -> None:
    error = TransportError(provider=OPENAI, code=ErrorCode.TIMED_OUT, retryable=True)
    assert isinstance(_decision(error), GiveUp)
    assert isinstance(_decision(error, retry_on_timeout=True), Retry)


def test_a_connection_lost_without_an_answer_is_tried_once_more() -> None:
    error = TransportError(provider=OPENAI, code=ErrorCode.CONNECTION_LOST, retryable=True)
    assert isinstance(_decision(error, attempt=1), Retry)
    assert isinstance(_decision(error, attempt=2), GiveUp)


def test_a_stale_kept_alive_connection_is_replaced_at_once() -> None:
    error = TransportError(provider=OPENAI, code=ErrorCode.CONNECTION_LOST, retryable=True, reused=True)
    assert _decision(error, chance=0.9) == Retry(wait_s=0.0)


def test_a_connection_that_was_never_made_may_be_tried_to_the_end() -> None:
    error = TransportError(provider=OPENAI, code=ErrorCode.CONNECT_FAILED, delivery=Delivery.NOT_SENT, retryable=True)
    assert isinstance(_decision(error, attempt=2), Retry)
    assert _decision(error, attempt=3) == GiveUp(reason="attempts_used")


def test_an_answer_that_is_not_understood_is_not_bought_twice() -> None:
    assert isinstance(_decision(ProtocolError(provider=OPENAI)), GiveUp)


def test_the_provider_is_never_asked_earlier_than_it_wishes() -> None:
    assert _decision(_status(429, retry_after_s=20.0)) == Retry(wait_s=20.0)


def test_a_wish_for_more_than_a_minute_ends_the_call() -> None:
    assert _decision(_status(429, retry_after_s=61.0)) == GiveUp(reason="retry_after_too_long")


def test_a_wait_beyond_the_deadline_ends_the_call_at_once() -> None:
    decision = decide(_status(429, retry_after_s=20.0), attempt=1, policy=RetryPolicy(), time_left_s=19, chance=0)
    assert decision == GiveUp(reason="deadline")


def test_the_provider_s_explicit_wish_is_obeyed_both_ways() -> None:
    assert isinstance(_decision(_status(500, should_retry=False)), GiveUp)
    assert isinstance(_decision(_status(400, should_retry=True)), Retry)
    assert isinstance(_decision(_status(401, should_retry=True)), GiveUp)


def test_the_policy_may_leave_statuses_out() -> None:
    assert isinstance(_decision(_status(500), retryable_status_codes=(503,)), GiveUp)


@given(attempt=st.integers(1, 60), chance=st.floats(0, 1, exclude_max=True), status=st.sampled_from([429, 500, 503]))
def test_waits_grow_never_exceed_the_bound_and_are_never_negative(attempt: int, chance: float, status: int) -> None:
    policy = RetryPolicy(max_attempts=100)
    decision = decide(_status(status), attempt=attempt, policy=policy, time_left_s=1e9, chance=chance)
    assert isinstance(decision, Retry)
    assert 0 <= decision.wait_s <= policy.max_backoff_ms / 1000
    least = min(policy.max_backoff_ms, policy.initial_backoff_ms * 2 ** (attempt - 1)) / 2000
    assert decision.wait_s >= least


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("max_attempts", {"max_attempts": 0}),
        ("max_backoff_ms", {"initial_backoff_ms": 200, "max_backoff_ms": 100}),
        ("retryable_status_codes", {"retryable_status_codes": (99,)}),
        ("retryable_status_codes", {"retryable_status_codes": (600,)}),
    ],
)
def test_a_policy_that_contradicts_itself_cannot_be_made(field: str, values: dict[str, object]) -> None:
    with pytest.raises(InvalidRetryPolicy) as invalid:
        RetryPolicy(**values)
    assert invalid.value.field == field
