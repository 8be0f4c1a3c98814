"""Once: a call with a name of its own is made once, however often it is asked for."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from attrs import evolve, frozen

from provider_runtime.application.call import Call, PreparedCall
from provider_runtime.application.sending.to_its_end import to_its_end
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.errors import BackendError, Billed, CallRefused, ErrorCode, ProviderError
from provider_runtime.ports.stores.outcomes import Claim, Claimed, OtherRequest, OutcomeStore, UnderWay


@frozen(kw_only=True)
class Once:
    """Makes each named call once. Without a ``store`` a name is only a name. Source: reliability §2.6."""

    store: OutcomeStore | None = None

    def applies_to(self, call: Call) -> bool:
        """Whether the caller named this call, and there is a place to remember it."""
        return self.store is not None and call.terms.options.call_id is not None

    async def make(self, prepared: PreparedCall, make: Callable[[], Awaitable[ProviderResponse]]) -> ProviderResponse:
        """The answer that this call had before, or the one that ``make`` brings now.

        A failure that may have cost money is remembered too, and raised again; after any other, and
        when the caller left, the call may be made anew. Raises ``CallRefused`` (``idempotency_conflict``)
        when the name was used for another request, or the call is under way. Whatever the store was
        asked for, it is given the time to do: a caller who leaves is let go afterwards.
        """
        store, call = self.store, prepared.routed.call
        if store is None:
            return await make()

        async def give_back(claim: Claim) -> None:
            if isinstance(claim, Claimed):
                await store.release(call.call_id)

        digest = f"{prepared.exchange.url} {prepared.exchange.body_sha256}"
        known = await to_its_end(store.claim(call.call_id, digest), undo=give_back)
        if isinstance(known, ProviderResponse):
            again = warn(WarningCode.OUTCOME_REPLAYED, "this call was answered before; nothing was sent now")
            return evolve(known, warnings=(*known.warnings, again))
        if isinstance(known, ProviderError):
            raise known
        if not isinstance(known, Claimed):
            raise _conflict(prepared, known)
        try:
            response = await make()
        except ProviderError as failure:
            unpaid = failure.billed is Billed.NO
            await _noted(store.release(call.call_id) if unpaid else store.keep_outcome(call.call_id, failure))
            raise
        except BaseException:
            await _noted(store.release(call.call_id))
            raise
        if await _noted(store.keep_outcome(call.call_id, response)):
            return response
        lost = warn(WarningCode.OUTCOME_NOT_KEPT, "the answer could not be kept under the name of its call")
        return evolve(response, warnings=(*response.warnings, lost))


async def _noted(step: Coroutine[Any, Any, None]) -> bool:
    """Whether the store took it. A call that was made ends as it ended: the store's failure would hide that."""
    try:
        await to_its_end(step)
    except BackendError:
        return False
    return True


def _conflict(prepared: PreparedCall, known: UnderWay | OtherRequest) -> CallRefused:
    under_way = isinstance(known, UnderWay)
    return CallRefused(
        gate="once",
        code=ErrorCode.IDEMPOTENCY_CONFLICT,
        provider=prepared.routed.route.provider_id,
        model=prepared.routed.route.model_id,
        message="a call of this name is under way" if under_way else "a call of this name asked for something else",
        remedy="Wait for its outcome." if under_way else "Give each request a call_id of its own.",
    )
