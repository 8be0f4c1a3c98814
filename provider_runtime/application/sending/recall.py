"""Recall: a cleared call answered with what is kept, where the call or its runtime wants that."""

import asyncio
from copy import copy
from datetime import datetime
from decimal import Decimal
from typing import Final, TypedDict

from attrs import define, evolve, field

from provider_runtime.application.accounting.settlement import Account
from provider_runtime.application.budgets.holding import Holding
from provider_runtime.application.call import AnsweredCall, Call, ClearedCall
from provider_runtime.application.sending.answer_keys import answer_key_of
from provider_runtime.application.sending.attempts import Sending
from provider_runtime.application.sending.trying import Trying
from provider_runtime.domain.calls.answers import (
    AnswerKey,
    Kept,
    KeptAnswer,
    KeptFailure,
    RecalledFrom,
    RecallMode,
    good_answer_in,
)
from provider_runtime.domain.calls.memo import Memo
from provider_runtime.domain.conversation.response import Attempt, MemoHit, ProviderResponse
from provider_runtime.domain.conversation.usage import CostBreakdown, PricingSource, Usage
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.errors import MissingProviderRuntimeError, ProviderError, ReplayMiss
from provider_runtime.domain.identity import CallId
from provider_runtime.ports.stores.answers import AnswerStore

_NOTHING_USED: Final = Usage(input_tokens=0, output_tokens=0)
_NOTHING_PAID: Final = CostBreakdown(
    input_cost=Decimal(0), output_cost=Decimal(0), total_cost=Decimal(0), pricing_source=PricingSource.CONFIGURED
)


class _Circumstances(TypedDict):
    kept_at: datetime
    call_id: CallId
    attempts: tuple[Attempt, ...]


