"""One cleared call, sent: tried again where policy allows, inside one deadline for everything."""

import asyncio

from attrs import frozen

from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.call import AnsweredCall, Call, ClearedCall
from provider_runtime.application.validation import held_against_schema
from provider_runtime.domain.conversation.echoes import without_echoes
from provider_runtime.domain.conversation.response import Attempt, ProviderResponse
from provider_runtime.domain.errors import Delivery, ErrorCode, ProviderError, ProviderStatusError, TransportError
from provider_runtime.domain.policy.retrying import GiveUp, RetryPolicy, decide
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.ports.provider_adapter import AdapterContext, ProviderAdapter
from provider_runtime.ports.schemas import SchemaValidator
from provider_runtime.ports.system import Clock, Randomness


@frozen(kw_only=True)
class Sending:
    """The only step of a call that leaves the process. A retry sends the identical bytes."""

    retry: RetryPolicy
    clock: Clock
    randomness: Randomness
    telemetry: Telemetry
    schemas: SchemaValidator
    deadline_s: float

    async def send(self, cleared: ClearedCall, attempts: list[Attempt]) -> AnsweredCall:
        """The answer, within the deadline. Notes every try in ``attempts``, also when it raises.

        Raises ``CredentialMissing``, or the ``ProviderError`` of the last try.
        """
        call = cleared.prepared.routed.call
        limit = call.options.deadline_s or self.deadline_s
        deadline = call.started + limit
        try:
            async with asyncio.timeout(deadline - self.clock.monotonic()):
                response = await self._try(cleared, attempts, deadline)
        except TimeoutError:
            pass  # raised below, so that no frame that held a credential stays in the traceback
        else:
            response = held_against_schema(response, cleared.prepared.exchange.wanted, self.schemas)
            return AnsweredCall(cleared=cleared, response=response, attempts=tuple(attempts))
        raise self._timed_out(cleared, attempts, limit)

    async def _try(self, cleared: ClearedCall, attempts: list[Attempt], deadline: float) -> ProviderResponse:
        prepared = cleared.prepared
        call, adapter = prepared.routed.call, prepared.routed.provider.adapter
        context = AdapterContext(
            credential=call.options.credential, include_raw_response=call.options.include_raw_response
        )
        wait_s = 0.0
        while True:
            began = self.clock.monotonic()
            outcome = await _outcome(adapter, cleared, context)
            now = self.clock.monotonic()
            if isinstance(outcome, ProviderResponse):
                attempts.append(
                    Attempt(
                        number=len(attempts) + 1,
                        outcome="answered",
                        duration_s=now - began,
                        wait_s=wait_s,
                        provider_request_id=outcome.provider_request_id,
                    )
                )
                return outcome
            attempts.append(_failed(outcome, len(attempts) + 1, now - began, wait_s))
            wait_s = self._wait_before_next(cleared, outcome, attempts, deadline - now)
            await self.clock.sleep(wait_s)

    def _wait_before_next(
        self, cleared: ClearedCall, error: ProviderError, attempts: list[Attempt], time_left_s: float
    ) -> float:
        decision = decide(
            error,
            attempt=len(attempts),
            policy=self.retry,
            time_left_s=time_left_s,
            chance=self.randomness.fraction(),
        )
        self._tell(cleared.prepared.routed.call, error, attempts[-1])
        if isinstance(decision, GiveUp):
            error.message = without_echoes(error.message, cleared.prepared.routed.call.request)
            error.retry_denied_by = decision.reason
            raise error
        return decision.wait_s

    def _tell(self, call: Call, error: ProviderError, attempt: Attempt) -> None:
        self.telemetry.emit(
            LifecycleEvent(
                kind=EventKind.ATTEMPT_FAILED,
                call_id=call.call_id,
                runtime_id=call.runtime_id,
                provider=error.provider,
                model_asked=error.model,
                attempt=attempt.number,
                duration_s=attempt.duration_s,
                status_code=attempt.status_code,
                error_code=error.code.value,
            )
        )

    def _timed_out(self, cleared: ClearedCall, attempts: list[Attempt], limit_s: float) -> TransportError:
        route = cleared.prepared.routed.route
        waiting = (
            self.clock.monotonic()
            - cleared.prepared.routed.call.started
            - sum(attempt.duration_s + attempt.wait_s for attempt in attempts)
        )
        attempts.append(
            Attempt(number=len(attempts) + 1, outcome=ErrorCode.TIMED_OUT.value, duration_s=max(0.0, waiting))
        )
        return TransportError(
            code=ErrorCode.TIMED_OUT,
            delivery=Delivery.AMBIGUOUS,
            provider=route.provider_id,
            model=route.model_id,
            message=f"no whole answer came within {limit_s:g} seconds",
            remedy="Give the call more time (deadline_s), ask for less, or choose a faster model.",
        )


async def _outcome(
    adapter: ProviderAdapter, cleared: ClearedCall, context: AdapterContext
) -> ProviderResponse | ProviderError:
    """One attempt, its failure as a value: the retry loop runs in a frame without a traceback."""
    try:
        return await adapter.send(cleared.prepared.exchange, context)
    except ProviderError as error:
        return error.with_traceback(None)


def _failed(error: ProviderError, number: int, duration_s: float, wait_s: float) -> Attempt:
    return Attempt(
        number=number,
        outcome=error.code.value,
        duration_s=duration_s,
        wait_s=wait_s,
        status_code=error.status_code if isinstance(error, ProviderStatusError) else None,
        provider_request_id=error.request_id,
    )
