"""Spending: the budgets of a runtime, claimed for a call and settled with what it came to."""

from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

from attrs import define, field

from provider_runtime.application.accounting.budget_events import budget_exceeded, budget_warning
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.budgets.bounds import WorstCases
from provider_runtime.application.budgets.claiming import Claiming
from provider_runtime.application.call import PreparedCall
from provider_runtime.application.sending.to_its_end import Patience, to_its_end
from provider_runtime.domain.catalog.pricing import Estimate, in_nano_usd
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import (
    BackendError,
    LedgerConflict,
    LedgerUnavailable,
)
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.policy.budgets.charging import Settling, charges_of_answer, charges_of_failure
from provider_runtime.domain.policy.budgets.holds import (
    Admitted,
    Claim,
    Declined,
    Fate,
    Hold,
    HoldOrder,
    Reservation,
    Standing,
    ordering,
)
from provider_runtime.domain.policy.budgets.limits import Budget, Unit
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.ports.governance.budgets import AtOnce, BudgetLedger
from provider_runtime.ports.system import Clock

_GRACE_S: Final = 60.0  # an owner that is so long past its deadline is lost
_UNSETTLED_KEPT: Final = 1000
_MILLISECONDS: Final = Unit.MILLISECONDS
_NANO_USD: Final = Unit.NANO_USD


