"""Spans of calls, as the real SDK exports them."""

from typing import Any

import pytest
from attrs import evolve, fields
from exported import Exported, a_life, a_retried_life, later
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind, StatusCode

from provider_runtime.adapters.telemetry import GenAiConventions, OpenTelemetryEventSink
from provider_runtime.adapters.telemetry.finished_call import nanoseconds
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.testing.contracts.telemetry import an_event


def length_s(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e9


def test_an_answered_call_is_one_span_of_a_client_with_the_times_of_the_call() -> None:
    span = Exported().tell(*a_life()).span
    assert span.name == "chat gpt-5-mini"
    assert span.kind is SpanKind.CLIENT
    assert span.start_time == nanoseconds(an_event(EventKind.CALL_STARTED).at)
    assert length_s(span) == 2.0
    assert span.status.status_code is StatusCode.UNSET
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "provider_runtime"
    assert span.instrumentation_scope.schema_url == "https://opentelemetry.io/schemas/1.41.1"


def test_a_span_says_what_the_conventions_ask_for() -> None:
    attributes = dict(Exported().tell(*a_life()).span.attributes or {})
    ours = {name: value for name, value in attributes.items() if not name.startswith("provider_runtime.")}
    assert ours == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.response.model": "gpt-5-mini-2025-08-07",
        "server.address": "api.openai.com",
        "server.port": 443,
        "gen_ai.conversation.id": "chat-7",
        "gen_ai.request.max_tokens": 400,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.response.id": "resp_1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cache_read.input_tokens": 8,
        "gen_ai.usage.cache_creation.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 1,
    }


def test_what_the_conventions_do_not_know_stands_under_our_own_name() -> None:
    attributes = dict(Exported().tell(*a_life()).span.attributes or {})
    assert {name: value for name, value in attributes.items() if name.startswith("provider_runtime.")} == {
        "provider_runtime.runtime_id": "rt_1",
        "provider_runtime.call_id": "call_1",
        "provider_runtime.trace_id": "0af7651916cd43dd8448eb211c80319c",
        "provider_runtime.provider": "openai",
        "provider_runtime.provider_kind": "openai",
        "provider_runtime.tier": "cloud",
        "provider_runtime.outcome": "answered",
        "provider_runtime.attempts": 1,
        "provider_runtime.provider_request_id": "req_1",
        "provider_runtime.request_digest": "5e884898da28047151d0e56f8dc62927",
        "provider_runtime.recalled_from": "memo",
        "provider_runtime.request_bytes": 180,
        "provider_runtime.total_tokens": 15,
        "provider_runtime.cost_nano_usd": 4200,
        "provider_runtime.warnings": ("empty_output",),
        "provider_runtime.role": "worker",
        "provider_runtime.profile_id": "team@0123456789abcdef",
        "provider_runtime.consent_id": "consent_1",
        "provider_runtime.label.job": "nightly",
        "provider_runtime.label.tenant": "acme",
    }


def test_the_newer_edition_has_its_own_name_for_cache_writes_and_no_schema() -> None:
    span = Exported(conventions=GenAiConventions.LATEST).tell(*a_life()).span
    assert span.attributes is not None
    assert span.attributes["gen_ai.usage.cache_write.input_tokens"] == 0
    assert "gen_ai.usage.cache_creation.input_tokens" not in span.attributes
    assert span.instrumentation_scope is not None
    assert not span.instrumentation_scope.schema_url


@pytest.mark.parametrize(
    ("kind", "code", "error_type"),
    [
        (EventKind.CALL_FAILED, "rate_limited", "rate_limited"),
        (EventKind.CALL_FAILED, None, "_OTHER"),
        (EventKind.CALL_REFUSED, "consent_missing", "consent_missing"),
        (EventKind.CALL_CANCELLED, "CancelledError", "cancelled"),
    ],
)
def test_a_call_that_was_not_answered_is_an_error_by_code_and_without_a_text(
    kind: EventKind, code: str | None, error_type: str
) -> None:
    span = Exported().tell(*a_life(kind=kind, error_code=code, finish_reason=None)).span
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert span.attributes is not None
    assert span.attributes["error.type"] == error_type
    assert span.attributes["provider_runtime.outcome"] == kind.removeprefix("call_")
    assert span.events == ()
    assert "gen_ai.response.finish_reasons" not in span.attributes


