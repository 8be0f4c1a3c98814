"""The account of a call: price, receipt, events, exactly one of each, however the call ends."""

import hmac
from contextlib import suppress
from hashlib import sha256
from types import TracebackType
from typing import Final, Self, TypeVar

from attrs import define, evolve, field, frozen

from provider_runtime.application.accounting.consent_events import cloud_blocked
from provider_runtime.application.accounting.events import call_cleared, call_ended, call_passed_on, call_started
from provider_runtime.application.accounting.recording import apart, facts_of, record_of
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.budgets.bounds import WorstCases
from provider_runtime.application.call import AnsweredCall, Call, ClearedCall, Stage
from provider_runtime.domain.calls.answers import RecalledFrom
from provider_runtime.domain.catalog.reconciling import reconciled
from provider_runtime.domain.conversation.response import Attempt, CallWarning, PassedOver, ProviderResponse
from provider_runtime.domain.conversation.usage import CostBreakdown
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.errors import (
    BackendError,
    CallRefused,
    ConsentRefused,
    ProviderError,
    ProviderRuntimeError,
    TierRefused,
)
from provider_runtime.domain.records.receipts import CallOutcome, CallRecord
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.stores.journals import ReceiptProvider
from provider_runtime.ports.system import Clock

StageT = TypeVar("StageT", bound=Stage)
_ANSWERED: Final = CallOutcome.ANSWERED


@frozen(kw_only=True)
class Settlement:
    """Opens an account for each call. ``receipt_key`` makes the digests in receipts unguessable."""

    receipts: ReceiptProvider
    telemetry: Telemetry
    clock: Clock
    receipt_key: Secret
    policy_version: str
    worst_cases: WorstCases
    _keyed: hmac.HMAC = field(init=False, repr=False, eq=False)

    @_keyed.default
    def _with_key(self) -> hmac.HMAC:
        # Taking the key in costs as much as a body: it is done once.
        return hmac.new(self.receipt_key.reveal().encode(), digestmod=sha256)

    def account(self, call: Call) -> "Account":
        """The account of ``call``, to be entered with ``async with``."""
        return Account(self, call, call)

    def digest(self, content: bytes) -> str:
        """The keyed digest of bytes that a receipt may hold."""
        keyed = self._keyed.copy()
        keyed.update(content)
        return keyed.hexdigest()


