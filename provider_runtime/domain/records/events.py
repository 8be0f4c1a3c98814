"""Lifecycle events: a call started, was retried, refused, failed, cancelled, answered."""

from enum import StrEnum

from attrs import frozen

from provider_runtime.domain.identity import CallId, RuntimeId


class EventKind(StrEnum):
    """What happened."""

    CALL_STARTED = "call_started"
    ATTEMPT_FAILED = "attempt_failed"
    CALL_REFUSED = "call_refused"
    CALL_FAILED = "call_failed"
    CALL_CANCELLED = "call_cancelled"
    CALL_ANSWERED = "call_answered"


@frozen(kw_only=True)
class LifecycleEvent:
    """One step in the life of a call: ids, codes, counts and durations, never text.

    These fields are the allow-list: what is not here reaches no sink.
    """

    kind: EventKind
    call_id: CallId
    runtime_id: RuntimeId
    provider: str | None = None
    tier: str | None = None
    model_asked: str | None = None
    model_answered: str | None = None
    attempt: int | None = None
    duration_s: float | None = None
    wait_s: float | None = None
    status_code: int | None = None
    error_code: str | None = None
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nano_usd: int | None = None
    warnings: tuple[str, ...] = ()
