"""Spans of calls: one for the call, and below it one for each attempt when there was more than one, or it failed."""

from typing import Any, Final

from attrs import frozen
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from provider_runtime.adapters.telemetry import genai_conventions as names
from provider_runtime.adapters.telemetry.finished_call import (
    FinishedCall,
    duration,
    nanoseconds,
    server,
)
from provider_runtime.adapters.telemetry.genai_conventions import GenAiConventions
from provider_runtime.domain.records.events import LifecycleEvent

_OWN_FIELDS: Final = (
    "runtime_id",
    "call_id",
    "trace_id",
    "provider",
    "provider_kind",
    "tier",
    "provider_request_id",
    "request_digest",
    "recalled_from",
    "request_bytes",
    "total_tokens",
    "cost_nano_usd",
    "warnings",
    "role",
    "profile_id",
    "consent_id",
)


@frozen(kw_only=True)
class CallSpans:
    """Writes the spans of a finished call. All their facts are known when they are made, so samplers see them.

    An error is a status without a description, and ``error.type``. No exception is recorded: its
    message and its stack are text that no allow-list has seen.
    """

    tracer: Tracer
    conventions: GenAiConventions

    def write(self, call: FinishedCall) -> Context:
        """The spans, ended; returned is the context of the call's own, to tie its metrics to."""
        started, ended = call.times
        span = self.tracer.start_span(
            f"{names.CHAT} {call.model_asked}" if call.model_asked else names.CHAT,
            context=call.call.context,
            kind=SpanKind.CLIENT,
            attributes=self._attributes(call),
            start_time=started,
            record_exception=False,
            set_status_on_exception=False,
        )
        context = set_span_in_context(span, call.call.context)
        self._write_attempts(call, context, ended)
        _end(span, ended, failed=call.error_type is not None)
        return context

    def _attributes(self, call: FinishedCall) -> dict[str, Any]:
        ending = call.ending
        told: dict[str, Any] = {
            **call.common_attributes,
            names.CONVERSATION_ID: call.asked("conversation_id"),
            names.REQUEST_MAX_TOKENS: call.asked("max_output_tokens"),
            names.REQUEST_TEMPERATURE: call.asked("temperature"),
            names.REQUEST_TOP_P: call.asked("top_p"),
            names.RESPONSE_ID: ending.response_id,
            names.RESPONSE_FINISH_REASONS: self._finish_reasons(call),
            names.USAGE_INPUT_TOKENS: ending.input_tokens,
            names.USAGE_OUTPUT_TOKENS: ending.output_tokens,
            names.USAGE_CACHE_READ_INPUT_TOKENS: ending.cached_input_tokens,
            names.USAGE_CACHE_WRITE_INPUT_TOKENS[self.conventions]: ending.cache_write_tokens,
            names.USAGE_REASONING_OUTPUT_TOKENS: ending.reasoning_tokens,
            names.OUTCOME: call.outcome,
            names.ATTEMPTS: ending.attempt,
        }
        told |= {f"{names.OWN}{field}": call.asked(field) for field in _OWN_FIELDS}
        told |= {f"{names.LABEL}{name}": value for name, value in call.labels.items()}
        return {name: value for name, value in told.items() if value is not None}

    def _finish_reasons(self, call: FinishedCall) -> tuple[str, ...] | None:
        if call.ending.finish_reason is not None:
            return (call.ending.finish_reason,)
        # The newer edition wants to be told that an answer was expected and none came.
        return ("error",) if self.conventions is GenAiConventions.LATEST and call.was_sent else None

    def _write_attempts(self, call: FinishedCall, context: Context, ended: int | None) -> None:
        for failed in call.call.failed:
            at, length = nanoseconds(failed.at), duration(failed)
            began = None if at is None or length is None else at - length
            self._write_attempt(failed, context, (began, at), failed.error_code or names.OTHER_ERROR)
        if call.call.failed and call.call.attempt is not None:
            began = nanoseconds(call.call.attempt.at)
            self._write_attempt(call.call.attempt, context, (began, ended), call.error_type)

    def _write_attempt(
        self, attempt: LifecycleEvent, context: Context, times: tuple[int | None, int | None], error_type: str | None
    ) -> None:
        # A child and no span event: the API for those is on its way out, and a child has a length.
        told: dict[str, Any] = {
            f"{names.OWN}attempt": attempt.attempt,
            f"{names.OWN}provider": attempt.provider,
            f"{names.OWN}wait_s": attempt.wait_s,
            f"{names.OWN}retry_denied_by": attempt.retry_denied_by,
            f"{names.OWN}provider_request_id": attempt.provider_request_id,
            names.REQUEST_MODEL: attempt.model_asked,
            names.HTTP_STATUS_CODE: attempt.status_code,
            names.ERROR_TYPE: error_type,
            **server(attempt.origin),
        }
        span = self.tracer.start_span(
            "attempt",
            context=context,
            kind=SpanKind.INTERNAL,
            attributes={name: value for name, value in told.items() if value is not None},
            start_time=times[0],
            record_exception=False,
            set_status_on_exception=False,
        )
        _end(span, times[1], failed=error_type is not None)


def _end(span: Span, at: int | None, *, failed: bool) -> None:
    if failed:
        span.set_status(Status(StatusCode.ERROR))
    span.end(at)