@define
class Account:
    """What is known of one call so far; closed exactly once, also on failure and cancellation.

    ``stage`` is how far the call came, ``attempts`` every try of sending it, ``passed_over`` the
    alternatives that did not answer. ``recalled_from``: nobody was asked, since the answer was kept.
    """

    settlement: Settlement
    call: Call
    stage: Stage
    attempts: list[Attempt] = field(factory=list)
    passed_over: tuple[PassedOver, ...] = ()
    answered: ProviderResponse | None = None
    recalled_from: RecalledFrom | None = None
    _digested: tuple[bytes, str] | None = field(default=None, init=False, repr=False)

    def reached(self, stage: StageT) -> StageT:
        """Note how far the call came, and hand the stage on."""
        self.stage = stage
        return stage

    def cleared(self, cleared: ClearedCall) -> ClearedCall:
        """Note that every gate let the call through."""
        telemetry = self.settlement.telemetry
        if telemetry.listening:
            digest = self.digest_of(cleared.prepared.exchange.body)
            telemetry.emit(call_cleared(cleared, digest, telemetry.names, self.settlement.clock.now()))
        return self.reached(cleared)

    def digest_of(self, body: bytes) -> str:
        """The keyed digest of a body, worked out once: event and receipt name the same."""
        if self._digested is None or self._digested[0] is not body:
            self._digested = (body, self.settlement.digest(body))
        return self._digested[1]

    def pass_over(self, passed_over: PassedOver) -> None:
        """Note an alternative that did not answer."""
        self.passed_over += (passed_over,)
        telemetry = self.settlement.telemetry
        if telemetry.listening:
            telemetry.emit(call_passed_on(self.call, passed_over, self.settlement.clock.now()))

    def blocked(self, refused: ProviderRuntimeError) -> None:
        """Tell of a call, or of one alternative, that policy or the want of consent keeps from the cloud."""
        settlement, (call, routed, *_) = self.settlement, apart(self.stage)
        if settlement.telemetry.listening and routed is not None and isinstance(refused, TierRefused | ConsentRefused):
            now, before, config = settlement.clock.now(), len(self.attempts), routed.provider.config
            settlement.telemetry.emit(cloud_blocked(call, config, refused.model, refused, before, now))

    async def settle(self, answered: AnsweredCall) -> ProviderResponse:
        """The response as the caller gets it: priced, named, with every warning, its receipt written."""
        call, response = self.call, answered.response
        duration_s = self.settlement.clock.monotonic() - call.started
        cost, price_warnings = self._cost(answered)
        if self.passed_over:
            price_warnings += (_answered_instead(answered, self.passed_over),)
        response = response.settled(
            cost=cost,
            warnings=answered.cleared.prepared.warnings + response.warnings + price_warnings,
            call_id=call.call_id,
            runtime_id=call.runtime_id,
            attempts=answered.attempts,
            passed_over=self.passed_over,
            duration_s=duration_s,
        )
        self.answered = response
        record = self._told(_ANSWERED, response, duration_s)
        try:  # the store lets no cancellation come between, once it has begun to write
            await self.settlement.receipts.store(record)
        except BackendError:
            # The provider has worked and is paid: the answer is worth more than its receipt.
            late = warn(WarningCode.RECEIPT_PENDING, "the receipt of this call could not be written")
            return evolve(response, warnings=(*response.warnings, late))
        return response

    async def __aenter__(self) -> Self:
        telemetry = self.settlement.telemetry
        if telemetry.listening:
            telemetry.emit(call_started(self.call, telemetry.names))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self.answered is not None or error is None:
            return
        if isinstance(error, ProviderRuntimeError):
            error.call_id, error.attempts = self.call.call_id, tuple(self.attempts)
            if isinstance(error, ProviderError):
                error.passed_over = self.passed_over
        record = self._told(_outcome_of(error), error, self.settlement.clock.monotonic() - self.call.started)
        with suppress(BackendError):  # a call that failed keeps its own error; the store's failure would hide it
            await self.settlement.receipts.store(record)

    def _cost(self, answered: AnsweredCall) -> tuple[CostBreakdown | None, tuple[CallWarning, ...]]:
        response = answered.response
        if response.memo is not None:
            return response.cost, ()
        routed = answered.cleared.prepared.routed
        estimate = answered.estimate or self.settlement.worst_cases.estimate(response, routed)
        return estimate if response.cost is None else reconciled(response.cost, estimate)

    def _told(
        self, outcome: CallOutcome, ended_with: ProviderResponse | BaseException, duration_s: float
    ) -> CallRecord:
        """The record of the call, which has ended: the sink was told of it."""
        settlement, telemetry = self.settlement, self.settlement.telemetry
        stages = apart(self.stage)
        facts = facts_of(stages, ended_with, self.recalled_from, self.digest_of, telemetry.names)
        record = record_of(
            facts,
            stages,
            outcome=outcome,
            duration_s=duration_s,
            attempts=self.attempts,
            passed_over=self.passed_over,
            ended_with=ended_with,
            policy_version=settlement.policy_version,
            names=telemetry.names,
        )
        if telemetry.listening:
            if isinstance(ended_with, CallRefused):
                self.blocked(ended_with)
            now = settlement.clock.now()
            telemetry.emit(call_ended(facts, record, stages, self.answered, duration_s, now))
        return record


def _outcome_of(error: BaseException) -> CallOutcome:
    if isinstance(error, CallRefused):
        return CallOutcome.REFUSED
    return CallOutcome.FAILED if isinstance(error, Exception) else CallOutcome.CANCELLED


def _answered_instead(answered: AnsweredCall, passed_over: tuple[PassedOver, ...]) -> CallWarning:
    route = answered.cleared.prepared.routed.route
    reasons = ", ".join(f"{one.model_id} ({one.code})" for one in passed_over)
    return warn(WarningCode.FALLBACK_ANSWERED, f"{route.provider_id}:{route.model_id} answered in place of {reasons}")
