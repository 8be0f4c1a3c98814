"""ConsentUse: the consent of one cleared call, taken when the call is sent and looked at again before each retry."""

from datetime import timedelta
from typing import Final, Self

from attrs import define

from provider_runtime.application.accounting.events import cloud_executed
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.call import ClearedCall
from provider_runtime.application.consents.guard import ConsentGuard
from provider_runtime.domain.errors import consent_refusal
from provider_runtime.domain.policy.consent.decisions import UseTaken
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.verdicts import Granted, Moment, Withheld

_FRESH_S: Final = 1.0
"""A verdict of the gate that is older is asked for again: the call may have waited for its turn."""


@define(eq=False)
class ConsentUse:
    """Follows the attempts of a call that is made on a consent.

    ``before_sending`` stands before each attempt. ``answered``, ``failed`` and ``unsent`` note what
    happens, without waiting; ``close`` gives the use back where nothing was sent. What was begun and
    not noted any further may have been read by the provider: its use is spent.
    """

    guard: ConsentGuard
    cleared: ClearedCall
    granted: Granted
    _moment: Moment
    _judged: float  # monotonic, and no earlier than that
    _taken: UseTaken | None = None
    _out: bool = False
    _spent: bool = False

    @classmethod
    def of(cls, cleared: ClearedCall, guard: ConsentGuard) -> Self | None:
        """The use of a call that one of the gates let through on a consent; ``None`` for any other."""
        granted = cleared.consented
        return None if granted is None else cls(guard, cleared, granted, granted.moment, guard.clock.monotonic())

    async def before_sending(self) -> None:
        """Take the use, or see that the consent still holds. Raises ``ConsentRefused`` where it does not."""
        if self._taken is not None or self.guard.clock.monotonic() - self._judged > _FRESH_S:
            await self._look_again()
        if self._taken is None:
            answer = await self.guard.use(self.granted)
            if isinstance(answer, ConsentFault):
                raise self._refusal(answer)
            self._taken = answer
        self._out = True

    async def _look_again(self) -> None:
        passed = timedelta(seconds=self.guard.clock.monotonic() - self._judged)
        moment = Moment(now=self.guard.clock.now(), since=self._moment.effective + passed)
        verdict = await self.guard.judge_again(self.granted, self._taken, moment)
        if isinstance(verdict, Withheld):
            raise self._refusal(verdict.fault)
        self._moment, self._judged = moment, self.guard.clock.monotonic()

    def answered(self) -> None:
        """The attempt was answered."""
        self._out, self._spent = False, True

    def failed(self, *, sent: bool) -> None:
        """The attempt failed; ``sent`` says whether any byte may have reached the provider."""
        self._out, self._spent = False, self._spent or sent

    def unsent(self) -> None:
        """The attempt ended before anything was sent."""
        self._out = False

    async def close(self, telemetry: Telemetry, outcome: str) -> None:
        """Give the use back if nothing was sent; tell of the call if something was."""
        if self._taken is None:
            return
        if not self._spent and not self._out:
            await self.guard.give_back(self.granted, self._taken)
        elif telemetry.listening:
            call = self.cleared.prepared.routed.call
            telemetry.emit(cloud_executed(call, self.granted, outcome, telemetry.names, self.guard.clock.now()))

    def _refusal(self, fault: ConsentFault) -> Exception:
        route = self.cleared.prepared.routed.route
        refusal = consent_refusal(fault, self.granted.receipt.consent_id)
        refusal.provider, refusal.model = route.provider_id, route.model_id
        return refusal
