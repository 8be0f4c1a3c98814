"""Governance of this process: a profile, and budgets in a ledger; what persists is chosen by small subclasses."""

import asyncio
from collections.abc import Collection, Coroutine
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import define, field

from provider_runtime.adapters.backends.medium import Documents
from provider_runtime.adapters.backends.memory import MemoryDocuments
from provider_runtime.adapters.governance.ledger import (
    FilesystemBudgetLedger,
    MemoryBudgetLedger,
    SqliteBudgetLedger,
)
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.checks import is_a
from provider_runtime.domain.errors import LedgerConflict, RecordCorrupt, RecordMissing
from provider_runtime.domain.identity import CallId, OrderId, RuntimeId
from provider_runtime.domain.policy.budgets.holds import Account, Claim, Declined, Fate, HoldOrder
from provider_runtime.domain.policy.budgets.limits import LARGEST
from provider_runtime.domain.policy.budgets.resources import (
    BudgetReport,
    Quantities,
    Resource,
    account_name,
    in_natural_units,
    in_units,
    is_nearly,
    quantity,
)
from provider_runtime.domain.policy.grants.caps import CapSet
from provider_runtime.domain.policy.grants.profiles import PRAGMATIC, GovernanceProfile
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.ports.system import Clock
from provider_runtime.ports.telemetry import EventSink

_T = TypeVar("_T")
_COUNTED: Final = (Resource.TOKENS, Resource.COST, Resource.ITERATIONS)
_TIME: Final = Resource.TIME  # members of an enum are found slowly, and every call asks
_STARTS: Final = "governance"
_LEASE_MS: Final = 60_000
_KNOWN: Final = 1024


