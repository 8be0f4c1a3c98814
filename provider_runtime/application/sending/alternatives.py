"""Whoever can answer: the model that was asked for, else its alternatives in turn."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from attrs import evolve

from provider_runtime.application.accounting.settlement import Account
from provider_runtime.application.call import AnsweredCall, Call, ClearedCall, PreparedCall, RoutedCall, Stage
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.conversation.response import PassedOver
from provider_runtime.domain.errors import ErrorCode, ProviderError, ProviderRuntimeError
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.policy.fallback import FallbackPolicy

Ask: TypeAlias = Callable[[Call, Account], Awaitable[AnsweredCall]]


def first_answer(call: Call, account: Account, ask: Ask) -> Awaitable[AnsweredCall]:
    """The answer of the model asked for, or of the first alternative that gives one.

    Each alternative is a call of its own up to the answer: routed, prepared and cleared anew, with
    its own bytes, inside the one deadline. Raises what the model asked for failed with when nobody
    answered, or the first failure that the policy does not cover.
    """
    policy = call.terms.fallback
    return ask(call, account) if policy is None else _first_of_several(policy, call, account, ask)


async def _first_of_several(policy: FallbackPolicy, call: Call, account: Account, ask: Ask) -> AnsweredCall:
    asked = await _outcome(call, account, ask)
    if isinstance(asked, AnsweredCall):
        return asked
    if not isinstance(asked, ProviderError) or not policy.covers(asked):
        raise asked
    return await _alternative(policy, asked, call, account, ask)


async def _alternative(
    policy: FallbackPolicy, original: ProviderError, call: Call, account: Account, ask: Ask
) -> AnsweredCall:
    came_to = account.stage
    # The call brought its credential for whom it asked: nobody else gets to see it.
    bound = evolve(call, credential_origin=_origin_of(came_to))
    account.pass_over(_why(call.request.model, original))
    for model in policy.alternatives:
        if model == call.request.model:
            continue
        outcome = await _outcome(evolve(bound, request=evolve(call.request, model=model)), account, ask)
        if isinstance(outcome, AnsweredCall):
            return outcome
        if isinstance(outcome, ProviderError) and not policy.covers(outcome):
            raise outcome
        account.blocked(outcome)
        account.pass_over(_why(model, outcome))
        if outcome.code is ErrorCode.TIMED_OUT:
            break  # one deadline for all: nobody else has time left
    account.reached(came_to)  # the receipt is that of the call that was asked for
    raise original


async def _outcome(call: Call, account: Account, ask: Ask) -> AnsweredCall | ProviderRuntimeError:
    try:
        return await ask(call, account)
    except ProviderRuntimeError as error:
        return error.with_traceback(None)


def _origin_of(stage: Stage) -> Origin | None:
    prepared = stage.prepared if isinstance(stage, ClearedCall) else stage
    routed = prepared.routed if isinstance(prepared, PreparedCall) else prepared
    return routed.provider.origin if isinstance(routed, RoutedCall) else None


def _why(model: ModelRef, error: ProviderRuntimeError) -> PassedOver:
    provider = getattr(error, "provider", None) or model.provider_hint
    return PassedOver(provider=provider, model_id=model.model_id, code=error.code.value, reason=error.message)
