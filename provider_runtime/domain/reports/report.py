"""Report: everything that a page about calls says."""

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from provider_runtime.domain.identity import CallId
from provider_runtime.domain.policy.budgets.holds import Standing
from provider_runtime.domain.policy.budgets.limits import Unit
from provider_runtime.domain.records.oversight.timelines import CallTrace
from provider_runtime.domain.records.receipts import ChainVerdict
from provider_runtime.domain.reports.notable import NotableCall
from provider_runtime.domain.reports.sums import Figures


@frozen(kw_only=True)
class BudgetState:
    """How one account of a ledger stands. ``unit``: what it counts; ``None`` where nobody says."""

    standing: Standing
    unit: Unit | None = None


@frozen(kw_only=True)
class Report:
    """What became of the calls between ``since`` and ``until``, as seen at ``made_at``.

    ``traces`` are the lives of some of ``calls``. ``verdict`` is that on the whole chain of receipts;
    ``None`` where nobody looked.
    """

    made_at: datetime
    since: datetime | None = None
    until: datetime | None = None
    figures: Figures
    calls: tuple[NotableCall, ...] = ()
    traces: Mapping[CallId, CallTrace] = field(factory=dict)
    budgets: tuple[BudgetState, ...] = ()
    verdict: ChainVerdict | None = None