@define(kw_only=True, eq=False, slots=False)
class LedgerGovernance:
    """Grants what ``profile`` grants, and counts in ``ledger``. See ``GovernanceProvider``.

    ``limits`` left out are the turns of the profile, and nothing else is limited. ``owner`` is whose budget
    it is: what a runtime of that name spends counts, too, where it has the same ledger. Time begins when
    this object is made, and is kept in ``documents``, so that opening the same place again is no fresh time.
    ``event_sink`` is told when four fifths of a limit are taken, once, and each time one is too small.
    """

    ledger: BudgetLedger = field(repr=False)
    documents: Documents = field(factory=MemoryDocuments, repr=False)
    profile: GovernanceProfile = field(default=PRAGMATIC, validator=is_a(GovernanceProfile))
    limits: Quantities = field(validator=is_a(Quantities))
    owner: RuntimeId = field(default=RuntimeId("governance"), converter=RuntimeId)
    clock: Clock = field(factory=SystemClock, repr=False)
    event_sink: EventSink | None = field(default=None, repr=False)
    _made_ms: int = field(init=False, repr=False)
    _started_ms: int | None = field(default=None, init=False, repr=False)
    _elapsed_ms: int = field(default=0, init=False, repr=False)
    """The longest that was seen: time does not run back when a clock is set."""
    _told_of_time: bool = field(default=False, init=False, repr=False)
    _known: dict[tuple[str, ...], frozenset[str]] = field(factory=dict, init=False, repr=False)
    """What ``_known_under``, a profile, grants of what was asked for: calls of one kind ask for the same."""
    _known_under: GovernanceProfile | None = field(default=None, init=False, repr=False)
    _under_way: set["asyncio.Task[Any]"] = field(factory=set, init=False, repr=False)

    @limits.default
    def _turns_of_the_profile(self) -> Quantities:
        return self.profile.limits

    @_made_ms.default
    def _now(self) -> int:
        return self._now_ms()

    async def get_profile(self) -> GovernanceProfile:
        return self.profile

    async def get_caps(self) -> CapSet:
        return self.profile.allowed_caps

    async def check_cap(self, cap: str) -> bool:
        return self.profile.allowed_caps.grants(cap)

    async def granted(self, caps: Collection[str]) -> frozenset[str]:
        if self._known_under is not self.profile or len(self._known) >= _KNOWN:
            self._known_under, self._known = self.profile, {}
        asked = tuple(caps)
        known = self._known.get(asked)
        if known is None:
            known = self._known[asked] = frozenset(filter(self.profile.allowed_caps.grants, asked))
        return known

    async def get_budget(self) -> Quantities:
        return self.limits

    async def consume_budget(self, resource: Resource, amount: int | Decimal) -> bool:
        return await self.consume_once(resource, amount, None)

    async def consume_once(self, resource: Resource, amount: int | Decimal, order_id: OrderId | None) -> bool:
        """``consume_budget`` for whoever may not hear the answer: said again by this name, it takes nothing more."""
        wanted = quantity(amount)
        if Resource(resource) is Resource.TIME:
            left = await self.remaining(Resource.TIME)
            return left is None or wanted <= left
        units = in_units(Resource(resource), wanted)
        if units > LARGEST:
            return False  # more than any budget has
        return await self._to_its_end(self._consumed(Resource(resource), units, order_id))

    async def has_remaining(self, resource: Resource) -> bool:
        if resource is _TIME and self.limits.time is None:
            return True  # as every call asks
        left = await self.remaining(resource)
        return left is None or left > 0

    async def remaining(self, resource: Resource) -> Decimal | None:
        if self.limits.of(resource) is None:
            return None
        if Resource(resource) is Resource.TIME:
            return self._left_of(Resource.TIME, await self._elapsed())
        return (await self.report()).remaining.of(resource)

    async def remaining_all(self) -> Quantities:
        return (await self.report()).remaining

    async def report(self) -> BudgetReport:
        claims = [self._claim(resource, 0) for resource in _COUNTED]
        standings = {one.account.budget: one for one in await self.ledger.standings(claims)}
        consumed = {
            resource: in_natural_units(resource, standings[account_name(resource)].balance.taken)
            for resource in _COUNTED
        }
        consumed[Resource.TIME] = await self._elapsed()
        return BudgetReport(
            limits=self.limits,
            consumed=Quantities(**{resource.value: amount for resource, amount in consumed.items()}),
            remaining=Quantities(
                **{resource.value: self._left_of(resource, amount) for resource, amount in consumed.items()}
            ),
        )

    async def reset(self) -> None:
        for resource in _COUNTED:
            with suppress(RecordMissing):  # nothing was consumed of it
                await self.ledger.reset_account(account_name(resource), self.owner)
        now_ms = self._now_ms()
        await self.documents.put(_STARTS, str(self.owner), str(now_ms).encode())
        self._started_ms, self._elapsed_ms, self._told_of_time = now_ms, 0, False

    async def flush(self) -> None:
        await self.ledger.flush()
        await self.documents.flush()

    async def aclose(self) -> None:
        await self.ledger.aclose()
        await self.documents.aclose()

    async def _consumed(self, resource: Resource, units: int, order_id: OrderId | None) -> bool:
        claims = (self._claim(resource, units),)
        order = HoldOrder(call_id=CallId(self.owner), attempt=1, claims=claims, lease_ms=_LEASE_MS, order_id=order_id)
        try:
            answer = await self.ledger.reserve(order)
        except LedgerConflict:
            if order_id is None:
                raise
            return True  # what was ordered by this name was consumed before
        if isinstance(answer, Declined):
            self._tell(EventKind.BUDGET_EXCEEDED, resource, answer.standing.limit, answer.standing.balance.taken)
            return False
        await self.ledger.settle(answer.hold, Fate.POSTED, answer.hold.amounts)
        for standing in answer.nearly_spent:
            self._tell(EventKind.BUDGET_WARNING, resource, standing.limit, standing.balance.taken)
        return True

    async def _to_its_end(self, step: Coroutine[Any, Any, _T]) -> _T:
        """Go on when the caller leaves: a budget is consumed, or not, and never held for nobody."""
        task = asyncio.ensure_future(step)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    def _claim(self, resource: Resource, units: int) -> Claim:
        limit = self.limits.of(resource)
        most = LARGEST if limit is None else min(LARGEST, int(limit * resource.to_unit))
        return Claim(account=Account(budget=account_name(resource), owner=self.owner), limit=most, amount=units)

    def _left_of(self, resource: Resource, consumed: Decimal) -> Decimal | None:
        limit = self.limits.of(resource)
        return None if limit is None else max(Decimal(0), limit - consumed)

    async def _elapsed(self) -> Decimal:
        """Seconds since the start."""
        if self._started_ms is None:
            self._started_ms = await self._start()
        self._elapsed_ms = max(self._elapsed_ms, self._now_ms() - self._started_ms)
        elapsed, limit = Decimal(self._elapsed_ms) / Resource.TIME.to_unit, self.limits.time
        if limit is not None and not self._told_of_time and is_nearly(elapsed, limit):
            self._told_of_time = True
            self._tell(EventKind.BUDGET_WARNING, Resource.TIME, int(limit * 1000), self._elapsed_ms)
        return elapsed

    async def _start(self) -> int:
        """When time began, for everybody who opens this place: whoever is first says when."""
        await self.documents.put_if(_STARTS, str(self.owner), str(self._made_ms).encode(), version=None)
        found = await self.documents.get(_STARTS, str(self.owner))
        if found is None or not found.content.isdigit():
            raise RecordCorrupt(
                kind="governance",
                key=self.owner,
                message="when the time of this governance began does not read back",
                remedy="Reset the governance; until then nothing is granted under it.",
            )
        return int(found.content)

    def _tell(self, kind: EventKind, resource: Resource, limit: int, taken: int) -> None:
        if self.event_sink is None:
            return
        with suppress(Exception):  # whatever a sink does wrong, work goes on
            self.event_sink.emit(
                LifecycleEvent(
                    kind=kind,
                    runtime_id=self.owner,
                    at=self.clock.now(),
                    budget=account_name(resource),
                    budget_owner=self.owner,
                    budget_unit=resource.unit.value,
                    budget_limit=limit,
                    budget_taken=taken,
                )
            )

    def _now_ms(self) -> int:
        return int(self.clock.now().timestamp() * 1000)


