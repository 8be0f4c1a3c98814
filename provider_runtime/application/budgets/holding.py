"""Holding: the holds of one cleared call, one for each attempt, each settled exactly once."""

from typing import Self

from attrs import define

from provider_runtime.application.budgets.spending import Spending
from provider_runtime.application.call import ClearedCall, PreparedCall
from provider_runtime.domain.catalog.pricing import Estimate
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import BackendError, CallRefused, ProviderError
from provider_runtime.domain.policy.budgets.charging import Settling, fate_of
from provider_runtime.domain.policy.budgets.holds import Admitted, Declined, Fate, Hold


@define(eq=False)
class Holding:
    """Follows the attempts of a call, and keeps what they may come to set aside.

    ``begin``, ``answered``, ``failed`` and ``unsent`` note what happens, without waiting; ``again`` and
    ``close`` tell the ledger. What was begun and not noted any further may have been billed. ``estimate``
    is what the answer costs by the price table, if that was asked for.
    """

    prepared: PreparedCall
    spending: Spending
    hold: Hold | None
    """What is held for the attempt under way; ``None`` once that is settled."""
    estimate: Estimate | None = None
    _began: float | None = None
    _settling: Settling | None = None

    @classmethod
    def of(cls, cleared: ClearedCall, spending: Spending | None) -> Self | None:
        """The holding of a call that the gates let through; ``None`` where none of them has set anything aside."""
        if spending is not None:
            for verdict in reversed(cleared.verdicts):  # the budget gate judges last
                if verdict.hold is not None:
                    return cls(cleared.prepared, spending, verdict.hold)
        return None

    def begin(self, now: float) -> None:
        """The attempt is sent."""
        self._began = now

    def answered(self, response: ProviderResponse) -> None:
        """The attempt was answered."""
        if self.hold is not None:
            self._settling, self.estimate = self.spending.charges_of_answer(
                self.hold, self.prepared, response, self._began
            )

    def failed(self, error: ProviderError) -> None:
        """The attempt failed."""
        self._ended(fate_of(error))

    def unsent(self) -> None:
        """The attempt ended before anything was sent."""
        self._began = None
        self._ended(Fate.VOID)

    def _ended(self, fate: Fate) -> None:
        if self.hold is not None:
            self._settling = self.spending.charges_of_failure(self.hold, fate, self._began)

    async def again(self, attempt: int) -> bool:
        """Settle the attempt that failed, and hold as much for the next; whether the budgets have room."""
        if not await self.close():
            return False  # whoever cannot write down what was spent does not spend more
        try:
            asked = self.spending.reserve(self.prepared, attempt)
            taken = asked if isinstance(asked, Admitted | Declined) else await asked
        except (BackendError, CallRefused):
            return False
        if isinstance(taken, Declined):
            return False
        self.hold = taken.hold
        return True

    async def close(self) -> bool:
        """Settle the hold that is still open, if any; whether the ledger took it."""
        hold, settling, began = self.hold, self._settling, self._began
        if hold is None:
            return True
        self.hold = self._settling = self._began = None
        if settling is None:
            fate = Fate.VOID if began is None else Fate.UNCONFIRMED
            settling = self.spending.charges_of_failure(hold, fate, began)
        settled = self.spending.settle(hold, *settling)
        return settled if isinstance(settled, bool) else await settled
