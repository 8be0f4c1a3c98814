"""Holding: the holds of one cleared call, one for each attempt, each settled exactly once."""

from typing import Self

from attrs import define

from provider_runtime.application.budgets.spending import Spending
from provider_runtime.application.call import ClearedCall, PreparedCall
from provider_runtime.domain.catalog.pricing import Estimate
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import BackendError, CallRefused, ProviderError
from provider_runtime.domain.policy.budgets.charging import Bill, fate_of
from provider_runtime.domain.policy.budgets.holds import Admitted, Declined, Fate, Hold


@define(kw_only=True, eq=False)
class Holding:
    """Follows the attempts of a call, and keeps what they may come to set aside.

    ``begin``, ``answered``, ``failed`` and ``unsent`` note what happens, without waiting; ``again`` and
    ``close`` tell the ledger. What was begun and not noted any further may have been billed. ``estimate``
    is what the answer costs by the price table, if that was asked for.
    """

    prepared: PreparedCall
    spending: Spending
    hold: Hold | None
    estimate: Estimate | None = None
    _began: float | None = None
    _bill: Bill | None = None

    @classmethod
    def of(cls, cleared: ClearedCall, spending: Spending | None) -> Self | None:
        """The holding of a call that the gates let through; ``None`` where none of them has set anything aside."""
        if spending is not None:
            for verdict in reversed(cleared.verdicts):  # the budget gate judges last
                if verdict.hold is not None:
                    return cls(prepared=cleared.prepared, spending=spending, hold=verdict.hold)
        return None

    def begin(self) -> None:
        """The attempt is sent."""
        self._began = self.spending.clock.monotonic()

    def answered(self, response: ProviderResponse) -> None:
        """The attempt was answered."""
        self._bill, self.estimate = self.spending.bill(self.prepared, response, self._began)

    def failed(self, error: ProviderError) -> None:
        """The attempt failed."""
        self._bill = Bill(fate=fate_of(error), milliseconds=self.spending.milliseconds_since(self._began))

    def unsent(self) -> None:
        """The attempt ended before anything was sent."""
        self._bill = Bill(fate=Fate.VOID)

    async def again(self, attempt: int) -> bool:
        """Settle the attempt that failed, and hold as much for the next; whether the budgets have room."""
        if not await self.close():
            return False  # whoever cannot write down what was spent does not spend more
        spending, prepared = self.spending, self.prepared
        try:
            asked = spending.reserve(spending.order(prepared, attempt), prepared.routed.call.runtime_id)
            taken = asked if isinstance(asked, Admitted | Declined) else await asked
        except (BackendError, CallRefused):
            return False
        if isinstance(taken, Declined):
            return False
        self.hold = taken.hold
        return True

    async def close(self) -> bool:
        """Settle the hold that is still open, if any; whether the ledger took it."""
        hold, self.hold = self.hold, None
        if hold is None:
            return True
        bill, began = self._bill, self._began
        if bill is None:
            fate = Fate.VOID if began is None else Fate.UNCONFIRMED
            bill = Bill(fate=fate, milliseconds=self.spending.milliseconds_since(began))
        self._bill = self._began = None
        settled = self.spending.settle(hold, bill)
        return settled if isinstance(settled, bool) else await settled
