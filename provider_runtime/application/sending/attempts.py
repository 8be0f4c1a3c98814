"""One cleared call, sent: tried again where policy allows, inside one deadline for everything."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from attrs import evolve, field, frozen

from provider_runtime.application.accounting.events import attempt_failed, attempt_started
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.budgets.holding import Holding
from provider_runtime.application.budgets.spending import Spending
from provider_runtime.application.call import AnsweredCall, ClearedCall, RoutedCall
from provider_runtime.application.consents.guard import ConsentGuard
from provider_runtime.application.consents.uses import ConsentUse
from provider_runtime.application.resilience.leave import Leave, Resilience
from provider_runtime.application.sending.deadline import Deadlines, Within
from provider_runtime.application.sending.trying import ANSWERED, Trying, outcome_of
from provider_runtime.application.sending.validation import held_against_schema
from provider_runtime.domain.conversation.echoes import without_echoes
from provider_runtime.domain.conversation.response import Attempt, ProviderResponse
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.errors import (
    BackendError,
    CallRefused,
    CircuitOpen,
    ConfigError,
    ConsentRefused,
    ProviderError,
    RetryDenial,
)
from provider_runtime.domain.policy.retrying import GiveUp, Retry
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.ports.schemas import SchemaValidator
from provider_runtime.ports.system import Clock

# What an adapter raises besides a ``ProviderError``: no credential, none for this address, or a store that broke.
_BEFORE_SENDING: Final = (ConfigError, CallRefused, BackendError)
_NOTHING_SPECIAL: Final = AdapterContext()


@frozen(kw_only=True)
class Sending:
    """The only step of a call that leaves the process. A retry sends the identical bytes."""

    clock: Clock
    resilience: Resilience
    telemetry: Telemetry
    schemas: SchemaValidator
    spending: Spending | None = None
    consents: ConsentGuard | None = None
    deadlines: Deadlines = field(factory=Deadlines, init=False, repr=False, eq=False)

    async def send(self, cleared: ClearedCall, attempts: list[Attempt]) -> AnsweredCall:
        """The answer, within the deadline. Notes every try in ``attempts``, also when it raises.

        The hold that the budget gate took is settled by then, and so is that of each further try. The
        consent that the call is made on is used once, when the first try leaves, and looked at before each.
        Raises ``CredentialMissing``, ``ConsentRefused``, or the ``ProviderError`` of the last try.
        """
        trying = Trying(
            cleared,
            attempts,
            None if self.spending is None else Holding.of(cleared, self.spending),
            None if self.consents is None else ConsentUse.of(cleared, self.consents),
        )
        holding, use = trying.holding, trying.use
        try:
            response = await self._try(trying)
            response = held_against_schema(response, cleared.prepared.exchange.wanted, self.schemas)
        except BaseException as failure:
            try:
                if holding is not None:
                    await holding.close()
            finally:  # also when the caller leaves while the hold is settled
                if use is not None:
                    await use.close(self.telemetry, outcome_of(failure))
            raise
        if use is not None:
            await use.close(self.telemetry, ANSWERED)
        if holding is not None and not await holding.close():
            late = warn(WarningCode.RECEIPT_PENDING, "what this call came to could not be entered in its budgets yet")
            response = evolve(response, warnings=(*response.warnings, late))
        return AnsweredCall(cleared, response, tuple(attempts), None if holding is None else holding.estimate)

    async def _try(self, trying: Trying) -> ProviderResponse:
        prepared = trying.cleared.prepared
        call, adapter = prepared.routed.call, prepared.routed.provider.adapter
        deadline, context = call.started + call.terms.deadline_s, self._context(prepared.routed)
        try:
            with Within(self.deadlines, deadline - self.clock.monotonic()):
                while True:
                    leave = await self._leave(trying, deadline)
                    if leave.only_fresh_connections != context.fresh_connection:
                        context = evolve(context, fresh_connection=leave.only_fresh_connections)
                    try:
                        if trying.use is not None:
                            await trying.use.before_sending()
                        self._begin(trying)
                        response = await adapter.send(prepared.exchange, context)
                        now = self.clock.monotonic()
                        leave.answered(response, now)
                        trying.answered(response, now)
                    except ProviderError as error:
                        failed = error.with_traceback(None)
                        retry = self._retry(trying, failed, leave, deadline)
                    except _BEFORE_SENDING as refused:
                        leave.unsent()
                        trying.unsent()
                        if isinstance(refused, ConsentRefused) and trying.last is not None:
                            raise _not_again(trying.last, RetryDenial.CONSENT) from None
                        raise
                    else:
                        return response
                    finally:
                        leave.close()
                    if trying.holding is not None and not await trying.holding.again(trying.number):
                        raise _not_again(failed, RetryDenial.BUDGET)
                    trying.wait_s = retry.wait_s
                    await self.clock.sleep(retry.wait_s)
        except TimeoutError:
            pass  # raised below, so that no frame that held a credential stays in the traceback
        except asyncio.CancelledError:
            trying.cancelled(self.clock.monotonic())
            raise
        raise self._timed_out(trying, call.terms.deadline_s)

    def _leave(self, trying: Trying, deadline: float) -> Coroutine[Any, Any, Leave]:
        leave = self.resilience.leave(trying.cleared.prepared, deadline)
        return leave if trying.last is None else _leave_again(leave, trying.last)

    def _context(self, routed: RoutedCall) -> AdapterContext:
        credential, include_raw = routed.own_credential, routed.call.terms.options.include_raw_response
        pacing = self.resilience.pacings.of(routed.route.provider_id)
        if credential is None and pacing is None and not include_raw:
            return _NOTHING_SPECIAL
        return AdapterContext(
            credential=credential, include_raw_response=include_raw, hear=None if pacing is None else pacing.hear
        )

    def _begin(self, trying: Trying) -> None:
        if self.telemetry.listening:
            self.telemetry.emit(attempt_started(trying.cleared, trying.number, trying.wait_s, self.clock.now()))
        trying.begin(self.clock.monotonic())

    def _retry(self, trying: Trying, error: ProviderError, leave: Leave, deadline: float) -> Retry:
        now, call = self.clock.monotonic(), trying.cleared.prepared.routed.call
        attempt = trying.failed(error, now)
        decision = leave.failed(error, call.terms.retry, tried=trying.tried, time_left_s=deadline - now)
        headers = (
            *call.terms.options.headers.values(),
            *trying.cleared.prepared.routed.provider.config.headers.values(),
        )
        error.message = without_echoes(error.message, call.request, headers)
        if isinstance(decision, GiveUp):
            error.retry_denied_by = decision.reason
        if self.telemetry.listening:
            self.telemetry.emit(attempt_failed(trying.cleared, error, attempt, self.clock.now()))
        if isinstance(decision, GiveUp):
            raise error
        return decision

    def _timed_out(self, trying: Trying, limit_s: float) -> ProviderError:
        under_way = trying.under_way
        error = trying.timed_out(self.clock.monotonic(), limit_s)
        if under_way and self.telemetry.listening:
            self.telemetry.emit(attempt_failed(trying.cleared, error, trying.attempts[-1], self.clock.now()))
        return error


async def _leave_again(leave: Coroutine[Any, Any, Leave], last: ProviderError) -> Leave:
    try:
        return await leave
    except ProviderError as refused:
        denied_by = RetryDenial.CIRCUIT_OPEN if isinstance(refused, CircuitOpen) else RetryDenial.RATE_LIMITS
    raise _not_again(last, denied_by)


def _not_again(last: ProviderError, denied_by: RetryDenial) -> ProviderError:
    """What the call failed with is the news; that it was not tried again is a fact about it."""
    last.retry_denied_by = denied_by
    return last
