"""From a call, wherever it ended, to the record that its receipt holds."""

from collections.abc import Callable
from decimal import ROUND_CEILING, Context
from typing import Final

from provider_runtime.application.call import Call, ClearedCall, PreparedCall, RoutedCall, Stage
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.conversation.response import Attempt, PassedOver, ProviderResponse
from provider_runtime.domain.conversation.usage import CostBreakdown
from provider_runtime.domain.errors import CallRefused, ConsentRefused, ProviderRuntimeError
from provider_runtime.domain.records.outside_names import NO_NAME, name_or_mark
from provider_runtime.domain.records.receipts import AttemptRecord, CallOutcome, CallRecord

_PLENTY: Final = Context(prec=80, rounding=ROUND_CEILING)  # never the thread's own, which may be coarser
_LARGEST: Final = 2**53 - 1  # receipts are canonical JSON, whose numbers end here


def record_of(
    stage: Stage,
    *,
    outcome: CallOutcome,
    duration_s: float,
    attempts: tuple[Attempt, ...],
    passed_over: tuple[PassedOver, ...] = (),
    ended_with: ProviderResponse | BaseException,
    digest: Callable[[bytes], str],
    policy_version: str,
) -> CallRecord:
    """The facts of a call that came as far as ``stage``. ``digest`` is the runtime's keyed one."""
    call = call_of(stage)
    prepared = stage.prepared if isinstance(stage, ClearedCall) else stage
    exchange = prepared.exchange if isinstance(prepared, PreparedCall) else None
    reached = prepared.routed if isinstance(prepared, PreparedCall) else prepared
    routed = reached if isinstance(reached, RoutedCall) else None
    response = ended_with if isinstance(ended_with, ProviderResponse) else None
    error = ended_with if isinstance(ended_with, BaseException) else None
    usage = response.usage if response else None
    config = routed.provider.config if routed else None
    return CallRecord(
        call_id=call.call_id,
        runtime_id=call.runtime_id,
        started_at=call.started_at.isoformat(timespec="milliseconds"),
        duration_us=_microseconds(duration_s),
        outcome=outcome,
        model_asked=model_asked_of(call) or NO_NAME,
        policy_version=policy_version,
        error_code=_code_of(error),
        provider=str(config.provider_id) if config else None,
        tier=str(config.tier) if config else None,
        origin=routed.provider.origin_text if routed else None,
        route_rule=str(routed.route.rule) if routed else None,
        model_answered=name_or_mark(response.model) if response else None,
        gates=_gates(stage, error),
        attempts=tuple(_attempt_record(attempt) for attempt in attempts),
        request_digest=digest(exchange.body) if exchange else None,
        response_digest=None,
        finish_reason=str(response.finish_reason) if response else None,
        input_tokens=usage.input_tokens if usage else None,
        output_tokens=usage.output_tokens if usage else None,
        cost_nano_usd=nano_usd(response.cost) if response else None,
        warnings=tuple(sorted({warning.code for warning in response.warnings})) if response else (),
        trace_id=call.terms.options.trace_id,
        labels=call.terms.labels,
        passed_over=tuple(f"{one.provider or NO_NAME}:{name_or_mark(one.model_id)} {one.code}" for one in passed_over),
        role=role_of(call),
        profile_id=None if call.played is None else call.played.profile_id,
        consent_id=_consent_of(stage, error),
    )


def model_asked_of(call: Call) -> str | None:
    """The model that was asked for; a role and all, as ``role:worker``, as long as no model was found for it."""
    model = call.request.model
    return name_or_mark(model.model_id if model.role is None else str(model))


def role_of(call: Call) -> str | None:
    """The role that the call is made in, or asks for."""
    return call.request.model.role if call.played is None else call.played.role


def call_of(stage: Stage) -> Call:
    """The call itself, however far it came."""
    if isinstance(stage, ClearedCall):
        return stage.prepared.routed.call
    if isinstance(stage, PreparedCall):
        return stage.routed.call
    return stage.call if isinstance(stage, RoutedCall) else stage


def config_of(stage: Stage) -> ProviderConfig | None:
    """The record of the provider, if the call came as far as to have one."""
    prepared = stage.prepared if isinstance(stage, ClearedCall) else stage
    routed = prepared.routed if isinstance(prepared, PreparedCall) else prepared
    return routed.provider.config if isinstance(routed, RoutedCall) else None


def nano_usd(cost: CostBreakdown | None) -> int | None:
    """The whole cost in billionths of a dollar, rounded up: money is never under-counted."""
    if cost is None:
        return None
    return min(_LARGEST, int(cost.total_cost.scaleb(9, _PLENTY).to_integral_value(rounding=ROUND_CEILING)))


def _gates(stage: Stage, error: BaseException | None) -> tuple[str, ...]:
    if isinstance(stage, ClearedCall):
        # A consent can be gone by the time the call is sent.
        refused = error.gate if isinstance(error, ConsentRefused) else None
        passed = ("not_configured", "pass")
        return tuple(
            f"{verdict.gate}:{'refused' if verdict.gate == refused else passed[verdict.configured]}"
            for verdict in stage.verdicts
        )
    return (f"{error.gate}:refused",) if isinstance(error, CallRefused) else ()


def _consent_of(stage: Stage, error: BaseException | None) -> str | None:
    """The consent that the call was made on; for one that was refused, the one that came nearest."""
    if isinstance(error, ConsentRefused):
        return error.consent_id
    if not isinstance(stage, ClearedCall):
        return None
    granted = next((verdict.consented for verdict in stage.verdicts if verdict.consented is not None), None)
    return None if granted is None else granted.receipt.consent_id


def _code_of(error: BaseException | None) -> str | None:
    if isinstance(error, ProviderRuntimeError):
        return error.code.value
    return None if error is None else type(error).__name__


def _attempt_record(attempt: Attempt) -> AttemptRecord:
    return AttemptRecord(
        outcome=attempt.outcome,
        duration_us=_microseconds(attempt.duration_s),
        status_code=attempt.status_code,
        provider_request_id=name_or_mark(attempt.provider_request_id),
        provider=attempt.provider,
        model=name_or_mark(attempt.model_id),
    )


def _microseconds(seconds: float) -> int:
    return max(0, round(seconds * 1_000_000))