@define(kw_only=True, eq=False, slots=False)
class LocalGovernanceProvider(LedgerGovernance):
    """Governance in this process: what was consumed is gone with it, unless it is given another ledger."""

    ledger: BudgetLedger = field(repr=False)

    @ledger.default
    def _make_ledger(self) -> BudgetLedger:
        return MemoryBudgetLedger(clock=self.clock)


@define(kw_only=True, eq=False, slots=False)
class FilesystemGovernanceProvider(LedgerGovernance):
    """Governance whose budgets are kept in the folder ``path``. Several processes may share it."""

    path: Path = field(converter=Path)
    kept: FilesystemBudgetLedger = field(init=False, repr=False)
    ledger: BudgetLedger = field(init=False, repr=False)
    documents: Documents = field(init=False, repr=False)

    @kept.default
    def _make_kept(self) -> FilesystemBudgetLedger:
        return FilesystemBudgetLedger(path=self.path, clock=self.clock)

    @ledger.default
    def _make_ledger(self) -> BudgetLedger:
        return self.kept

    @documents.default
    def _make_documents(self) -> Documents:
        return self.kept.media.documents()


@define(kw_only=True, eq=False, slots=False)
class SqliteGovernanceProvider(LedgerGovernance):
    """Governance whose budgets are kept in the SQLite file ``path``. Several processes may share it."""

    path: Path = field(converter=Path)
    kept: SqliteBudgetLedger = field(init=False, repr=False)
    ledger: BudgetLedger = field(init=False, repr=False)
    documents: Documents = field(init=False, repr=False)

    @kept.default
    def _make_kept(self) -> SqliteBudgetLedger:
        return SqliteBudgetLedger(path=self.path, clock=self.clock)

    @ledger.default
    def _make_ledger(self) -> BudgetLedger:
        return self.kept

    @documents.default
    def _make_documents(self) -> Documents:
        return self.kept.media.documents()
