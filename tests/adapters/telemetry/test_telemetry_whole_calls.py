"""Event sinks behind real runtimes: every way a call can end, told as it was."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from exported import Exported

from provider_runtime import (
    CallOptions,
    CallRefused,
    FallbackPolicy,
    GovernancePolicy,
    ProviderRuntime,
    ProviderStatusError,
    RetryPolicy,
    open_runtime,
)
from provider_runtime.adapters.telemetry import FanOut, JsonLinesEventSink
from provider_runtime.adapters.telemetry.event_json import parse_line
from provider_runtime.domain.errors import RuntimeClosed
from provider_runtime.domain.records.events import ENDINGS, EventKind, LifecycleEvent
from provider_runtime.ports.http import HttpFailure, HttpReply, HttpRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FakeTransport, FrozenClock
from provider_runtime.testing.settings import cloud_settings

OPENAI = "openai:gpt-5-mini"
ANSWER = HttpReply(
    status=200,
    headers={"x-request-id": "req_7"},
    body=b'{"id":"resp_7","status":"completed","model":"gpt-5-mini-2025-08-07","output":[{"type":"message",'
    b'"role":"assistant","content":[{"type":"output_text","text":"Hello."}]}],"usage":{"input_tokens":9,'
    b'"output_tokens":3,"total_tokens":12,"input_tokens_details":{"cached_tokens":4},'
    b'"output_tokens_details":{"reasoning_tokens":2}}}',
)
CLAUDE = HttpReply(
    status=200,
    body=b'{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":'
    b'[{"type":"text","text":"Hello."}],"stop_reason":"end_turn","usage":{"input_tokens":9,"output_tokens":3}}',
)
BUSY = HttpReply(status=503, body=b'{"error":{"message":"later"}}')
GONE = HttpReply(status=404, body=b'{"error":{"message":"no such thing"}}')


class Telling:
    """A runtime over a transport that is played, with an OpenTelemetry in memory."""

    def __init__(self, answers: Callable[[HttpRequest], HttpReply | HttpFailure] = lambda _: ANSWER) -> None:
        self.exported, self.clock = Exported(metric_labels=("tenant",)), FrozenClock()
        self.transport = FakeTransport(answers)

    def open(self, **settings: object):  # type: ignore[no-untyped-def]  # noqa: ANN201 - what open_runtime gives
        return open_runtime(
            cloud_settings(**settings), transport=self.transport, clock=self.clock, event_sink=self.exported.sink
        )


async def test_an_answered_call_is_told_in_full() -> None:
    telling = Telling()
    options = CallOptions(metadata={"tenant": "acme"}, conversation_id="chat-7", trace_id="a" * 32)
    async with telling.open() as runtime:
        await runtime.run(a_request(model=OPENAI, temperature=None, max_output_tokens=50), options)
    attributes = dict(telling.exported.span.attributes or {})
    told = {
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.request.max_tokens": 50,
        "gen_ai.response.model": "gpt-5-mini-2025-08-07",
        "gen_ai.response.id": "resp_7",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.conversation.id": "chat-7",
        "gen_ai.usage.input_tokens": 9,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 2,
        "server.address": "api.openai.com",
        "server.port": 443,
        "provider_runtime.tier": "cloud",
        "provider_runtime.outcome": "answered",
        "provider_runtime.attempts": 1,
        "provider_runtime.trace_id": "a" * 32,
        "provider_runtime.label.tenant": "acme",
    }
    assert {name: attributes.get(name) for name in told} == told
    assert attributes["provider_runtime.cost_nano_usd"] > 0
    ((dimensions, cost),) = telling.exported.points("provider_runtime.cost_nano_usd")
    assert cost == attributes["provider_runtime.cost_nano_usd"]
    assert dimensions["provider_runtime.label.tenant"] == "acme"
    assert runtime.telemetry_failures == 0


async def test_a_retried_call_shows_its_attempts_and_the_wait_between_them() -> None:
    replies = iter((BUSY, ANSWER))
    telling = Telling(lambda _: next(replies))
    async with telling.open(retry=RetryPolicy(initial_backoff_ms=1000, max_backoff_ms=1000)) as runtime:
        await runtime.run(a_request(model=OPENAI))
    first, second = telling.exported.attempts
    (waited,) = telling.clock.slept
    assert (first.attributes or {})["http.response.status_code"] == 503
    assert (second.attributes or {})["provider_runtime.wait_s"] == waited
    assert second.start_time is not None
    assert first.end_time is not None
    assert (second.start_time - first.end_time) / 1e9 == pytest.approx(waited, abs=1e-6)
    assert [count for _, count in telling.exported.points("provider_runtime.attempts.failed")] == [1]
    assert (telling.exported.span.attributes or {})["provider_runtime.attempts"] == 2


async def test_a_failed_call_names_its_error_and_shows_each_attempt() -> None:
    telling = Telling(lambda _: BUSY)
    async with telling.open(retry=RetryPolicy(max_attempts=3, initial_backoff_ms=1)) as runtime:
        with pytest.raises(ProviderStatusError) as failed:
            await runtime.run(a_request(model=OPENAI))
    assert (telling.exported.span.attributes or {})["error.type"] == failed.value.code.value
    assert [attempt.status.is_ok for attempt in telling.exported.attempts] == [False, False, False]
    denied = [
        (attempt.attributes or {}).get("provider_runtime.retry_denied_by") for attempt in telling.exported.attempts
    ]
    assert denied == [None, None, failed.value.retry_denied_by]


async def test_a_refused_call_is_a_span_without_attempts_and_no_duration() -> None:
    telling = Telling()
    async with telling.open(policy=GovernancePolicy.preset("locked")) as runtime:
        with pytest.raises(CallRefused) as refused:
            await runtime.run(a_request(model=OPENAI))
    assert (telling.exported.span.attributes or {})["error.type"] == refused.value.code.value
    assert (telling.exported.span.attributes or {})["provider_runtime.outcome"] == "refused"
    assert telling.exported.attempts == []
    assert telling.exported.points("gen_ai.client.operation.duration") == []
    assert telling.transport.exchanges == []


async def test_a_cancelled_call_is_told_as_cancelled() -> None:
    telling = Telling()
    async with telling.open() as runtime:
        call = asyncio.create_task(runtime.run(a_request(model=OPENAI)))
        while not telling.transport.exchanges:  # noqa: ASYNC110 - a fake transport has no event to wait for
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert (telling.exported.span.attributes or {})["error.type"] == "cancelled"
    assert telling.exported.sink.in_flight == 0


async def test_a_call_that_was_passed_on_names_who_answered() -> None:
    telling = Telling(lambda request: CLAUDE if "anthropic" in request.url else GONE)
    fallback = FallbackPolicy(alternatives=["anthropic:claude-sonnet-4-5"])
    async with telling.open(fallback=fallback) as runtime:
        await runtime.run(a_request(model=OPENAI))
    attributes = telling.exported.span.attributes or {}
    assert attributes["gen_ai.provider.name"] == "anthropic"
    assert attributes["gen_ai.request.model"] == "claude-sonnet-4-5"
    assert [(one.attributes or {})["provider_runtime.provider"] for one in telling.exported.attempts] == [
        "openai",
        "anthropic",
    ]


async def test_calls_at_once_each_hang_below_the_span_of_their_own_caller() -> None:
    telling = Telling()
    tracer = telling.exported.tracers.get_tracer("caller")

    async def handle(runtime: ProviderRuntime, number: int) -> None:
        with tracer.start_as_current_span(f"request {number}"):
            await runtime.run(a_request(model=OPENAI), CallOptions(metadata={"tenant": f"t{number}"}))

    async with telling.open() as runtime:
        await asyncio.gather(*(handle(runtime, number) for number in range(25)))
    callers = {span.name: span.context.span_id for span in telling.exported.spans if span.name.startswith("request")}
    calls = [span for span in telling.exported.spans if span.name.startswith("chat")]
    assert len(calls) == 25
    for span in calls:
        tenant = str((span.attributes or {})["provider_runtime.label.tenant"])
        assert span.parent is not None
        assert span.parent.span_id == callers[f"request {tenant.removeprefix('t')}"]


async def test_every_call_of_two_runtimes_has_a_whole_life_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with JsonLinesEventSink(path) as sink:
        for answers in (lambda _: ANSWER, lambda _: BUSY):
            async with open_runtime(
                cloud_settings(), transport=FakeTransport(answers), clock=FrozenClock(), event_sink=sink
            ) as runtime:
                calls = [runtime.run(a_request(model=OPENAI)) for _ in range(10)]
                await asyncio.gather(*calls, return_exceptions=True)
    events = [event for line in path.read_text().splitlines() if isinstance(event := parse_line(line), LifecycleEvent)]
    lives: dict[str, list[EventKind]] = {}
    for event in events:
        lives.setdefault(f"{event.runtime_id} {event.call_id}", []).append(event.kind)
    assert len(lives) == 20
    for kinds in lives.values():
        assert kinds[0] is EventKind.CALL_STARTED
        assert [kind for kind in kinds if kind in ENDINGS] == kinds[-1:]


async def test_a_sink_that_fails_or_is_closed_fails_no_call_and_is_counted() -> None:
    closed, sound = JsonLinesEventSink(io.StringIO()), EventRecorder()
    closed.close()
    both = FanOut((closed, sound))
    async with open_runtime(cloud_settings(), transport=FakeTransport(lambda _: ANSWER), event_sink=both) as runtime:
        assert (await runtime.run(a_request(model=OPENAI))).text == "Hello."
    assert both.failures == (len(sound.events), 0)
    assert runtime.telemetry_failures == len(sound.events) > 0


async def test_a_runtime_leaves_the_sink_that_was_handed_to_it_open() -> None:
    stream = io.StringIO()
    sink = JsonLinesEventSink(stream)
    for _ in range(2):
        async with open_runtime(
            cloud_settings(), transport=FakeTransport(lambda _: ANSWER), event_sink=sink
        ) as runtime:
            await runtime.run(a_request(model=OPENAI))
    sink.close()
    assert stream.getvalue().count('"call_answered"') == 2
    with pytest.raises(RuntimeClosed):
        sink.emit(LifecycleEvent(kind=EventKind.RUNTIME_RESET, runtime_id=runtime.runtime_id))
