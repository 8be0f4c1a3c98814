"""Which failures are tried again, and after how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.errors import (
    CircuitOpen,
    Delivery,
    ErrorCode,
    InvalidRetryPolicy,
    ProtocolError,
    ProviderError,
    ProviderStatusError,
    RetryDenial,
    TransportError,
)
from provider_runtime.domain.identity import OPENAI
from provider_runtime.domain.policy.failures import failure_meaning
from provider_runtime.domain.policy.resilience.retry_budget import RetryTokens
from provider_runtime.domain.policy.retrying import Decision, GiveUp, Retry, RetryPolicy, Tried, decide


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


def _decision(
    error: ProviderError, *, attempt: int = 1, time_left_s: float = 600, chance: float = 0.0, **policy: object
) -> Decision:
    """What is decided when the last of ``attempt`` attempts ends in ``error``, and those before it were throttled."""
    tried = Tried(attempts=attempt - 1).and_then(error)
    return decide(error, RetryPolicy(**policy), tried=tried, time_left_s=time_left_s, chance=chance)


def _gave_up(reason: RetryDenial) -> GiveUp:
    return GiveUp(reason=reason)


def _lost(delivery: Delivery = Delivery.AMBIGUOUS, *, reused: bool = False) -> TransportError:
    return TransportError(provider=OPENAI, delivery=delivery, retryable=True, reused=reused)


def test_what_may_have_been_billed_is_repeated_once_in_a_call_whichever_attempt_it_is() -> None:
    assert isinstance(_decision(_lost(), attempt=2), Retry)
    tried = Tried().and_then(_lost()).and_then(_status(504))
    decision = decide(_status(504), RetryPolicy(), tried=tried, time_left_s=600, chance=0)
    assert decision == _gave_up(RetryDenial.AMBIGUOUS_TWICE)


def test_a_timeout_is_not_repeated_unless_the_policy_opts_in_and_then_to_the_end() -> None:
    error = TransportError(provider=OPENAI, code=ErrorCode.TIMED_OUT, retryable=True)
    assert _decision(error) == _gave_up(RetryDenial.NOT_RETRYABLE)
    tried = Tried().and_then(error).and_then(error)
    decision = decide(error, RetryPolicy(retry_on_timeout=True), tried=tried, time_left_s=600, chance=0)
    assert isinstance(decision, Retry)


def test_a_stale_connection_is_replaced_once_at_once_and_by_a_fresh_one() -> None:
    assert _decision(_lost(reused=True), chance=0.9) == Retry(wait_s=0.0, fresh_connection=True)
    unwritten = _lost(Delivery.NOT_SENT, reused=True)
    tried = Tried().and_then(unwritten).and_then(unwritten)
    again = decide(unwritten, RetryPolicy(), tried=tried, time_left_s=600, chance=0)
    assert again == Retry(wait_s=0.5, fresh_connection=True)


def test_the_last_attempt_is_the_last() -> None:
    assert _decision(_status(503), attempt=3) == _gave_up(RetryDenial.ATTEMPTS_USED)
    assert _decision(_status(503), max_attempts=1) == _gave_up(RetryDenial.ATTEMPTS_USED)


def test_another_credential_is_tried_once_however_many_there_are() -> None:
    error = _status(401)
    tried = Tried().and_then(error)
    policy = RetryPolicy(max_attempts=9)
    assert decide(error, policy, tried=tried, time_left_s=9, chance=0, another_token=True) == Retry(wait_s=0.0)
    again = decide(error, policy, tried=tried.and_then(error), time_left_s=9, chance=0, another_token=True)
    assert again == _gave_up(RetryDenial.NOT_RETRYABLE)


def test_the_provider_is_never_asked_earlier_than_it_wishes_and_hardly_later() -> None:
    assert _decision(_status(429, retry_after_s=20.0)) == Retry(wait_s=20.0)
    assert _decision(_status(429, retry_after_s=20.0), chance=0.5) == Retry(wait_s=20.5)
    assert _decision(_status(429, retry_after_s=2.0), chance=0.5) == Retry(wait_s=2.1)


@pytest.mark.parametrize("wish", [0.0, -1.0, float("nan"), float("inf")])
def test_a_wish_that_makes_no_sense_is_no_wish(wish: float) -> None:
    assert _decision(_status(429, retry_after_s=wish)) == Retry(wait_s=0.5)


def test_a_wish_for_a_minute_is_granted_and_one_for_more_ends_the_call() -> None:
    assert _decision(_status(429, retry_after_s=60.0), chance=0.9) == Retry(wait_s=60.9)
    assert _decision(_status(429, retry_after_s=60.1)) == _gave_up(RetryDenial.RETRY_AFTER_TOO_LONG)


def test_only_a_wish_can_be_too_long_and_not_the_policy_s_own_wait() -> None:
    patient = RetryPolicy(max_attempts=9, initial_backoff_ms=200_000, max_backoff_ms=200_000)
    decision = decide(_status(500), patient, tried=Tried(attempts=1), time_left_s=600, chance=0)
    assert decision == Retry(wait_s=100.0)


@pytest.mark.parametrize("time_left_s", [20.0, 0.0, -5.0])
def test_a_wait_that_would_outlast_the_call_ends_it_at_once(time_left_s: float) -> None:
    decision = _decision(_status(429, retry_after_s=20.0), time_left_s=time_left_s)
    assert decision == _gave_up(RetryDenial.DEADLINE)


def test_the_policy_may_leave_statuses_out_and_add_some() -> None:
    assert _decision(_status(500), retryable_status_codes=(503,)) == _gave_up(RetryDenial.NOT_RETRYABLE)
    assert isinstance(_decision(_status(423), retryable_status_codes=(423,)), Retry)


@pytest.mark.parametrize("status", [301, 401, 402, 403])
def test_the_policy_cannot_add_what_no_wait_mends(status: int) -> None:
    assert isinstance(_decision(_status(status), retryable_status_codes=(status,)), GiveUp)


def test_an_exhausted_account_is_final_though_its_status_is_on_the_list() -> None:
    meaning = failure_meaning(429, ("insufficient_quota",))
    error = ProviderStatusError(provider=OPENAI, status_code=429, code=meaning.code, retryable=meaning.retryable)
    assert _decision(error) == _gave_up(RetryDenial.NOT_RETRYABLE)


@pytest.mark.parametrize("error", [ProtocolError(provider=OPENAI, retryable=True), CircuitOpen(provider=OPENAI)])
def test_what_is_no_failure_of_an_attempt_on_its_way_is_not_repeated(error: ProviderError) -> None:
    assert _decision(error) == _gave_up(RetryDenial.NOT_RETRYABLE)


def test_no_retry_without_tokens_and_none_while_the_circuit_is_open() -> None:
    def decided(**facts: object) -> Decision:
        return decide(_status(503), RetryPolicy(), tried=Tried(attempts=1), time_left_s=600, chance=0, **facts)

    assert isinstance(decided(tokens=RetryTokens(tenths=61)), Retry)
    assert decided(tokens=RetryTokens(tenths=60)) == _gave_up(RetryDenial.RETRY_BUDGET)
    assert decided(circuit_open=True) == _gave_up(RetryDenial.CIRCUIT_OPEN)


def test_only_a_failure_that_could_not_have_healed_costs_no_token() -> None:
    assert [reason for reason in RetryDenial if not GiveUp(reason=reason).may_have_healed] == ["not_retryable"]


@given(attempt=st.integers(1, 10**9), chance=st.floats(0, 1, exclude_max=True), status=st.sampled_from([429, 500, 503]))
def test_waits_grow_never_exceed_the_bound_and_are_never_negative(attempt: int, chance: float, status: int) -> None:
    policy = RetryPolicy(max_attempts=10**10)
    decision = decide(_status(status), policy, tried=Tried(attempts=attempt), time_left_s=1e9, chance=chance)
    assert isinstance(decision, Retry)
    assert 0 <= decision.wait_s <= policy.max_backoff_ms / 1000
    least = min(policy.max_backoff_ms, policy.initial_backoff_ms * 2 ** min(attempt - 1, 20)) / 2000
    assert decision.wait_s >= least


_waits = st.none() | st.floats(allow_nan=True, allow_infinity=True)
_errors = st.builds(_status, st.integers(0, 999), retry_after_s=_waits, should_retry=st.none() | st.booleans()) | (
    st.builds(
        TransportError,
        provider=st.just(OPENAI),
        code=st.sampled_from(ErrorCode),
        delivery=st.sampled_from(Delivery),
        retryable=st.booleans(),
        reused=st.booleans(),
    )
)


@given(errors=st.lists(_errors, min_size=1, max_size=12), chance=st.floats(0, 1, exclude_max=True), data=st.data())
def test_no_call_is_tried_too_often_or_for_too_long_or_paid_for_more_than_twice(
    errors: list[ProviderError], chance: float, data: st.DataObject
) -> None:
    tried, time_left_s, paid = Tried(), data.draw(st.floats(0, 700)), 0
    for number, error in enumerate(errors, 1):
        tried = tried.and_then(error)
        paid += error.delivery is Delivery.AMBIGUOUS and getattr(error, "should_retry", None) is not True
        another = data.draw(st.booleans())
        decision = decide(
            error, RetryPolicy(), tried=tried, time_left_s=time_left_s, chance=chance, another_token=another
        )
        if isinstance(decision, GiveUp):
            return
        assert 0 <= decision.wait_s < time_left_s
        assert number < 3
        assert paid <= 1
        time_left_s -= decision.wait_s


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
