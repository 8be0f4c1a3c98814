"""What a runtime remembers of the health of an origin, over many calls."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.application.resilience.origins import OriginHealth, Origins
from provider_runtime.domain.errors import (
    CircuitOpen,
    CredentialsRejected,
    Delivery,
    ErrorCode,
    ProviderStatusError,
    RetryDenial,
    TransportError,
)
from provider_runtime.domain.identity import OPENAI
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.policy.retrying import Decision, GiveUp, Retry, RetryPolicy, Tried
from provider_runtime.testing.fakes import FixedRandomness, FrozenClock

DOWN = TransportError(provider=OPENAI, code=ErrorCode.CONNECT_FAILED, delivery=Delivery.NOT_SENT, retryable=True)
BUSY = ProviderStatusError(provider=OPENAI, status_code=429, code=ErrorCode.RATE_LIMITED, retryable=True)
WRONG = ProviderStatusError(provider=OPENAI, status_code=400, code=ErrorCode.INVALID_REQUEST)
FAR = 1e9


def a_health(clock: FrozenClock | None = None, *, circuit_on: bool = True) -> OriginHealth:
    return OriginHealth(clock or FrozenClock(), FixedRandomness(), circuit_on)


def failing(health: OriginHealth, error: TransportError | ProviderStatusError, attempt: int = 1) -> Decision:
    admitted = health.enter(OPENAI, None, FAR)
    return health.failed(admitted, error, RetryPolicy(), tried=Tried(attempts=attempt), time_left_s=600)


def test_five_failures_open_the_circuit_and_the_next_call_hears_of_it_before_anything_is_taken() -> None:
    health = a_health()
    decisions = [failing(health, DOWN) for _ in range(5)]
    assert all(isinstance(decision, Retry) for decision in decisions[:4])
    assert decisions[4] == GiveUp(reason=RetryDenial.CIRCUIT_OPEN)
    for held_back in (lambda: health.check(OPENAI, "m"), lambda: health.enter(OPENAI, "m", FAR)):
        with pytest.raises(CircuitOpen) as refused:
            held_back()
        assert refused.value.retry_after_s == 10.0
        assert not refused.value.sent


def test_after_the_pause_one_call_finds_out_and_its_answer_lets_all_through() -> None:
    clock = FrozenClock()
    health = a_health(clock)
    for _ in range(5):
        failing(health, DOWN)
    clock.advance(10)
    health.check(OPENAI, None)
    probe = health.enter(OPENAI, None, FAR)
    with pytest.raises(CircuitOpen):
        health.enter(OPENAI, None, FAR)
    health.answered(probe, clock.monotonic())
    health.check(OPENAI, None)


def test_a_probe_whose_caller_leaves_lets_the_next_one_find_out() -> None:
    clock = FrozenClock()
    health = a_health(clock)
    for _ in range(5):
        failing(health, DOWN)
    clock.advance(10)
    health.cancelled(health.enter(OPENAI, None, FAR))
    health.enter(OPENAI, None, FAR)


def test_a_throttled_origin_is_alive_and_loses_only_its_retries() -> None:
    health = a_health()
    decisions = [failing(health, BUSY) for _ in range(30)]
    assert decisions[-1] == GiveUp(reason=RetryDenial.RETRY_BUDGET)
    assert sum(isinstance(decision, Retry) for decision in decisions) <= 5
    health.check(OPENAI, None)


def test_a_wrong_request_costs_no_retry_of_others() -> None:
    health = a_health()
    for _ in range(50):
        failing(health, WRONG)
    assert isinstance(failing(health, BUSY), Retry)


def test_a_refused_credential_is_replaced_once_if_there_is_another() -> None:
    health, policy = a_health(), RetryPolicy(max_attempts=9)
    error = CredentialsRejected(provider=OPENAI, status_code=401, another_at_hand=True)
    tried = Tried().and_then(error)
    first = health.failed(health.enter(OPENAI, None, FAR), error, policy, tried=tried, time_left_s=9)
    again = health.failed(health.enter(OPENAI, None, FAR), error, policy, tried=tried.and_then(error), time_left_s=9)
    assert (first, again) == (Retry(wait_s=0.0), GiveUp(reason=RetryDenial.NOT_RETRYABLE))


def test_an_origin_that_lets_every_deadline_pass_is_left_alone_too() -> None:
    health = a_health()
    for _ in range(5):
        health.timed_out(health.enter(OPENAI, None, FAR))
    with pytest.raises(CircuitOpen):
        health.enter(OPENAI, None, FAR)


def test_callers_who_leave_say_nothing_about_the_origin() -> None:
    health = a_health()
    for _ in range(50):
        health.cancelled(health.enter(OPENAI, None, FAR))
    health.check(OPENAI, None)


def test_without_a_circuit_nobody_is_held_back() -> None:
    health = a_health(circuit_on=False)
    for _ in range(50):
        failing(health, DOWN)
    health.check(OPENAI, None)


def _requests(health: OriginHealth, calls: int, answers: Callable[[int], bool]) -> int:
    """How many requests so many calls make, where request number n is answered if ``answers(n)``."""
    requests = 0
    for _ in range(calls):
        for attempt in (1, 2, 3):
            requests += 1
            if answers(requests):
                health.answered(health.enter(OPENAI, None, FAR), health.clock.monotonic())
                break
            if isinstance(failing(health, BUSY, attempt), GiveUp):
                break
    return requests


@pytest.mark.parametrize(("every", "most"), [(0, 10_005), (2, 11_005), (3, 11_005), (10, 11_005)])
def test_ten_thousand_calls_to_an_origin_that_fails_add_next_to_nothing(every: int, most: int) -> None:
    assert _requests(a_health(), 10_000, lambda number: bool(every) and number % every == 0) <= most


@given(fates=st.lists(st.sampled_from(("answer", "busy", "wrong")), max_size=400))
def test_retries_add_at_most_a_tenth_and_five(fates: list[str]) -> None:
    health, calls, requests, attempt = a_health(), 0, 0, 0
    for fate in fates:  # how each request ends, one after the other; a call makes as many as it may
        requests += 1
        calls += attempt == 0
        if fate == "answer":
            health.answered(health.enter(OPENAI, None, FAR), health.clock.monotonic())
            attempt = 0
        else:
            decision = failing(health, BUSY if fate == "busy" else WRONG, attempt + 1)
            attempt = attempt + 1 if isinstance(decision, Retry) else 0
    assert requests <= 1.1 * calls + 5


def test_each_origin_has_its_own_health_and_keeps_it() -> None:
    origins = Origins(clock=FrozenClock(), randomness=FixedRandomness())
    one, other = Origin("https", "one.example", 443), Origin("https", "one.example", 8443)
    for _ in range(5):
        failing(origins.of(one), DOWN)
    with pytest.raises(CircuitOpen):
        origins.of(Origin("https", "one.example", 443)).check(OPENAI, None)
    origins.of(other).check(OPENAI, None)


def test_after_a_kept_connection_went_stale_only_fresh_ones_are_used_for_a_minute() -> None:
    clock = FrozenClock()
    health = a_health(clock)
    stale = TransportError(provider=OPENAI, delivery=Delivery.AMBIGUOUS, retryable=True, reused=True)
    assert not health.only_fresh_connections
    assert failing(health, stale) == Retry(wait_s=0.5 * (0.5 + FixedRandomness().value / 2), fresh_connection=True)
    assert health.only_fresh_connections
    clock.advance(60)
    assert not health.only_fresh_connections


def test_a_connection_that_was_new_says_nothing_about_those_that_are_kept() -> None:
    health = a_health()
    failing(health, TransportError(provider=OPENAI, delivery=Delivery.AMBIGUOUS, retryable=True))
    assert not health.only_fresh_connections