@define(kw_only=True, eq=False)
class Recall:
    """Stands before ``sending``, and spares it the calls whose answer is kept.

    Comes after every gate: what nobody may ask, nobody is told from memory either. A memo that cannot
    be read or written costs its call nothing but a warning; a replay that cannot be read fails.
    Source: specification, "Records and stores".
    """

    sending: Sending
    policy_version: str
    store: AnswerStore | None = None
    mode: RecallMode = RecallMode.ON_REQUEST
    _asked: dict[AnswerKey, int] = field(factory=dict, init=False, repr=False)
    """How often each was asked so far, in a recording or a replay."""
    _under_way: dict[AnswerKey, asyncio.Event] = field(factory=dict, init=False, repr=False)

    def applies_to(self, call: Call) -> bool:
        """Whether the answer may come from what is kept, or is to be kept.

        Raises ``MissingProviderRuntimeError`` where the call wants a memo, and there is no place for one.
        """
        wanted = self.mode is not RecallMode.ON_REQUEST or call.terms.options.memo is not None
        if wanted and self.store is None:
            raise MissingProviderRuntimeError(
                missing_fields=("artifacts",),
                stage="memo",
                message="the call wants an answer from memory, and this runtime was given no store for answers",
                remediation=(
                    "Give the runtime one: RuntimeSettings(stores=StoreSettings()), or open_runtime(…, artifacts=…).",
                    "Or leave `memo` out of the options of the call.",
                ),
            )
        return wanted

    async def answer(self, cleared: ClearedCall, account: Account) -> AnsweredCall:
        """The answer that is kept, or the one that ``sending`` brings. Raises as ``sending`` does.

        ``ReplayMiss`` where a replay has none. The hold that the budget gate took is settled by then.
        """
        if self.mode is RecallMode.REPLAY:
            return await self._replayed(cleared, account)
        if self.mode is RecallMode.RECORD:
            return await self._recorded(cleared, account)
        return await self._asked_for(cleared, account)

    async def _asked_for(self, cleared: ClearedCall, account: Account) -> AnsweredCall:
        memo = cleared.prepared.routed.call.terms.options.memo
        if memo is None:
            return await self.sending.send(cleared, account.attempts)
        if _is_nobodys(cleared, memo):
            answered = await self.sending.send(cleared, account.attempts)
            reason = "the call brings a credential of its own, and no label says whose it is"
            return _with_warning(answered, WarningCode.MEMO_NOT_USED, reason)
        key = answer_key_of(cleared.prepared, self.policy_version, memo.apart_by)
        if not memo.single_flight:
            return await self._memoized(cleared, account, memo, key)
        turn = await self._turn(cleared, account, key)
        try:
            return await self._memoized(cleared, account, memo, key)
        finally:
            del self._under_way[key]
            turn.set()

    # ── on request: one answer for each question ─────────────────────────────────────────────

    async def _memoized(self, cleared: ClearedCall, account: Account, memo: Memo, key: AnswerKey) -> AnsweredCall:
        holding = Holding.of(cleared, self.sending.spending)
        try:
            found = None if memo.refresh else await self._found(key)
        except BaseException:
            if holding is not None:
                await holding.close()
            raise
        if isinstance(found, KeptAnswer) and self._is_fresh(found, memo):
            account.recalled_from = RecalledFrom.MEMO
            hit = AnsweredCall(cleared=cleared, response=_as_hit(found), attempts=tuple(account.attempts))
            if holding is None or await holding.close():
                return hit
            return _with_warning(hit, WarningCode.RECEIPT_PENDING, "the hold of this call could not be released yet")
        before = len(account.attempts)
        answered = await self.sending.send(cleared, account.attempts)
        good = good_answer_in(answered.response)
        if good is None:
            return answered
        if await self._is_kept(key, KeptAnswer(response=good, **self._circumstances(cleared, account, before))):
            return answered
        return _with_warning(answered, WarningCode.ANSWER_NOT_KEPT, "the answer could not be kept for others")

    async def _found(self, key: AnswerKey) -> Kept | None:
        try:
            return None if self.store is None else await self.store.find(key)
        except Exception:  # noqa: BLE001 - whatever a store raises, the call can be made: its answer is kept over it
            return None

    def _is_fresh(self, found: KeptAnswer, memo: Memo) -> bool:
        if memo.max_age_s is None:
            return True
        return (self.sending.clock.now() - found.kept_at).total_seconds() <= memo.max_age_s

    async def _turn(self, cleared: ClearedCall, account: Account, key: AnswerKey) -> asyncio.Event:
        """Wait until nobody of this runtime asks the same; to be set when it is the next one's turn."""
        call, clock = cleared.prepared.routed.call, self.sending.clock
        limit_s = call.terms.deadline_s
        try:
            async with asyncio.timeout(call.started + limit_s - clock.monotonic()):
                while (others := self._under_way.get(key)) is not None:
                    await others.wait()
        except BaseException as left:
            if (holding := Holding.of(cleared, self.sending.spending)) is not None:
                await holding.close()
            if isinstance(left, TimeoutError):
                raise Trying(cleared=cleared, attempts=account.attempts).timed_out(clock.monotonic(), limit_s) from None
            raise
        mine = self._under_way[key] = asyncio.Event()
        return mine

    # ── recordings: every answer, in the order they were asked for ───────────────────────────

    async def _recorded(self, cleared: ClearedCall, account: Account) -> AnsweredCall:
        key, before = self._next(cleared), len(account.attempts)
        try:
            answered = await self._asked_for(cleared, account)
        except ProviderError as failure:
            kept = KeptFailure(error=copy(failure), **self._circumstances(cleared, account, before))
            await self._is_kept(key, kept)
            raise
        if await self._is_kept(
            key, KeptAnswer(response=answered.response, **self._circumstances(cleared, account, before))
        ):
            return answered
        return _with_warning(answered, WarningCode.ANSWER_NOT_KEPT, "the recording has no answer for this call")

    async def _replayed(self, cleared: ClearedCall, account: Account) -> AnsweredCall:
        """What the recording has. Budgets count it as the recorded run did, so that they refuse what it refused."""
        holding = Holding.of(cleared, self.sending.spending)
        try:
            kept = await self._in_recording(cleared)
            account.recalled_from = RecalledFrom.REPLAY
            account.attempts.extend(kept.attempts)
            if isinstance(kept, KeptFailure):
                if holding is not None:
                    holding.failed(kept.error)
                raise copy(kept.error)
            if kept.response.memo is None and holding is not None:
                holding.answered(kept.response)
        finally:
            if holding is not None:
                await holding.close()
        return AnsweredCall(cleared=cleared, response=kept.response, attempts=tuple(account.attempts))

    async def _in_recording(self, cleared: ClearedCall) -> Kept:
        key = self._next(cleared)
        if self.store is not None:
            # What was kept on request, and not as one of several, is good any number of times.
            kept = await self.store.find(key) or await self.store.find(evolve(key, occurrence=None))
            if kept is not None:
                return kept
        raise await self._miss(cleared, key)

    async def _miss(self, cleared: ClearedCall, key: AnswerKey) -> ReplayMiss:
        route = cleared.prepared.routed.route
        empty = self.store is None or await self.store.is_empty()
        return ReplayMiss(
            key=key.body_sha256[:16],
            provider=route.provider_id,
            model=route.model_id,
            occurrence=key.occurrence or 0,
            message="nothing is recorded there" if empty else "the recorded run did not make this call",
            remedy="See that the path is that of the recording."
            if empty
            else "See that request, settings and order are those of the recorded run, or record it anew.",
        )

    def _next(self, cleared: ClearedCall) -> AnswerKey:
        memo = cleared.prepared.routed.call.terms.options.memo or Memo()
        key = answer_key_of(cleared.prepared, self.policy_version, memo.apart_by)
        number = self._asked.get(key, 0)
        self._asked[key] = number + 1
        return evolve(key, occurrence=number)

    async def _is_kept(self, key: AnswerKey, kept: Kept) -> bool:
        """Keep it; whether the store took it. What was answered is worth more than that."""
        try:
            if self.store is not None:
                await self.store.keep(key, kept)
        except Exception:  # noqa: BLE001 - whatever a store raises, the provider has worked and is paid
            return False
        return self.store is not None

    def _circumstances(self, cleared: ClearedCall, account: Account, before: int) -> _Circumstances:
        """When and for whom, and the attempts since there were ``before`` of them."""
        return {
            "kept_at": self.sending.clock.now(),
            "call_id": cleared.prepared.routed.call.call_id,
            "attempts": tuple(account.attempts[before:]),
        }


def _is_nobodys(cleared: ClearedCall, memo: Memo) -> bool:
    """Whether the call brings a credential of its own and does not say whose: its answer is for its owner alone."""
    options = cleared.prepared.routed.call.terms.options
    is_named = any(name in options.metadata for name in memo.apart_by)
    return options.credential is not None and bool(memo.apart_by) and not is_named


def _as_hit(kept: KeptAnswer) -> ProviderResponse:
    response = kept.response
    hit = MemoHit(kept_at=kept.kept_at, call_id=kept.call_id, usage=response.usage)
    return evolve(response, memo=hit, usage=_NOTHING_USED, cost=_NOTHING_PAID)


def _with_warning(answered: AnsweredCall, code: WarningCode, message: str) -> AnsweredCall:
    response = answered.response
    return evolve(answered, response=evolve(response, warnings=(*response.warnings, warn(code, message))))
