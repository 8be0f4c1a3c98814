"""gather_report: a report out of receipts, traces and the standings of budgets."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from provider_runtime.domain.identity import CallId
from provider_runtime.domain.records.oversight.timelines import CallTrace
from provider_runtime.domain.records.receipts import CallReceipt
from provider_runtime.domain.reports.notable import Notable, NotableCall
from provider_runtime.domain.reports.report import BudgetState, Report
from provider_runtime.domain.reports.sums import Figures, began_at
from provider_runtime.ports.stores.call_traces import CallTraceProvider
from provider_runtime.ports.stores.journals import ReceiptProvider
from provider_runtime.ports.system import Clock

_PAGE: Final = 500
_LONGEST_CALL: Final = timedelta(days=1)


@frozen(kw_only=True)
class ReportOrder:
    """What a report shall be about: the calls begun from ``since`` until ``until``; ``None``: all there are.

    ``label`` is the one whose values are told apart, ``calls`` are shown one by one in any case.
    """

    since: datetime | None = None
    until: datetime | None = None
    label: str = "tenant"
    calls: tuple[str, ...] = ()


async def gather_report(
    order: ReportOrder,
    receipts: ReceiptProvider,
    clock: Clock,
    *,
    traces: CallTraceProvider | None = None,
    budgets: Iterable[BudgetState] = (),
) -> Report:
    """The report. Receipts are read once for it, page by page from the last, and once more to verify their chain."""
    figures, notable = Figures(label=order.label), Notable(chosen=order.calls)
    async for receipt in _wanted(order, receipts):
        figures.add(receipt.record)
        notable.add(receipt)
    calls = notable.calls
    return Report(
        made_at=clock.now(),
        since=order.since,
        until=order.until,
        figures=figures,
        calls=calls,
        traces={} if traces is None else await _traces_of(calls, traces),
        budgets=tuple(budgets),
        verdict=await receipts.verify(),
    )


async def _wanted(order: ReportOrder, receipts: ReceiptProvider) -> AsyncIterator[CallReceipt]:
    page = await receipts.latest(_PAGE)
    while page:
        for receipt in reversed(page):
            began = began_at(receipt.record)
            if (order.since is None or began >= order.since) and (order.until is None or began < order.until):
                yield receipt
        # They stand in the order in which calls ended, and no call lasts longer than a day.
        if page[0].seq == 0 or (order.since is not None and began_at(page[0].record) < order.since - _LONGEST_CALL):
            return
        page = await receipts.before(page[0].seq, _PAGE)


async def _traces_of(calls: Iterable[NotableCall], traces: CallTraceProvider) -> dict[CallId, CallTrace]:
    found: dict[CallId, CallTrace] = {}
    for call in calls:
        trace = await traces.get(call.receipt.record.call_id)
        if trace is not None:
            found[call.receipt.record.call_id] = trace
    return found
