"""GovernanceProvider: which profile work is under, what it may do, and how much of its budget is left."""

from collections.abc import Collection
from decimal import Decimal
from typing import Protocol, runtime_checkable

from provider_runtime.domain.policy.budgets.resources import BudgetReport, Quantities, Resource
from provider_runtime.domain.policy.grants.caps import CapSet
from provider_runtime.domain.policy.grants.profiles import GovernanceProfile


@runtime_checkable
class GovernanceProvider(Protocol):
    """Answers for one body of work. Every method may wait: the answer may come from another machine.

    What cannot be found out is an error, never a yes: raises ``BackendError``. Whoever is cancelled
    leaves a budget consumed, or not, never in between. Source: semantics B.7.
    """

    async def get_profile(self) -> GovernanceProfile:
        """The profile in force."""
        ...

    async def get_caps(self) -> CapSet:
        """The capabilities that it grants."""
        ...

    async def check_cap(self, cap: str) -> bool:
        """Whether ``cap`` is granted. What is no name of a capability is not."""
        ...

    async def granted(self, caps: Collection[str]) -> frozenset[str]:
        """Those of ``caps`` that are granted: many questions in one."""
        ...

    async def get_budget(self) -> Quantities:
        """The limits. ``None``: unlimited."""
        ...

    async def consume_budget(self, resource: Resource, amount: int | Decimal) -> bool:
        """Take ``amount``, if so much is left; else take nothing and answer ``False``. One step.

        Reaching the limit exactly is allowed. Time passes by itself: of it, this only asks whether so
        much is left. Raises ``TypeError`` or ``ValueError`` for what is no amount.
        """
        ...

    async def has_remaining(self, resource: Resource) -> bool:
        """Whether anything is left; ``True`` where there is no limit."""
        ...

    async def remaining(self, resource: Resource) -> Decimal | None:
        """What is left, at least 0; ``None`` where there is no limit."""
        ...

    async def remaining_all(self) -> Quantities:
        """What is left of each."""
        ...

    async def report(self) -> BudgetReport:
        """Limits, what was consumed, and what is left, as of one moment."""
        ...

    async def reset(self) -> None:
        """Begin anew: nothing consumed, and the clock at 0."""
        ...

    async def flush(self) -> None:
        """Wait for what was asked for, and let go of threads and files until the next use."""
        ...

    async def aclose(self) -> None:
        """Flush for good. Safe to call twice; using it afterwards is an error."""
        ...
