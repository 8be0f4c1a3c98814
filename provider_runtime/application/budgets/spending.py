"""Spending: the budgets of a runtime, claimed for a call and settled with what it came to."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import define, field

from provider_runtime.application.accounting.budget_events import budget_exceeded, budget_warning
from provider_runtime.application.accounting.recording import nano_usd
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.budgets.bounds import bounds_of, longest_answer_of
from provider_runtime.application.call import PreparedCall
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.sending.to_its_end import Patience, to_its_end
from provider_runtime.domain.catalog.pricing import PricingTable, estimate_cost, worst_case_cost
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import (
    BackendError,
    CallRefused,
    CostUnknown,
    ErrorCode,
    LedgerConflict,
    LedgerUnavailable,
)
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.policy.budgets.charging import Bill, bill_of_answer
from provider_runtime.domain.policy.budgets.holds import (
    Account,
    Admitted,
    Claim,
    Declined,
    Fate,
    Hold,
    HoldOrder,
    Reservation,
    Standing,
)
from provider_runtime.domain.policy.budgets.limits import EVERYONE, LARGEST, Budget, Unit
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.ports.system import Clock

_GRACE_S: Final = 60.0  # an owner that is so long past its deadline is lost
_UNSETTLED_KEPT: Final = 1000


@define(kw_only=True, eq=False)
class Spending:
    """What calls of this runtime may come to. Source: reliability §3.

    ``runtime`` is what it is called through every change of its settings: a budget of scope ``runtime``
    must not begin afresh because a key was rotated.

    A settlement that the ledger could not take is tried again with the next one, and at the end;
    until then, and if it never succeeds, its hold stays and is posted in full when its lease is over.
    """

    ledger: BudgetLedger
    budgets: tuple[Budget, ...]
    runtime: RuntimeId
    clock: Clock
    catalog: ActiveCatalog
    prices: PricingTable
    profile: WorkProfile | None = None
    telemetry: Telemetry | None = None
    patience: Patience = field(factory=lambda: Patience(limit_s=5.0))
    units: Mapping[str, Unit] = field(init=False, repr=False)
    _ledger_waits: bool = field(init=False, repr=False)
    _counts: frozenset[Unit] = field(init=False, repr=False)
    _shared: Mapping[str, Account] = field(init=False, repr=False)
    """The accounts that every call of this runtime takes from, by the names of their budgets."""
    _unsettled: deque[tuple[Hold, Fate, tuple[int, ...]]] = field(
        factory=lambda: deque(maxlen=_UNSETTLED_KEPT), init=False, repr=False
    )

    @units.default
    def _units_by_name(self) -> Mapping[str, Unit]:
        return {budget.name: budget.limit.unit for budget in self.budgets}

    @_counts.default
    def _units_that_count(self) -> frozenset[Unit]:
        return frozenset(self.units.values())

    @_shared.default
    def _shared_accounts(self) -> Mapping[str, Account]:
        owners = {EVERYONE: EVERYONE, "runtime": self.runtime}
        return {
            budget.name: Account(budget=budget.name, owner=owners[budget.scope], window_s=budget.window_s)
            for budget in self.budgets
            if budget.scope in owners
        }

    @_ledger_waits.default
    def _ask_the_ledger(self) -> bool:
        return getattr(self.ledger, "waits", True) is not False

    def order(self, prepared: PreparedCall, attempt: int) -> HoldOrder:
        """What has to be held for one attempt: the most it can come to, of every budget.

        Raises ``CostUnknown`` where nobody can say, and ``CallRefused`` (``budget_owner_unknown``) for a
        call that does not say whose budget it takes.
        """
        call = prepared.routed.call
        left_s = max(0.0, call.started + call.terms.deadline_s - self.clock.monotonic())
        worst = self._worst_case(prepared, left_s)
        claims = [
            Claim(
                account=self._shared.get(budget.name) or self._account(budget, prepared),
                limit=budget.limit.value,
                amount=_claimed(budget, worst[budget.limit.unit], prepared),
            )
            for budget in self.budgets
        ]
        return HoldOrder(call_id=call.call_id, attempt=attempt, claims=claims, lease_ms=int((left_s + _GRACE_S) * 1000))

    async def reserve(self, order: HoldOrder, runtime_id: RuntimeId) -> Reservation:
        """The hold, or who has too little left. Whoever leaves meanwhile leaves no hold behind.

        The event sink of ``runtime_id`` hears of budgets that are nearly spent, or have too little left.
        """

        async def give_back(reservation: Reservation) -> None:
            if isinstance(reservation, Admitted):
                await self.settle(reservation.hold, Bill(fate=Fate.VOID))

        try:
            reservation = await to_its_end(
                self.ledger.reserve(order), give_back, self.patience, waits=self._ledger_waits
            )
        except BackendError:
            raise
        except Exception as failure:  # noqa: BLE001 - whatever a ledger raises, it has set nothing aside
            raise _no_answer(type(failure).__name__) from None
        if not _is_answer_to(order, reservation):
            raise _no_answer("what is no reservation of this call")
        if self.telemetry is not None and self.telemetry.listening:
            self._announce(self.telemetry, order.call_id, runtime_id, reservation)
        return reservation

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

    async def settle(self, hold: Hold, bill: Bill) -> bool:
        """Post what ``bill`` says; whether the ledger took it. Never raises for a ledger that fails."""
        charges = tuple(bill.charge(self.units[line.account.budget], line.amount) for line in hold.lines)
        if not await self._settled(hold, bill.fate, charges):
            return False
        await self.catch_up()
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

    def bill(self, prepared: PreparedCall, response: ProviderResponse, duration_s: float) -> Bill:
        """What an answered attempt came to."""
        counts = self._counts
        cost = response.cost
        if cost is None and Unit.NANO_USD in counts:
            routed = prepared.routed
            cost, _ = estimate_cost(
                self.prices,
                response.provider,
                response.model,
                response.usage,
                fallback_model=routed.route.model_id,
                also_as=routed.provider.config.catalog_names,
            )
        return bill_of_answer(
            response.usage,
            nano_usd(cost),
            longest=longest_answer_of(prepared, self.catalog),
            counts=counts,
            milliseconds=int(duration_s * 1000),
        )

    async def catch_up(self) -> None:
        """Settle what could not be settled before, as far as the ledger takes it now."""
        while self._unsettled:
            if not await self._settled(*self._unsettled.popleft()):
                return

    async def flush(self) -> None:
        """Catch up, and let go of what the ledger keeps open."""
        await self.catch_up()
        await self.patience.let_go()
        await self.ledger.flush()

    async def _settled(self, hold: Hold, fate: Fate, charges: tuple[int, ...]) -> bool:
        try:
            return await to_its_end(
                self._entered(hold, fate, charges), patience=self.patience, waits=self._ledger_waits
            )
        except TimeoutError:
            return False  # it goes on behind us, and is tried again with the next if it fails

    async def _entered(self, hold: Hold, fate: Fate, charges: tuple[int, ...]) -> bool:
        try:
            await self.ledger.settle(hold, fate, charges)
        except LedgerConflict:
            return False  # trying again would not mend it
        except LedgerUnavailable as away:
            if not away.kept:
                self._unsettled.append((hold, fate, charges))
            return False
        except Exception:  # noqa: BLE001 - whatever a ledger raises, an answer is worth more than its entry
            self._unsettled.append((hold, fate, charges))
            return False
        return True

    def _worst_case(self, prepared: PreparedCall, left_s: float) -> Mapping[Unit, int | None]:
        counts = self._counts
        worst: dict[Unit, int | None] = {Unit.CALLS: 1, Unit.MILLISECONDS: int(left_s * 1000)}
        if not counts & {Unit.TOKENS, Unit.NANO_USD}:
            return worst
        bounds = bounds_of(prepared, self.catalog)
        worst[Unit.TOKENS], worst[Unit.NANO_USD] = bounds.tokens, None
        if Unit.NANO_USD in counts and bounds.input_tokens is not None and bounds.output_tokens is not None:
            route = prepared.routed.route
            worst[Unit.NANO_USD] = nano_usd(
                worst_case_cost(
                    self.prices,
                    route.provider_id,
                    route.model_id,
                    bounds.input_tokens,
                    bounds.output_tokens,
                    also_as=prepared.routed.provider.config.catalog_names,
                )
            )
        return worst

    def _account(self, budget: Budget, prepared: PreparedCall) -> Account:
        return Account(budget=budget.name, owner=self._owner(budget, prepared), window_s=budget.window_s)

    def _owner(self, budget: Budget, prepared: PreparedCall) -> str:
        call = prepared.routed.call
        if budget.scope == "profile":
            owner: str | None = None if self.profile is None else self.profile.name
        else:
            label = call.terms.options.metadata.get(budget.scope)
            owner = label if isinstance(label, str) else None
        if owner is not None:
            return owner
        named = "a work profile" if budget.scope == "profile" else f"the label {budget.scope}"
        raise CallRefused(
            gate="budget",
            code=ErrorCode.BUDGET_OWNER_UNKNOWN,
            provider=prepared.routed.route.provider_id,
            model=prepared.routed.route.model_id,
            message=f"the budget {budget.name} is one for each {budget.scope}, and the call does not name its own",
            remedy=f"Give the {'runtime' if budget.scope == 'profile' else 'call'} {named}, "
            "or make the budget everyone's.",
        )


def _is_answer_to(order: HoldOrder, answer: object) -> bool:
    if isinstance(answer, Declined):
        return True
    hold: object = answer.hold if isinstance(answer, Admitted) else None
    return isinstance(hold, Hold) and hold.call_id == order.call_id and len(hold.lines) == len(order.claims)


def _no_answer(what: str) -> BackendError:
    return BackendError(
        kind="ledger",
        message=f"the ledger of the budgets answered with {what}",
        remedy="Mend the ledger; without it nothing is sent that counts against a budget.",
    )


def _claimed(budget: Budget, worst: int | None, prepared: PreparedCall) -> int:
    if worst is not None:
        return min(worst, LARGEST)
    route = prepared.routed.route
    raise CostUnknown(
        budget=budget.name,
        provider=route.provider_id,
        model=route.model_id,
        message=f"the budget {budget.name} counts {budget.limit.unit.value}, "
        f"and nobody can say what this call to {route.provider_id} may come to",
        remedy="Set max_output_tokens, and see that the catalog and the price table know the model"
        " (a model that costs nothing has a rule with rates of 0).",
    )
