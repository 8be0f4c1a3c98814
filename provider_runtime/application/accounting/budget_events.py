"""The events of budgets: four fifths are taken, or too little is left."""

from datetime import datetime

from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.policy.budgets.holds import Standing
from provider_runtime.domain.policy.budgets.limits import Unit
from provider_runtime.domain.records.events import EventKind, LifecycleEvent


def budget_warning(
    runtime_id: RuntimeId, call_id: CallId, standing: Standing, unit: Unit, at: datetime
) -> LifecycleEvent:
    """From this call on, four fifths of the budget are taken."""
    return LifecycleEvent(
        kind=EventKind.BUDGET_WARNING,
        runtime_id=runtime_id,
        call_id=call_id,
        at=at,
        budget=standing.account.budget,
        budget_owner=standing.account.owner,
        budget_unit=unit.value,
        budget_limit=standing.limit,
        budget_taken=standing.balance.taken,
    )


def budget_exceeded(
    runtime_id: RuntimeId, call_id: CallId, standing: Standing, unit: Unit, at: datetime
) -> LifecycleEvent:
    """The call may come to more than is left."""
    return LifecycleEvent(
        kind=EventKind.BUDGET_EXCEEDED,
        runtime_id=runtime_id,
        call_id=call_id,
        at=at,
        budget=standing.account.budget,
        budget_owner=standing.account.owner,
        budget_unit=unit.value,
        budget_limit=standing.limit,
        budget_taken=standing.balance.taken,
    )
