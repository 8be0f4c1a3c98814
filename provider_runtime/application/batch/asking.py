"""One line asked: the call it stands for, waited for where waiting helps, and made no more often than it has to be."""

import asyncio
from typing import Final, TypeAlias

from attrs import define, evolve, field, frozen

from provider_runtime.application.batch.plan import BatchPlan
from provider_runtime.application.batch.room import Room
from provider_runtime.application.runtime import CallRuntime
from provider_runtime.application.sending.endings import Ending, ending_of
from provider_runtime.domain.batches.head import Interrupted
from provider_runtime.domain.batches.lines import AskedLine, LineCall, LineEnd
from provider_runtime.domain.calls.labels import MAX_LABELS
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import (
    BackendError,
    Billed,
    BudgetExceeded,
    CallInterrupted,
    ConfigError,
    ConsentRefused,
    CredentialsRejected,
    ErrorCode,
    GuardFailed,
    ProviderError,
    ProviderRuntimeError,
)
from provider_runtime.domain.identity import CallId, ProviderId
from provider_runtime.domain.json_values import sorted_object
from provider_runtime.ports.batches import BatchStore

LABEL: Final = "batch"
"""The label under which receipts, events and budgets find the calls of a batch."""

# The provider did nothing, for no fault of the line: the same line is asked again when that has passed.
_PASSING: Final = frozenset(
    {
        ErrorCode.CIRCUIT_OPEN,
        ErrorCode.CONNECT_FAILED,
        ErrorCode.OVERLOADED,
        ErrorCode.RATE_LIMITED,
        ErrorCode.RATE_LIMIT_WAIT,
    }
)
_FOR_GOOD: Final = frozenset({ErrorCode.QUOTA_EXHAUSTED, ErrorCode.CONNECT_FAILED, ErrorCode.TLS_FAILED})
_SHORTEST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 60.0


@frozen
class LeftUndone:
    """The line was not asked, or not to its end, because the batch ends: for ``error``, if for any."""

    error: ProviderRuntimeError | None = None


Asked: TypeAlias = LineEnd | LeftUndone


@define(kw_only=True)
class Asking:
    """Asks the lines of one run. ``halt`` is set when the run is to end."""

    runtime: CallRuntime
    store: BatchStore
    plan: BatchPlan
    halt: asyncio.Event
    waits_for: ProviderError | None = field(default=None, init=False)
    """The trouble of a provider that lines were last seen to wait for; ``None`` once it answers."""
    unconsented: LineCall | None = field(default=None, init=False)
    """The call that ended the run because nobody consented to it: whoever says yes says it to this one."""
    room: Room = field(init=False)
    _heard_from: dict[ProviderId, float] = field(factory=dict, init=False)

    @room.default
    def _make_room(self) -> Room:
        return Room(most=self.plan.concurrency)

    async def ask(self, asked: AskedLine, call: LineCall) -> Asked:
        """What became of the line. What concerns all lines is ``LeftUndone``, with the error."""
        interruptions = self.store.interruptions(asked.number)
        if interruptions and self.plan.interrupted is Interrupted.REPORT:
            return _interrupted(self.call_id(asked.number))
        await self.store.begin(asked.number)
        end = await self._waited_out(self._named(asked.number, call))
        if isinstance(end, LeftUndone) and (end.error is None or end.error.billed is Billed.NO):
            await self.store.withdraw(asked.number)
        return end

    def call_id(self, number: int) -> CallId:
        """The name of the call of a line, the same in every run."""
        return CallId(f"{self.store.batch_id}-{number}")

    def _named(self, number: int, call: LineCall) -> LineCall:
        options, request = call.options, call.request
        labels = options.metadata
        if LABEL not in labels and len(labels) < MAX_LABELS:
            labels = sorted_object({**labels, LABEL: self.store.batch_id})
        options = evolve(
            options,
            call_id=self.call_id(number),
            metadata=labels,
            conversation_id=options.conversation_id or self.store.batch_id,  # a session to consent to
        )
        return LineCall(
            request=request if self.plan.model is None else evolve(request, model=self.plan.model), options=options
        )

    async def _waited_out(self, call: LineCall) -> Asked:
        began, waits = self.runtime.clock.monotonic(), 0
        while True:
            end = await self._made(call)
            if isinstance(end, asyncio.CancelledError):
                raise end
            if isinstance(end, ProviderResponse):
                self._heard_from[end.provider], self.waits_for = self.runtime.clock.monotonic(), None
                self.room.answered()
                return end
            if isinstance(end, BudgetExceeded):
                if self.halt.is_set():
                    return LeftUndone()
                if self._may_fit_later(end):
                    continue
                return LeftUndone(end) if self.plan.stop_on_budget else end
            passing = _passing(end)
            if isinstance(end, ConsentRefused) and not isinstance(end, GuardFailed):
                self.unconsented = self.unconsented or call
            if passing is None:
                return LeftUndone(end) if _concerns_all(end) else end
            if self._out_of_patience(passing, began):
                return LeftUndone(end)
            self.waits_for = passing
            await self._pause(passing.retry_after_s, waits)
            waits += 1
            if self.halt.is_set():
                return LeftUndone()

    async def _made(self, call: LineCall) -> Ending[ProviderResponse]:
        await self.room.enter()
        try:
            return await ending_of(self.runtime.run(call.request, call.options))
        finally:
            self.room.leave()

    def _may_fit_later(self, spent: BudgetExceeded) -> bool:
        """Whether only what is set aside for calls under way leaves no room, and some of that may come back."""
        return spent.need <= spent.available + spent.held and self.room.narrow()

    def _out_of_patience(self, error: ProviderError, began: float) -> bool:
        """Whether nobody heard from the provider for too long. Waiting for a turn of one's own wears nobody out."""
        if error.code is ErrorCode.RATE_LIMIT_WAIT:
            return False
        since = max(began, self._heard_from.get(error.provider, began))
        return self.runtime.clock.monotonic() - since >= self.plan.patience_s

    async def _pause(self, retry_after_s: float | None, waits: int) -> None:
        wanted = _SHORTEST_WAIT_S * 2 ** min(waits, 10) if retry_after_s is None else retry_after_s
        pause_s = min(_LONGEST_WAIT_S, max(_SHORTEST_WAIT_S, wanted))
        ways = [asyncio.ensure_future(self.runtime.clock.sleep(pause_s)), asyncio.ensure_future(self.halt.wait())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()


def _passing(error: ProviderRuntimeError) -> ProviderError | None:
    """``error`` where the same line may fare better in a while, and nothing was bought so far."""
    if not isinstance(error, ProviderError) or error.code not in _PASSING:
        return None
    # What no wait would help has no time to come back at.
    hopeless = error.code is ErrorCode.RATE_LIMIT_WAIT and error.retry_after_s is None
    return error if error.retryable and error.billed is Billed.NO and not hopeless else None


def _concerns_all(error: ProviderRuntimeError) -> bool:
    """Whether the next line would fare no better: a key, a store, consent, an account without money, an address."""
    return (
        isinstance(error, ConfigError | BackendError | ConsentRefused | CredentialsRejected) or error.code in _FOR_GOOD
    )


def _interrupted(call_id: CallId) -> CallInterrupted:
    return CallInterrupted(
        key=call_id,
        call_id=call_id,
        message="an earlier run of this batch ended while the call was under way; it may have been billed",
        remedy="Look for it in the provider's own records, or ask the line again in another batch.",
    )