@define(kw_only=True, eq=False)
class Spending:
    """What calls of this runtime may come to. Source: reliability §3.

    ``runtime`` is what it is called through every change of its settings: a budget of scope ``runtime``
    must not begin afresh because a key was rotated.

    A settlement that the ledger could not take is tried again with the next one, and at the end;
    until then, and if it never succeeds, its hold stays and is posted in full when its lease is over.
    """

    ledger: BudgetLedger
    budgets: tuple[Budget, ...] = field()
    runtime: RuntimeId
    clock: Clock
    worst_cases: WorstCases
    profile: WorkProfile | None = None
    telemetry: Telemetry | None = None
    patience: Patience = field(factory=lambda: Patience(limit_s=5.0))
    units: Mapping[str, Unit] = field(init=False, repr=False)
    _counts_money: bool = field(init=False, repr=False)
    _counts_time: bool = field(init=False, repr=False)
    _claiming: Claiming = field(init=False, repr=False)
    _ledger_waits: bool = field(init=False, repr=False)
    _at_once: AtOnce | None = field(init=False, repr=False)
    _unsettled: deque[tuple[Hold, Fate, tuple[int, ...]]] = field(
        factory=lambda: deque(maxlen=_UNSETTLED_KEPT), init=False, repr=False
    )

    @budgets.validator
    def _have_names_of_their_own(self, _attribute: object, budgets: tuple[Budget, ...]) -> None:
        if len({budget.name for budget in budgets}) < len(budgets):
            raise ValueError("budgets: each has a name of its own")

    @units.default
    def _units_by_name(self) -> Mapping[str, Unit]:
        return {budget.name: budget.limit.unit for budget in self.budgets}

    @_counts_money.default
    def _some_count_money(self) -> bool:
        return _NANO_USD in self.units.values()

    @_counts_time.default
    def _some_count_time(self) -> bool:
        return _MILLISECONDS in self.units.values()

    @_claiming.default
    def _make_claiming(self) -> Claiming:
        return Claiming(
            budgets=self.budgets,
            runtime=self.runtime,
            worst_cases=self.worst_cases,
            profile=self.profile,
        )

    @_ledger_waits.default
    def _ask_the_ledger(self) -> bool:
        return getattr(self.ledger, "waits", True) is not False

    @_at_once.default
    def _ask_its_class(self) -> AtOnce | None:
        # Not the ledger itself: one that stands before another, and hands on what it does not know, is asked itself.
        offered = hasattr(type(self.ledger), "at_once")
        return getattr(self.ledger, "at_once", None) if offered else None

    def order(self, prepared: PreparedCall, attempt: int) -> HoldOrder:
        """What has to be held for one attempt: the most it can come to, of every budget.

        Raises ``CostUnknown`` where nobody can say, and ``CallRefused`` (``budget_owner_unknown``) for a
        call that does not say whose budget it takes.
        """
        call = prepared.routed.call
        left_s = max(0.0, call.started + call.terms.deadline_s - self.clock.monotonic())
        claims = self._claiming.claims(prepared, left_s)
        return ordering(call.call_id, attempt, claims, int((left_s + _GRACE_S) * 1000))

    def reserve(self, prepared: PreparedCall, attempt: int) -> Admitted | Declined | Coroutine[Any, Any, Reservation]:
        """The hold for one attempt, or who has too little left; a coroutine of it where the ledger may wait.

        Whoever leaves meanwhile leaves no hold behind. The event sink of the call's runtime hears of budgets
        that are nearly spent, or have too little left. Raises ``BackendError``, and what ``order`` raises.
        """
        order = self.order(prepared, attempt)
        if self._at_once is None:
            return self._reserved(order, prepared)
        try:
            reservation = self._at_once.reserve(order)
        except BackendError:
            raise
        except Exception as failure:  # noqa: BLE001 - whatever a ledger raises, it has set nothing aside
            raise _no_answer(type(failure).__name__) from None
        return self._heard(order, reservation, prepared)

    async def _reserved(self, order: HoldOrder, prepared: PreparedCall) -> Reservation:
        try:
            asked = self.ledger.reserve(order)
            reservation = await to_its_end(asked, self._give_back, self.patience, waits=self._ledger_waits)
        except BackendError:
            raise
        except Exception as failure:  # noqa: BLE001 - as in ``reserve``
            raise _no_answer(type(failure).__name__) from None
        return self._heard(order, reservation, prepared)

    async def _give_back(self, reservation: Reservation) -> None:
        if isinstance(reservation, Admitted):
            settled = self.settle(reservation.hold, *self.charges_of_failure(reservation.hold, Fate.VOID, None))
            if not isinstance(settled, bool):
                await settled

    def _heard(self, order: HoldOrder, answer: Reservation, prepared: PreparedCall) -> Reservation:
        """``answer``, if it is one to ``order``; whoever listens is told what is remarkable about it."""
        if isinstance(answer, Admitted):
            hold: object = answer.hold
            if not isinstance(hold, Hold) or hold.call_id != order.call_id or len(hold.lines) != len(order.claims):
                raise _no_answer("what is no hold of this call")
            if not answer.nearly_spent:
                return answer
        elif not isinstance(answer, Declined):
            raise _no_answer("what is no reservation of this call")
        if self.telemetry is not None and self.telemetry.listening:
            self._announce(self.telemetry, order.call_id, prepared.routed.call.runtime_id, answer)
        return answer

    def _announce(self, telemetry: Telemetry, call_id: CallId, runtime_id: RuntimeId, reservation: Reservation) -> None:
        now = self.clock.now()
        if isinstance(reservation, Declined):
            standing = reservation.standing
            unit = self.units[standing.account.budget]
            telemetry.emit(budget_exceeded(runtime_id, call_id, standing, unit, now))
            return
        for standing in reservation.nearly_spent:
            unit = self.units[standing.account.budget]
            telemetry.emit(budget_warning(runtime_id, call_id, standing, unit, now))

    def settle(self, hold: Hold, fate: Fate, charges: tuple[int, ...]) -> bool | Coroutine[Any, Any, bool]:
        """Post ``charges``; whether the ledger took them, or a coroutine of that where it may wait.

        Never raises for a ledger that fails.
        """
        if self._at_once is None or self._unsettled:
            return self._settled(self._entered(hold, fate, charges))
        try:
            self._at_once.settle(hold, fate, charges)
        except Exception as failure:  # noqa: BLE001 - as in ``_entered``
            return self._not_entered(failure, hold, fate, charges)
        return True

    async def standings(self, claims: Sequence[Claim]) -> tuple[Standing, ...]:
        """How the claimed budgets stand. Changes nothing."""
        standings: object = await self.ledger.standings(claims)
        wanted = {(claim.account.budget, claim.account.owner) for claim in claims}
        if (
            isinstance(standings, tuple)
            and all(isinstance(one, Standing) for one in standings)
            and {(one.account.budget, one.account.owner) for one in standings} == wanted
        ):
            return standings
        raise _no_answer("what are no standings of these budgets")

    def charges_of_answer(
        self, hold: Hold, prepared: PreparedCall, response: ProviderResponse, began: float | None
    ) -> tuple[Settling, Estimate | None]:
        """What an answered attempt is charged for; and its price by the table, where that had to be looked up."""
        cost, estimate = response.cost, None
        if cost is None and self._counts_money:
            estimate = self.worst_cases.estimate(response, prepared.routed)
            cost = estimate[0]
        nano_usd = None if cost is None else in_nano_usd(cost.total_cost)
        longest = self.worst_cases.longest_answer(prepared)
        milliseconds = self._milliseconds_since(began) if self._counts_time else 0
        usage = response.usage
        return charges_of_answer(hold.lines, self.units, usage, nano_usd, longest, milliseconds), estimate

    def charges_of_failure(self, hold: Hold, fate: Fate, began: float | None) -> Settling:
        """What an attempt is charged for that was not answered."""
        return charges_of_failure(hold.lines, self.units, fate, self._milliseconds_since(began))

    def _milliseconds_since(self, began: float | None) -> int:
        """How long an attempt has taken; no time if it was not begun."""
        return 0 if began is None else max(0, int((self.clock.monotonic() - began) * 1000))

    async def catch_up(self) -> None:
        """Settle what could not be settled before, as far as the ledger takes it now."""
        while self._unsettled:
            if not await self._to_its_end(self._entered(*self._unsettled.popleft())):
                return

    async def flush(self) -> None:
        """Catch up, and let go of what the ledger keeps open."""
        await self.catch_up()
        await self.patience.let_go()
        await self.ledger.flush()

    async def _settled(self, entering: Coroutine[Any, Any, bool]) -> bool:
        settled = await self._to_its_end(entering)
        if settled and self._unsettled:
            await self.catch_up()
        return settled

    async def _to_its_end(self, entering: Coroutine[Any, Any, bool]) -> bool:
        try:
            return await to_its_end(entering, patience=self.patience, waits=self._ledger_waits)
        except TimeoutError:
            return False  # it goes on behind us, and is tried again with the next if it fails

    async def _entered(self, hold: Hold, fate: Fate, charges: tuple[int, ...]) -> bool:
        try:
            await self.ledger.settle(hold, fate, charges)
        except Exception as failure:  # noqa: BLE001 - whatever a ledger raises, an answer is worth more than its entry
            return self._not_entered(failure, hold, fate, charges)
        return True

    def _not_entered(self, failure: Exception, hold: Hold, fate: Fate, charges: tuple[int, ...]) -> bool:
        """Keep what the ledger did not take, unless trying again would not mend it or the ledger does so itself."""
        kept = isinstance(failure, LedgerUnavailable) and failure.kept
        if not kept and not isinstance(failure, LedgerConflict):
            self._unsettled.append((hold, fate, charges))
        return False


def _no_answer(what: str) -> BackendError:
    return BackendError(
        kind="ledger",
        message=f"the ledger of the budgets answered with {what}",
        remedy="Mend the ledger; without it nothing is sent that counts against a budget.",
    )
