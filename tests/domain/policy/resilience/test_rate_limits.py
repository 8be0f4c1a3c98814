"""Client-side limits: what they let through, and what they never do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.policy.resilience.rate_limits import Allowance, Meter, RateLimitHint, RateLimits

MINUTE = 60_000_000


def allowance(**limits: int) -> Allowance:
    return Allowance(limits=RateLimits(**limits))


def begun(state: Allowance, tokens: int, now: float) -> Allowance:
    return state.granted(tokens).started(now)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int, int, int]]:
    """Calls that ask, one after the other: microseconds since the last, estimate, use, and how long each takes."""
    return draw(
        st.lists(
            st.tuples(
                st.sampled_from((0, 1, 1000, 500_000, 7_000_001, 61_000_000)),
                st.integers(1, 12),
                st.integers(0, 12),
                st.sampled_from((0, 3, 2_000_000, 90_000_000)),
            ),
            max_size=40,
        )
    )


def played(limit: int, history: list[tuple[int, int, int, int]], *, surcharges: bool) -> list[tuple[int, int]]:
    """When each call was let through, and how much it used. A call that must wait for others is dropped."""
    meter, now, admitted, ends = Meter(limit), 0, [], []
    for pause, estimate, use, duration in history:
        now += pause
        used = use if surcharges else min(use, estimate)
        for end in sorted(end for end in ends if end[0] <= now):
            meter = meter.settled(end[1], end[2], end[0])
            ends.remove(end)
        wait = meter.wait(estimate, now)
        if wait is None:
            continue
        now += wait
        assert meter.wait(estimate, now) == 0, "the moment that was named is the right one"
        meter = meter.holding(estimate)
        ends.append((now + duration, estimate, used))
        admitted.append((now, used))
    return admitted


@given(history=histories(), limit=st.integers(1, 40))
def test_no_window_ever_holds_more_than_its_share_and_one_full_bucket(
    history: list[tuple[int, int, int, int]], limit: int
) -> None:
    admitted = played(limit, history, surcharges=False)
    for first, (start, _) in enumerate(admitted):
        for last in range(first, len(admitted)):
            within = sum(used for _, used in admitted[first : last + 1])
            assert within * MINUTE <= limit * MINUTE + limit * (admitted[last][0] - start)


def test_an_estimate_that_is_given_back_lets_nothing_through_that_the_limit_would_not() -> None:
    meter = Meter(10).holding(10)  # at 0 s, and none of it was used
    half = 30_000_000
    meter = meter.settled(10, 0, half).holding(5).settled(5, 5, half)
    assert meter.wait(5, half) == 0
    assert meter.wait(6, half) == 6_000_000, "what leaked in the meantime is not there a second time"


@given(held=st.integers(0, 50), used=st.integers(0, 200), level=st.integers(0, 100), later=st.integers(0, 2 * MINUTE))
def test_after_a_call_only_what_it_used_is_gone(held: int, used: int, level: int, later: int) -> None:
    before = Meter(100, level=level * MINUTE)
    assert before.holding(held).settled(held, used, later) == before.settled(0, used, later)


def test_what_was_used_beyond_the_estimate_is_owed() -> None:
    meter = Meter(60).holding(10).settled(10, 70, 0)
    assert meter.wait(1, 0) == 11_000_000


def test_a_limit_refills_evenly_and_to_the_brim_only() -> None:
    meter = Meter(6).settled(0, 6, 0)
    assert [meter.wait(amount, 0) for amount in (1, 2, 6)] == [10_000_000, 20_000_000, MINUTE]
    assert meter.wait(6, 10 * MINUTE) == 0
    assert meter.wait(7, 10 * MINUTE) is None


@given(steps=st.lists(st.integers(-MINUTE, MINUTE), max_size=20))
def test_a_clock_that_runs_backwards_gives_nothing_away(steps: list[int]) -> None:
    meter, now, latest = Meter(10), 0, 0
    admitted = 0
    for step in steps:
        now += step
        latest = max(latest, now)
        if meter.wait(3, now) == 0:
            meter = meter.holding(3).settled(3, 3, now)
            admitted += 3
    assert admitted * MINUTE <= 10 * MINUTE + 10 * latest


def test_a_clock_that_runs_backwards_takes_nothing_away_either() -> None:
    meter = Meter(10, level=3 * MINUTE, at=MINUTE)
    assert meter.settled(0, 1, MINUTE // 2) == meter.settled(0, 1, MINUTE)


_hints = st.builds(
    RateLimitHint,
    **dict.fromkeys(
        ("requests_limit", "requests_remaining", "tokens_limit", "tokens_remaining"),
        st.none() | st.integers(0, 30) | st.integers(0, 10**18),
    ),
    **dict.fromkeys(("requests_reset_s", "tokens_reset_s"), st.none() | st.floats(0, 1e6)),
)


@given(hints=st.lists(_hints, min_size=1, max_size=4), tokens=st.integers(1, 20), taken=st.integers(0, 20))
def test_no_hint_lets_a_call_through_earlier_and_none_holds_it_back_for_ever(
    hints: list[RateLimitHint], tokens: int, taken: int
) -> None:
    own = begun(allowance(requests_per_minute=20, tokens_per_minute=20), taken, 0.0).ended(taken, taken, 0.0)
    told = own
    for hint in hints:
        told = told.hinted(hint, 0.0)
    unhinted, hinted = own.next_at(tokens, 1.0), told.next_at(tokens, 1.0)
    assert unhinted is not None
    assert hinted is not None
    assert hinted >= unhinted
    assert told.next_at(tokens, 61.0) == own.next_at(tokens, 61.0)
    assert told.next_at(tokens, hinted) == hinted, "the moment that was named is the right one"


@given(worse=_hints, better=_hints)
def test_the_last_hint_is_the_one_that_counts(worse: RateLimitHint, better: RateLimitHint) -> None:
    whole = RateLimitHint(
        requests_limit=9, requests_remaining=4, requests_reset_s=3.0, tokens_limit=9, tokens_remaining=4
    )
    state = allowance(requests_per_minute=20, tokens_per_minute=20)
    assert state.hinted(worse, 0.0).hinted(better, 0.0).hinted(whole, 0.0) == state.hinted(whole, 0.0)


def test_a_provider_that_has_nothing_left_is_asked_when_the_first_share_is_back() -> None:
    state = allowance(requests_per_minute=1000)
    hint = RateLimitHint(requests_limit=10, requests_remaining=0, requests_reset_s=20.0)
    assert state.hinted(hint, 5.0).next_at(0, 5.0) == 7.0
    assert state.hinted(hint, 5.0).next_at(0, 6.0) == 7.0


def test_what_is_let_through_after_a_hint_counts_against_it() -> None:
    hint = RateLimitHint(requests_limit=10, requests_remaining=2, requests_reset_s=8.0)
    state = allowance(requests_per_minute=1000).hinted(hint, 0.0)
    assert state.next_at(0, 0.0) == 0.0
    assert begun(begun(state, 0, 0.0), 0, 0.0).next_at(0, 0.0) == 1.0
    assert state.granted(0).given_back(0, 0.0) == state.hinted(hint, 0.0)


def test_so_many_calls_at_a_time_and_no_more() -> None:
    state = begun(begun(allowance(concurrent_calls=2), 0, 0.0), 0, 0.0)
    assert state.next_at(0, 1.0) is None
    assert state.ended(0, 0, 1.0).next_at(0, 1.0) == 1.0


def test_a_request_counts_from_its_start_however_long_it_takes() -> None:
    state = begun(allowance(requests_per_minute=1), 0, 0.0)
    assert state.next_at(0, 0.0) == 60.0
    assert state.ended(0, 0, 600.0).next_at(0, 600.0) == 600.0


@given(tokens=st.integers(0, 20), before=st.integers(0, 20))
def test_a_grant_that_is_given_back_leaves_nothing_behind(tokens: int, before: int) -> None:
    state = begun(allowance(requests_per_minute=9, tokens_per_minute=50, concurrent_calls=3), before, 0.0)
    assert state.granted(tokens).given_back(tokens, 0.0) == state


def test_every_limit_that_is_set_holds_and_none_that_is_not() -> None:
    assert not RateLimits().are_set
    assert allowance().next_at(10**9, 3.0) == 3.0
    assert allowance().fitting(10**9) == 10**9
    state = begun(allowance(requests_per_minute=60, tokens_per_minute=600), 600, 0.0).ended(600, 600, 0.0)
    assert state.next_at(100, 0.0) == 10.0
    assert state.fitting(601) == 600


@pytest.mark.parametrize("name", ["requests_per_minute", "tokens_per_minute", "concurrent_calls"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "9"])
def test_a_limit_is_a_whole_number_from_one(name: str, value: Any) -> None:
    with pytest.raises(InvalidSettings) as invalid:
        RateLimits(**{name: value})
    assert invalid.value.field == f"limits.{name}"
