"""A report gathered from receipts and traces."""

from datetime import timedelta

import pytest
from attrs import evolve

from provider_runtime import ReportOrder, gather_report
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.domain.records.oversight.timelines import CallTrace
from provider_runtime.domain.records.receipts import CallOutcome, CallRecord
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.mocks import MockCallTraceProvider, MockReceiptProvider

NOON = FrozenClock().now()


def a_record(number: int) -> CallRecord:
    return CallRecord(
        call_id=CallId(f"call_{number}"),
        runtime_id=RuntimeId("rt_1"),
        started_at=(NOON + timedelta(minutes=number)).isoformat(),
        duration_us=1000 * number,
        outcome=CallOutcome.ANSWERED,
        model_asked="m",
        policy_version="p",
        provider="openai",
        cost_nano_usd=number,
    )


async def receipts_of(count: int) -> MockReceiptProvider:
    receipts = MockReceiptProvider()
    for number in range(count):
        await receipts.store(a_record(number))
    return receipts


async def test_every_receipt_is_counted_once_page_by_page() -> None:
    receipts = await receipts_of(990)
    report = await gather_report(ReportOrder(), receipts, FrozenClock())
    assert report.figures.total.calls == 990
    assert report.figures.total.cost_nano_usd == sum(range(990))
    assert report.verdict is not None
    assert report.verdict.valid
    assert receipts.calls_of("list") == ()


@pytest.mark.parametrize(("since", "until", "counted"), [(None, 10, 10), (90, None, 10), (20, 30, 10), (200, 300, 0)])
async def test_only_calls_of_the_time_that_is_asked_for_are_counted(
    since: int | None, until: int | None, counted: int
) -> None:
    order = ReportOrder(
        since=None if since is None else NOON + timedelta(minutes=since),
        until=None if until is None else NOON + timedelta(minutes=until),
    )
    report = await gather_report(order, await receipts_of(100), FrozenClock())
    assert report.figures.total.calls == counted


async def test_reading_ends_where_no_earlier_call_can_be_wanted() -> None:
    receipts = MockReceiptProvider()
    for number in range(2000):
        when = NOON + timedelta(hours=number)
        await receipts.store(evolve(a_record(number), started_at=when.isoformat()))
    order = ReportOrder(since=NOON + timedelta(hours=1990))
    report = await gather_report(order, receipts, FrozenClock())
    assert report.figures.total.calls == 10
    assert len(receipts.calls_of("before")) == 0


async def test_the_lives_of_calls_that_are_shown_come_along() -> None:
    traces = MockCallTraceProvider()
    event = LifecycleEvent(
        kind=EventKind.CALL_ANSWERED, runtime_id=RuntimeId("rt_1"), call_id=CallId("call_7"), at=NOON
    )
    await traces.keep(CallTrace(events=(event,)))
    order = ReportOrder(calls=("call_7",))
    report = await gather_report(order, await receipts_of(20), FrozenClock(), traces=traces)
    assert report.calls[0].receipt.record.call_id == "call_7"
    assert list(report.traces) == ["call_7"]


async def test_of_no_receipts_there_is_a_report_as_well() -> None:
    report = await gather_report(ReportOrder(), MockReceiptProvider(), FrozenClock())
    assert (report.figures.total.calls, report.calls, report.made_at) == (0, (), NOON)
