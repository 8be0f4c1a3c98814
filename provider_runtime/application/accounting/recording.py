"""From a call, wherever it ended, to the record that its receipt holds."""

from collections.abc import Callable, Sequence
from typing import Any

from provider_runtime.application.call import Call, ClearedCall, PreparedCall, RoutedCall, Stage
from provider_runtime.domain.calls.answers import RecalledFrom
from provider_runtime.domain.catalog.pricing import in_nano_usd
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.conversation.response import Attempt, PassedOver, ProviderResponse
from provider_runtime.domain.conversation.usage import CostBreakdown
from provider_runtime.domain.errors import CallRefused, ConsentRefused, ProviderRuntimeError
from provider_runtime.domain.records.outside_names import NO_NAME, Names
from provider_runtime.domain.records.receipts import CALL_RECORD_FORM, AttemptRecord, CallOutcome, CallRecord


def record_of(  # noqa: PLR0913 - everything that is known of a call when it ends
    stage: Stage,
    *,
    outcome: CallOutcome,
    duration_s: float,
    attempts: Sequence[Attempt],
    passed_over: tuple[PassedOver, ...] = (),
    ended_with: ProviderResponse | BaseException,
    digest: Callable[[bytes], str],
    policy_version: str,
    names: Names,
    recalled_from: RecalledFrom | None = None,
) -> CallRecord:
    """The facts of a call that came as far as ``stage``. ``digest`` is the runtime's keyed one."""
    call = call_of(stage)
    said = CALL_RECORD_FORM.copy()
    said["call_id"] = call.call_id
    said["runtime_id"] = call.runtime_id
    said["started_at"] = call.started_at.isoformat(timespec="milliseconds")
    said["duration_us"] = _microseconds(duration_s)
    said["outcome"] = outcome
    said["model_asked"] = model_asked_of(call, names) or NO_NAME
    said["policy_version"] = policy_version
    said["trace_id"] = call.terms.options.trace_id
    said["labels"] = call.terms.labels
    said["role"] = role_of(call)
    said["profile_id"] = None if call.played is None else call.played.profile_id
    if attempts:
        said["attempts"] = tuple([_attempt_record(attempt, names) for attempt in attempts])
    if passed_over:
        said["passed_over"] = tuple([_passed_over(one, names) for one in passed_over])
    if recalled_from is not None:
        said["recalled_from"] = recalled_from.value
    _note_way(said, stage, digest)
    if isinstance(ended_with, ProviderResponse):
        _note_answer(said, ended_with, names)
    else:
        _note_error(said, ended_with)
    return CALL_RECORD_FORM.filled(said)


def _note_way(said: dict[str, Any], stage: Stage, digest: Callable[[bytes], str]) -> None:
    """How far the call came, and where it went."""
    reached = stage
    if isinstance(reached, ClearedCall):
        said["gates"] = tuple(
            [f"{one.gate}:pass" if one.configured else f"{one.gate}:not_configured" for one in reached.verdicts]
        )
        consented = reached.consented
        said["consent_id"] = None if consented is None else consented.receipt.consent_id
        reached = reached.prepared
    if isinstance(reached, PreparedCall):
        said["request_digest"] = digest(reached.exchange.body)
        reached = reached.routed
    if isinstance(reached, RoutedCall):
        config = reached.provider.config
        said["provider"] = str(config.provider_id)
        said["tier"] = str(config.tier)
        said["origin"] = reached.provider.origin_text
        said["route_rule"] = str(reached.route.rule)


def _note_answer(said: dict[str, Any], response: ProviderResponse, names: Names) -> None:
    usage = response.usage
    said["model_answered"] = names[response.model]
    said["finish_reason"] = str(response.finish_reason)
    said["input_tokens"] = usage.input_tokens
    said["output_tokens"] = usage.output_tokens
    said["cost_nano_usd"] = nano_usd(response.cost)
    if response.warnings:
        said["warnings"] = tuple(sorted({warning.code for warning in response.warnings}))


def _note_error(said: dict[str, Any], error: BaseException) -> None:
    said["error_code"] = error.code.value if isinstance(error, ProviderRuntimeError) else type(error).__name__
    if isinstance(error, ConsentRefused):
        said["consent_id"] = error.consent_id  # the one that came nearest
        # A consent can be gone by the time the call is sent: then the gate has passed, and refuses after all.
        passed = f"{error.gate}:"
        said["gates"] = tuple([gate if not gate.startswith(passed) else f"{passed}refused" for gate in said["gates"]])
    if isinstance(error, CallRefused) and not said["gates"]:
        said["gates"] = (f"{error.gate}:refused",)


def model_asked_of(call: Call, names: Names) -> str | None:
    """The model that was asked for; a role and all, as ``role:worker``, as long as no model was found for it."""
    model = call.request.model
    return names[model.model_id if model.role is None else str(model)]


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
    """The whole cost in billionths of a dollar, rounded up."""
    return None if cost is None else in_nano_usd(cost.total_cost)


def _attempt_record(attempt: Attempt, names: Names) -> AttemptRecord:
    return AttemptRecord(
        outcome=attempt.outcome,
        duration_us=_microseconds(attempt.duration_s),
        status_code=attempt.status_code,
        provider_request_id=names[attempt.provider_request_id],
        provider=attempt.provider,
        model=names[attempt.model_id],
    )


def _passed_over(one: PassedOver, names: Names) -> str:
    return f"{one.provider or NO_NAME}:{names[one.model_id]} {one.code}"


def _microseconds(seconds: float) -> int:
    return max(0, round(seconds * 1_000_000))