def test_the_newer_edition_says_that_an_answer_was_expected_and_did_not_come() -> None:
    failed = a_life(kind=EventKind.CALL_FAILED, error_code="timed_out", finish_reason=None)
    exported = Exported(conventions=GenAiConventions.LATEST).tell(*failed)
    assert (exported.span.attributes or {})["gen_ai.response.finish_reasons"] == ("error",)


def test_each_attempt_of_a_retried_call_is_a_child_with_its_own_times() -> None:
    exported = Exported().tell(*a_retried_life())
    first, second = exported.attempts
    assert exported.span.context is not None
    for attempt in (first, second):
        assert attempt.parent is not None
        assert attempt.parent.span_id == exported.span.context.span_id
        assert attempt.kind is SpanKind.INTERNAL
    assert dict(first.attributes or {}) == {
        "provider_runtime.attempt": 1,
        "provider_runtime.provider": "openai",
        "provider_runtime.wait_s": 0.0,
        "provider_runtime.provider_request_id": "req_1",
        "gen_ai.request.model": "gpt-5-mini",
        "http.response.status_code": 503,
        "error.type": "unavailable",
        "server.address": "api.openai.com",
        "server.port": 443,
    }
    assert first.status.status_code is StatusCode.ERROR
    assert length_s(first) == pytest.approx(0.5)
    assert second.status.status_code is StatusCode.UNSET
    assert second.end_time == exported.span.end_time
    assert (second.attributes or {})["provider_runtime.attempt"] == 2


def test_a_call_that_was_answered_at_once_has_no_children() -> None:
    assert Exported().tell(*a_life()).attempts == []


def test_the_model_and_the_provider_are_those_that_answered_when_the_call_was_passed_on() -> None:
    started, cleared, attempt, ended = a_life(
        provider="claude", origin="https://api.anthropic.com:443", model_answered="claude-sonnet-4-5"
    )
    passed_on = an_event(EventKind.CALL_PASSED_ON)
    again = evolve(cleared, provider="claude", provider_kind="anthropic", model_asked="claude-sonnet-4-5")
    ended = evolve(ended, provider_kind=None)  # an ending does not tell it
    span = Exported().tell(started, cleared, attempt, passed_on, again, attempt, ended).span
    assert span.name == "chat claude-sonnet-4-5"
    assert (span.attributes or {})["gen_ai.provider.name"] == "anthropic"


def test_a_call_that_ended_at_an_alternative_that_no_gate_cleared_says_nothing_of_the_one_before() -> None:
    started, cleared, attempt, ended = a_life(
        kind=EventKind.CALL_FAILED, provider="acme-vllm", provider_kind=None, origin="http://localhost:8000"
    )
    bare = evolve(started, provider_kind=None)
    span = Exported().tell(bare, cleared, attempt, an_event(EventKind.CALL_PASSED_ON), ended).span
    assert (span.attributes or {})["gen_ai.provider.name"] == "acme-vllm"
    assert "provider_runtime.provider_kind" not in (span.attributes or {})


def test_a_call_that_no_gate_cleared_knows_what_its_end_says() -> None:
    started, _, _, ended = a_life(kind=EventKind.CALL_REFUSED, error_code="tier_denied", provider_kind=None)
    span = Exported().tell(started, evolve(ended, temperature=None)).span
    assert (span.attributes or {})["gen_ai.provider.name"] == "openai"


def test_the_parent_is_the_span_that_was_current_when_the_call_began() -> None:
    exported = Exported()
    tracer = exported.tracers.get_tracer("caller")
    with tracer.start_as_current_span("request") as request:
        exported.tell(*a_life()[:3])
    with tracer.start_as_current_span("another"):
        exported.tell(a_life()[3])
    (span,) = (span for span in exported.spans if span.name.startswith("chat"))
    assert span.parent is not None
    assert span.parent == request.get_span_context()
    assert span.context is not None
    assert span.context.trace_id == request.get_span_context().trace_id
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_overlapping_calls_and_runtimes_do_not_mix() -> None:
    exported = Exported()
    lives = [a_life(number, response_id=f"resp_{number}") for number in range(20)]
    lives += [[evolve(event, runtime_id=RuntimeId("rt_2")) for event in a_life(3, response_id="resp_other")]]
    for step in range(4):
        for life in lives if step % 2 else reversed(lives):
            exported.tell(life[step])
    told = {
        (span.attributes["provider_runtime.runtime_id"], span.attributes["provider_runtime.call_id"]): span.attributes
        for span in exported.spans
        if span.attributes is not None
    }
    assert len(exported.spans) == len(told) == 21
    assert told["rt_2", "call_3"]["gen_ai.response.id"] == "resp_other"
    assert all(told["rt_1", f"call_{number}"]["gen_ai.response.id"] == f"resp_{number}" for number in range(20))
    assert exported.sink.in_flight == 0


