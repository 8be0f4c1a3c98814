"""What calls come to in a report: percentiles, steps of time, sums, and which calls are looked at one by one."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.receipts import AttemptRecord, CallOutcome, CallReceipt, CallRecord
from provider_runtime.domain.reports.latency import Latencies
from provider_runtime.domain.reports.moments import Steps
from provider_runtime.domain.reports.notable import Notable
from provider_runtime.domain.reports.sums import Figures, Sums

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DURATIONS = st.integers(0, 10**11)
MOMENTS = st.integers(0, 10**9).map(lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))


def a_record(number: int = 1, **changes: Any) -> CallRecord:
    fields: dict[str, Any] = {
        "call_id": CallId(f"call_{number}"),
        "runtime_id": RuntimeId("rt_1"),
        "started_at": (NOON + timedelta(seconds=number)).isoformat(),
        "duration_us": 1_000_000,
        "outcome": CallOutcome.ANSWERED,
        "model_asked": "gpt-5-mini",
        "policy_version": "p",
        "provider": "openai",
        "model_answered": "gpt-5-mini",
        "input_tokens": 10,
        "output_tokens": 5,
        "cost_nano_usd": 1000,
    }
    return CallRecord(**{**fields, **changes})


def a_receipt(number: int = 1, **changes: Any) -> CallReceipt:
    record = a_record(number, **changes)
    return CallReceipt(
        receipt_id=f"rct_{number}", chain_id="c", seq=number, prev_hash=None, record=record, receipt_hash="h"
    )


# ── percentiles ─────────────────────────────────────────────────────────────────────────────


@given(durations=st.lists(DURATIONS, min_size=1, max_size=200), percent=st.sampled_from([1, 50, 90, 95, 99, 100]))
def test_a_percentile_is_right_to_one_per_cent(durations: list[int], percent: int) -> None:
    latencies = Latencies()
    for duration in durations:
        latencies.add(duration)
    exact = sorted(durations)[math.ceil(len(durations) * percent / 100) - 1] / 1000
    found = latencies.percentile_ms(percent)
    assert found is not None
    assert found == pytest.approx(exact, rel=0.011)


@given(one=st.lists(DURATIONS), other=st.lists(DURATIONS))
def test_two_counted_together_are_as_if_they_had_been_one(one: list[int], other: list[int]) -> None:
    together, apart = Latencies(), [Latencies(), Latencies()]
    for duration in one + other:
        together.add(duration)
    for latencies, durations in zip(apart, (one, other), strict=True):
        for duration in durations:
            latencies.add(duration)
    apart[0].merge(apart[1])
    assert apart[0] == together


def test_of_nothing_there_is_no_percentile() -> None:
    assert Latencies().percentile_ms(50) is None


# ── steps of time ───────────────────────────────────────────────────────────────────────────


@given(moments=st.lists(MOMENTS, min_size=1, max_size=60), data=st.data())
def test_steps_are_few_and_the_same_whatever_the_order_and_lose_nothing(
    moments: list[datetime], data: st.DataObject
) -> None:
    forwards, shuffled = Steps(make=Sums), Steps(make=Sums)
    for moment in moments:
        forwards.at(moment).input_tokens += 1
    for moment in data.draw(st.permutations(moments)):
        shuffled.at(moment).input_tokens += 1
    found = list(forwards)
    assert found == list(shuffled)
    assert len(found) <= 60
    assert sum(sums.input_tokens for _, sums in found) == len(moments)
    for moment in moments:
        at = max(begins for begins, _ in found if begins <= moment)
        assert at <= moment < at + forwards.span


def test_days_begin_at_midnight_and_weeks_on_monday() -> None:
    days, weeks = Steps(make=Sums), Steps(make=Sums)
    for number in range(30):
        days.at(NOON + timedelta(days=number))
    for number in range(40):
        weeks.at(NOON + timedelta(days=7 * number))
    assert days.span == timedelta(days=1)
    assert [at.hour for at, _ in days] == [0] * 30
    assert weeks.span == timedelta(days=7)
    assert {at.weekday() for at, _ in weeks} == {0}


# ── sums ────────────────────────────────────────────────────────────────────────────────────


def test_calls_are_counted_by_provider_model_role_and_label() -> None:
    figures = Figures()
    figures.add(a_record(1, role="worker", labels=("tenant=acme", "team=a")))
    figures.add(a_record(2, provider="anthropic", model_answered="claude", labels=("tenant=bolt",)))
    figures.add(a_record(3, outcome=CallOutcome.REFUSED, gates=("budget:refused",), cost_nano_usd=None))
    figures.add(a_record(4, outcome=CallOutcome.FAILED, error_code="overloaded", cost_nano_usd=None))
    figures.add(a_record(5, provider=None, outcome=CallOutcome.FAILED, error_code="model_not_found"))
    assert {name: one.calls for name, one in figures.providers.items()} == {"openai": 3, "anthropic": 1, "nobody": 1}
    assert {name: one.calls for name, one in figures.models.items()} == {
        "openai:gpt-5-mini": 3,
        "anthropic:claude": 1,
        "nobody": 1,
    }
    assert {name: one.calls for name, one in figures.roles.items()} == {"worker": 1}
    assert {name: one.calls for name, one in figures.tenants.items()} == {"acme": 1, "bolt": 1}
    assert (figures.refused_by, figures.failed_with) == ({"budget": 1}, {"overloaded": 1, "model_not_found": 1})
    assert (figures.total.calls, figures.total.latencies.count, figures.total.cost_nano_usd) == (5, 2, 3000)
    assert (figures.first, figures.last) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=5))


def test_an_answer_without_a_cost_is_unpriced_and_two_attempts_are_a_retry() -> None:
    figures = Figures()
    tries = (AttemptRecord(outcome="overloaded", duration_us=1), AttemptRecord(outcome="answered", duration_us=1))
    figures.add(a_record(1, cost_nano_usd=None, attempts=tries))
    assert (figures.total.unpriced, figures.total.retried) == (1, 1)


def test_ever_new_names_do_not_fill_the_memory() -> None:
    figures = Figures()
    for number in range(1500):
        figures.add(a_record(1, model_answered=f"m{number}", labels=(f"tenant=t{number}",)))
    assert (len(figures.models), figures.models["others"].calls) == (1001, 500)
    assert (len(figures.tenants), figures.tenants["others"].calls) == (1001, 500)


# ── calls one by one ────────────────────────────────────────────────────────────────────────


def test_the_slowest_the_dearest_those_tried_again_and_the_last_failures_are_looked_at() -> None:
    notable = Notable()
    for number in range(1, 101):
        notable.add(a_receipt(number, duration_us=number * 1000, cost_nano_usd=10**6 - number))
    tried = (AttemptRecord(outcome="overloaded", duration_us=1),) * 3
    notable.add(a_receipt(101, outcome=CallOutcome.FAILED, attempts=tried, cost_nano_usd=None))
    found = {call.receipt.record.call_id: call.reasons for call in notable.calls}
    assert found["call_101"] == ("failed last", "tried most often")
    assert found["call_100"] == ("slowest",)
    assert found["call_1"] == ("dearest",)
    assert len(found) == 13


def test_calls_that_are_asked_for_come_first() -> None:
    notable = Notable(chosen=("call_5",))
    for number in range(1, 60):
        notable.add(a_receipt(number))
    assert [call.receipt.record.call_id for call in notable.calls][:2] == ["call_5", "call_50"]
    assert notable.calls[0].reasons[0] == "asked for"
