"""From a call, wherever it ended, to the record that its receipt holds."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

from provider_runtime.application.call import Call, ClearedCall, PreparedCall, RoutedCall, Stage
from provider_runtime.domain.calls.answers import RecalledFrom
from provider_runtime.domain.catalog.pricing import in_nano_usd
from provider_runtime.domain.conversation.response import Attempt, PassedOver, ProviderResponse
from provider_runtime.domain.conversation.usage import CostBreakdown
from provider_runtime.domain.errors import CallRefused, ConsentRefused, ProviderRuntimeError
from provider_runtime.domain.identity import ProfileId
from provider_runtime.domain.records.outside_names import NO_NAME, Names, name_or_mark
from provider_runtime.domain.records.receipts import (
    ATTEMPT_RECORD_FORM,
    CALL_RECORD_FORM,
    AttemptRecord,
    CallOutcome,
    CallRecord,
)

Stages: TypeAlias = tuple[Call, RoutedCall | None, PreparedCall | None, ClearedCall | None]


def facts_of(
    stages: Stages,
    ended_with: ProviderResponse | BaseException,
    recalled_from: RecalledFrom | None,
    digest: Callable[[bytes], str],
    names: Names,
) -> dict[str, Any]:
    """What the record of a call and the event of its end both say. ``digest`` is the runtime's keyed one."""
    call, routed, prepared, cleared = stages
    model_asked, role, profile_id = asked_of(call, names)
    facts: dict[str, Any] = {
        "call_id": call.call_id,
        "runtime_id": call.runtime_id,
        "model_asked": model_asked or NO_NAME,
    }
    if (trace_id := call.terms.options.trace_id) is not None:
        facts["trace_id"] = trace_id
    if call.terms.labels:
        facts["labels"] = call.terms.labels
    if role is not None:
        facts["role"] = role
    if profile_id is not None:
        facts["profile_id"] = profile_id
    if recalled_from is not None:
        facts["recalled_from"] = recalled_from.value
    if routed is not None:
        provider = routed.provider
        facts["provider"], facts["tier"], facts["origin"] = provider.name_text, provider.tier_text, provider.origin_text
    if prepared is not None:
        facts["request_digest"] = digest(prepared.exchange.body)
    if cleared is not None and (consented := cleared.consented) is not None:
        facts["consent_id"] = consented.receipt.consent_id
    if isinstance(ended_with, ProviderResponse):
        usage = ended_with.usage
        facts["model_answered"] = names[ended_with.model]
        facts["finish_reason"] = str(ended_with.finish_reason)
        facts["input_tokens"] = usage.input_tokens
        facts["output_tokens"] = usage.output_tokens
        facts["cost_nano_usd"] = nano_usd(ended_with.cost)
        if ended_with.warnings:
            facts["warnings"] = tuple(sorted({warning.code for warning in ended_with.warnings}))
        return facts
    facts["error_code"] = (
        ended_with.code.value if isinstance(ended_with, ProviderRuntimeError) else type(ended_with).__name__
    )
    if isinstance(ended_with, ConsentRefused):
        facts["consent_id"] = ended_with.consent_id  # the one that came nearest
    return facts


def record_of(  # noqa: PLR0913 - everything that is known of a call when it ends
    facts: dict[str, Any],
    stages: Stages,
    *,
    outcome: CallOutcome,
    duration_s: float,
    attempts: Sequence[Attempt],
    passed_over: tuple[PassedOver, ...] = (),
    ended_with: ProviderResponse | BaseException,
    policy_version: str,
    names: Names,
) -> CallRecord:
    """The record of a call: its ``facts``, and how it went."""
    call, routed, _prepared, cleared = stages
    said = facts.copy()
    said["started_at"] = call.started_at.isoformat("T", "milliseconds")
    said["duration_us"] = _microseconds(duration_s)
    said["outcome"] = outcome
    said["policy_version"] = policy_version
    said["gates"] = _gates_of(cleared, ended_with)
    said["attempts"] = tuple([_attempt_record(attempt, names) for attempt in attempts])
    if routed is not None:
        said["route_rule"] = str(routed.route.rule)
    if passed_over:
        said["passed_over"] = tuple([_passed_over(one, names) for one in passed_over])
    return CALL_RECORD_FORM.filled(said)


def _gates_of(cleared: ClearedCall | None, ended_with: ProviderResponse | BaseException) -> tuple[str, ...]:
    verdicts = () if cleared is None else cleared.verdicts
    gates = tuple([one.gate + (":pass" if one.configured else ":not_configured") for one in verdicts])
    if not isinstance(ended_with, CallRefused):
        return gates
    refused = f"{ended_with.gate}:refused"
    # A consent can be gone by the time the call is sent: then the gate has passed, and refuses after all.
    return tuple([refused if gate.startswith(f"{ended_with.gate}:") else gate for gate in gates]) or (refused,)


def asked_of(call: Call, names: Names) -> tuple[str | None, str | None, ProfileId | None]:
    """The model that was asked for, the role that the call is made in, and the work profile that assigned it.

    The model is named with its role and all, as ``role:worker``, as long as none was found for it.
    """
    model, played = call.request.model, call.played
    role = model.role
    asked = names[model.model_id if role is None else str(model)]
    return (asked, role, None) if played is None else (asked, played.role, played.profile_id)


def apart(stage: Stage) -> Stages:
    """The stages of a call, as far as it came."""
    cleared = stage if isinstance(stage, ClearedCall) else None
    prepared = cleared.prepared if cleared else stage if isinstance(stage, PreparedCall) else None
    routed = prepared.routed if prepared else stage if isinstance(stage, RoutedCall) else None
    return routed.call if routed else cast("Call", stage), routed, prepared, cleared


def nano_usd(cost: CostBreakdown | None) -> int | None:
    """The whole cost in billionths of a dollar, rounded up."""
    return None if cost is None else in_nano_usd(cost.total_cost)


def _attempt_record(attempt: Attempt, names: Names) -> AttemptRecord:
    return ATTEMPT_RECORD_FORM.filled(
        {
            "outcome": attempt.outcome,
            "duration_us": _microseconds(attempt.duration_s),
            "status_code": attempt.status_code,
            "provider_request_id": name_or_mark(attempt.provider_request_id),
            "provider": attempt.provider,
            "model": names[attempt.model_id],
        }
    )


def _passed_over(one: PassedOver, names: Names) -> str:
    return f"{one.provider or NO_NAME}:{names[one.model_id]} {one.code}"


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)