def test_calls_that_never_end_are_forgotten_and_end_all_the_same_when_they_do() -> None:
    exported = Exported(capacity=2)
    for number in range(5):
        exported.tell(*a_life(number)[:3])
    assert exported.sink.in_flight == 2
    assert exported.spans == ()
    exported.tell(a_life(0)[3])  # long forgotten
    assert exported.span.start_time == nanoseconds(an_event(EventKind.CALL_STARTED).at)
    assert length_s(exported.span) == 2.0
    assert (exported.span.attributes or {})["gen_ai.provider.name"] == "openai"


def test_an_event_without_a_time_has_a_span_all_the_same() -> None:
    bare = LifecycleEvent(kind=EventKind.CALL_FAILED, runtime_id=RuntimeId("rt_1"))
    span = Exported().tell(bare).span
    assert span.name == "chat"
    assert span.end_time is not None


def test_a_clock_that_was_set_back_does_not_turn_a_span_round() -> None:
    started, *between, ended = a_life()
    span = Exported().tell(started, *between, later(ended, -3600)).span
    assert length_s(span) == 2.0


class Noting(Sampler):
    """Notes what it is shown, and takes nothing."""

    def should_sample(self, *told: Any, **_: Any) -> SamplingResult:
        self.shown = dict(told[4])
        return SamplingResult(Decision.DROP)

    def get_description(self) -> str:
        return "noting"


def test_a_sampler_sees_every_fact_and_a_span_that_it_drops_costs_no_metric() -> None:
    sampler = Noting()
    exported = Exported(sampler).tell(*a_life())
    assert sampler.shown["gen_ai.response.finish_reasons"] == ("stop",)
    assert sampler.shown["provider_runtime.label.tenant"] == "acme"
    assert exported.spans == ()
    assert exported.points("provider_runtime.calls")


def test_what_a_provider_raises_reaches_whoever_counts_it_and_the_call_is_not_held() -> None:
    class Broken(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            raise OSError("no room")

    exported = Exported()
    exported.tracers.add_span_processor(Broken())
    with pytest.raises(OSError, match="no room"):
        exported.tell(*a_life())
    assert exported.sink.in_flight == 0


def test_without_a_provider_there_is_no_sink_and_the_globals_are_only_used_when_named() -> None:
    with pytest.raises(InvalidSettings) as invalid:
        OpenTelemetryEventSink()
    assert "from_globals" in str(invalid.value)
    sink = OpenTelemetryEventSink.from_globals(metric_labels=("tenant",))
    assert sink.tracer_provider is trace.get_tracer_provider()
    for event in a_life():
        sink.emit(event)


def test_every_field_of_an_event_is_told_or_left_out_on_purpose() -> None:
    exported = Exported().tell(*a_life(error_code=None, retry_denied_by=None))
    told = exported.text
    left_out = {"kind", "at", "duration_s", "wait_s", "status_code", "error_code", "retry_denied_by", "labels"}
    left_out |= {"previous_profile_id", "automation", "cloud_escalation", "job_id", "state_hash"}  # of no call
    left_out |= {
        "consent_request_id",
        "projection_plan_id",
        "consent_scope",
        "consent_reason",
        "session_ids",
        "outcome",
    }
    event = an_event(EventKind.CALL_ANSWERED)
    for field in fields(LifecycleEvent):
        if field.name in left_out or field.name.startswith(("swap_", "budget")):
            continue
        value = getattr(event, field.name)
        text = value[0] if isinstance(value, tuple) else value
        assert str(text).removeprefix("https://").partition(":")[0] in told, field.name
