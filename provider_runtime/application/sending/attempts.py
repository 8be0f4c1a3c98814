"""One cleared call, sent: tried again where policy allows, inside one deadline for everything."""

import asyncio
from typing import Final

from attrs import evolve, frozen

from provider_runtime.application.accounting.events import attempt_failed, attempt_started
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.budgets.holding import Holding
from provider_runtime.application.budgets.spending import Spending
from provider_runtime.application.call import AnsweredCall, ClearedCall, RoutedCall
from provider_runtime.application.consents.guard import ConsentGuard
from provider_runtime.application.consents.uses import ConsentUse
from provider_runtime.application.resilience.leave import Leave, Resilience
from provider_runtime.application.sending.deadline import Within
from provider_runtime.application.sending.trying import ANSWERED, Trying, outcome_of
from provider_runtime.application.sending.validation import held_against_schema
from provider_runtime.domain.conversation.echoes import without_echoes
from provider_runtime.domain.conversation.exchange import PreparedExchange
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
from provider_runtime.ports.provider_adapter import AdapterContext, ProviderAdapter
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

    async def send(self, cleared: ClearedCall, attempts: list[Attempt]) -> AnsweredCall:
        """The answer, within the deadline. Notes every try in ``attempts``, also when it raises.

        The hold that the budget gate took is settled by then, and so is that of each further try. The
        consent that the call is made on is used once, when the first try leaves, and looked at before each.
        Raises ``CredentialMissing``, ``ConsentRefused``, or the ``ProviderError`` of the last try.
        """
        holding = None if self.spending is None else Holding.of(cleared, self.spending)
        use = None if self.consents is None else ConsentUse.of(cleared, self.consents)
        try:
            answered = await self._send(cleared, attempts, holding, use)
        except BaseException as failure:
            if holding is not None:
                await holding.close()
            if use is not None:
                await use.close(self.telemetry, outcome_of(failure))
            raise
        if use is not None:
            await use.close(self.telemetry, ANSWERED)
        if holding is None or await holding.close():
            return answered
        late = warn(WarningCode.RECEIPT_PENDING, "what this call came to could not be entered in its budgets yet")
        return evolve(answered, response=evolve(answered.response, warnings=(*answered.response.warnings, late)))

    async def _send(
        self, cleared: ClearedCall, attempts: list[Attempt], holding: Holding | None, use: ConsentUse | None
    ) -> AnsweredCall:
        call = cleared.prepared.routed.call
        limit_s = call.terms.deadline_s
        deadline = call.started + limit_s
        trying = Trying(cleared=cleared, attempts=attempts)
        try:
            with Within(deadline - self.clock.monotonic()):
                response = await self._try(trying, holding, use, deadline)
        except TimeoutError:
            pass  # raised below, so that no frame that held a credential stays in the traceback
        except asyncio.CancelledError:
            trying.cancelled(self.clock.monotonic())
            raise
        else:
            response = held_against_schema(response, cleared.prepared.exchange.wanted, self.schemas)
            estimate = None if holding is None else holding.estimate
            return AnsweredCall(cleared=cleared, response=response, attempts=tuple(attempts), estimate=estimate)
        under_way = trying.under_way
        error = trying.timed_out(self.clock.monotonic(), limit_s)
        if under_way and self.telemetry.listening:
            self.telemetry.emit(attempt_failed(cleared, error, attempts[-1], self.clock.now()))
        raise error

    async def _try(
        self, trying: Trying, holding: Holding | None, use: ConsentUse | None, deadline: float
    ) -> ProviderResponse:
        prepared = trying.cleared.prepared
        adapter, context = prepared.routed.provider.adapter, self._context(prepared.routed)
        while True:
            leave = await self._leave(trying, deadline)
            if leave.only_fresh_connections != context.fresh_connection:
                context = evolve(context, fresh_connection=leave.only_fresh_connections)
            try:
                if use is not None:
                    await use.before_sending()
                self._begin(trying)
                if holding is not None:
                    holding.begin()
                outcome = await _outcome(adapter, prepared.exchange, context)
                now = self.clock.monotonic()
                if isinstance(outcome, ProviderResponse):
                    leave.answered(outcome)
                    if holding is not None:
                        holding.answered(outcome)
                    trying.answered(outcome, now)
                    if use is not None:
                        use.answered()
                    return outcome
                if holding is not None:
                    holding.failed(outcome)
                if use is not None:
                    use.failed(sent=outcome.sent)
                retry = self._retry(trying, outcome, leave, now, deadline)
            except _BEFORE_SENDING as refused:
                leave.unsent()
                if holding is not None:
                    holding.unsent()
                if use is not None:
                    use.unsent()
                if isinstance(refused, ConsentRefused) and trying.last is not None:
                    # What the call failed with is the news; that the consent is gone is a fact about it.
                    trying.last.retry_denied_by = RetryDenial.CONSENT
                    raise trying.last from None
                raise
            finally:
                leave.close()
            if holding is not None and not await holding.again(trying.number):
                outcome.retry_denied_by = RetryDenial.BUDGET
                raise outcome
            trying.wait_s = retry.wait_s
            await self.clock.sleep(retry.wait_s)

    def _context(self, routed: RoutedCall) -> AdapterContext:
        credential, include_raw = routed.own_credential, routed.call.terms.options.include_raw_response
        pacing = self.resilience.pacings.of(routed.route.provider_id)
        if credential is None and pacing is None and not include_raw:
            return _NOTHING_SPECIAL
        return AdapterContext(
            credential=credential, include_raw_response=include_raw, hear=None if pacing is None else pacing.hear
        )

    async def _leave(self, trying: Trying, deadline: float) -> Leave:
        try:
            return await self.resilience.leave(trying.cleared.prepared, deadline)
        except ProviderError as refused:
            if trying.last is None:
                raise
            denied_by = RetryDenial.CIRCUIT_OPEN if isinstance(refused, CircuitOpen) else RetryDenial.RATE_LIMITS
        # What the call failed with is the news; that it was not tried again is a fact about it.
        trying.last.retry_denied_by = denied_by
        raise trying.last

    def _begin(self, trying: Trying) -> None:
        if self.telemetry.listening:
            names, now = self.telemetry.names, self.clock.now()
            self.telemetry.emit(attempt_started(trying.cleared, trying.number, trying.wait_s, names, now))
        trying.begin(self.clock.monotonic())

    def _retry(self, trying: Trying, error: ProviderError, leave: Leave, now: float, deadline: float) -> Retry:
        attempt, call = trying.failed(error, now), trying.cleared.prepared.routed.call
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


async def _outcome(
    adapter: ProviderAdapter, exchange: PreparedExchange, context: AdapterContext
) -> ProviderResponse | ProviderError:
    """One attempt, its failure as a value: the retry loop runs in a frame without a traceback."""
    try:
        return await adapter.send(exchange, context)
    except ProviderError as error:
        return error.with_traceback(None)
