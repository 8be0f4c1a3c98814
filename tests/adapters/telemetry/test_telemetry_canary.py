"""A secret wherever a secret may be, and a search through everything that any sink put out."""

import asyncio
import io
import json
import logging

import pytest
from attrs import evolve, fields
from exported import Exported, a_life

from provider_runtime import CallOptions, ProviderRuntimeError, RetryPolicy, Secret, open_runtime, system, user
from provider_runtime.adapters.telemetry import FanOut, JsonLinesEventSink, LoggingEventSink
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.ports.http import HttpReply
from provider_runtime.testing.builders import a_request, a_tool
from provider_runtime.testing.contracts.telemetry import an_event
from provider_runtime.testing.fakes import FakeTransport, FrozenClock
from provider_runtime.testing.isolation.searching import found_in
from provider_runtime.testing.settings import cloud_settings

KEY, PROMPT, ANSWER, HEADER = (
    "sk-canary-7f3a9c51d2e84b60a1f7",
    "Wilhelmina-Featherstonehaugh",
    "Bartholomew-Cholmondeley-Jones",
    "header-canary-55d1c0ffee",
)
SECRETS = (KEY, PROMPT, ANSWER, HEADER)
HOSTILE = f"{PROMPT} said {KEY} and {ANSWER} with {HEADER}"
REPLIES = (
    HttpReply(
        status=200,
        body=json.dumps(
            {
                "id": "resp_1",
                "status": "completed",
                "model": "gpt-5-mini",
                "output": [
                    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]},
                    {
                        "type": "function_call",
                        "call_id": "c",
                        "name": "get_weather",
                        "arguments": f'{{"a":"{ANSWER}"}}',
                    },
                ],
                "usage": {"input_tokens": 1, "output_tokens": 1},
            }
        ).encode(),
    ),
    HttpReply(status=400, body=json.dumps({"error": {"message": HOSTILE, "type": "x", "code": "y"}}).encode()),
    HttpReply(status=503, headers={"retry-after": "1", "x-echo": HEADER}, body=HOSTILE.encode()),
    HttpReply(status=200, body=HOSTILE.encode()),
    HttpReply(status=429, headers={"x-request-id": HOSTILE}, body=json.dumps({"error": HOSTILE}).encode()),
    HttpReply(status=200, body=json.dumps({"status": HOSTILE, "output": [{"type": HOSTILE}]}).encode()),
)


class Output:
    """Every sink there is behind one fan-out, and all that came out of them."""

    def __init__(self) -> None:
        self.exported, self.newer, self.stream = (
            Exported(),
            Exported(conventions="gen_ai_latest_experimental"),
            io.StringIO(),
        )
        self.lines = JsonLinesEventSink(self.stream)
        self.logger = logging.Logger("events", logging.DEBUG)  # noqa: LOG001 - not of the tree that other tests share
        self.log = io.StringIO()
        handler = logging.StreamHandler(self.log)
        handler.setFormatter(logging.Formatter("%(message)s %(event)s"))
        self.logger.addHandler(handler)
        sinks = (self.exported.sink, self.newer.sink, self.lines, LoggingEventSink(logger=self.logger))
        self.sink = FanOut(sinks)

    def texts(self) -> dict[str, str]:
        self.lines.close()
        return {
            "spans and metrics": self.exported.text,
            "spans and metrics of the newer edition": self.newer.text,
            "JSON lines": self.stream.getvalue(),
            "log": self.log.getvalue(),
        }

    def finding(self, secret: str) -> set[str]:
        return {place for place, text in self.texts().items() if found_in(text, secret)}


@pytest.mark.parametrize("place", ["id", "model", "x-request-id"])
async def test_a_provider_that_puts_a_text_where_a_name_belongs_does_not_get_it_out(place: str) -> None:
    output = Output()
    reply = HttpReply(
        status=200,
        headers={"x-request-id": HOSTILE if place == "x-request-id" else "req_1"},
        body=json.dumps({**json.loads(REPLIES[0].body), **({} if "-" in place else {place: HOSTILE})}).encode(),
    )
    async with open_runtime(cloud_settings(), transport=FakeTransport([reply]), event_sink=output.sink) as runtime:
        await runtime.run(a_request(model="openai:gpt-5-mini"))
    assert {secret: output.finding(secret) for secret in SECRETS if output.finding(secret)} == {}
    assert all("answered" in text for text in output.texts().values())


async def test_a_key_in_place_of_a_model_comes_out_of_no_sink() -> None:
    output = Output()
    async with open_runtime(cloud_settings(), transport=FakeTransport([REPLIES[1]]), event_sink=output.sink) as runtime:
        with pytest.raises(ProviderRuntimeError):
            await runtime.run(a_request(model=f"openai:{KEY}"))
    assert output.finding(KEY) == set()


async def test_no_key_no_prompt_no_answer_and_no_header_comes_out_of_any_sink(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    output = Output()
    settings = cloud_settings(credentials={"openai": Secret(KEY)}, retry=RetryPolicy(initial_backoff_ms=1))
    options = CallOptions(headers={"x-note": HEADER}, metadata={"tenant": "acme"}, include_raw_response=True)
    request = a_request(
        system(PROMPT),
        user(f"{PROMPT} {ANSWER}"),
        model="openai:gpt-5-mini",
        tools=(a_tool(description=PROMPT),),
        stop=(),
        metadata={"note": PROMPT},
    )
    for reply in REPLIES:
        transport = FakeTransport(lambda _, reply=reply: reply)
        async with open_runtime(settings, transport=transport, clock=FrozenClock(), event_sink=output.sink) as runtime:
            for call in (runtime.run(request, options), runtime.run(evolve(request, tools=()), options)):
                with pytest.raises(ProviderRuntimeError) if reply is not REPLIES[0] else _nothing():
                    await call
            cancelled = asyncio.create_task(runtime.run(request, options))
            await asyncio.sleep(0)
            cancelled.cancel()
            await asyncio.gather(cancelled, return_exceptions=True)
        assert transport.exchanges, "or nothing could have leaked"
    assert output.sink.failures == (0, 0, 0, 0)
    assert all(text.count("gpt-5-mini") > len(REPLIES) for text in output.texts().values())
    assert {secret: output.finding(secret) for secret in SECRETS if output.finding(secret)} == {}
    assert not [secret for secret in SECRETS if found_in(caplog.text, secret)]


def test_a_secret_that_was_planted_is_found_in_every_sink() -> None:
    output = Output()
    for event in a_life(conversation_id=f"chat-{KEY}"):
        output.sink.emit(event)
    assert output.finding(KEY) == set(output.texts())


class Loaded(LifecycleEvent):
    """An event with more in it than the allow-list has."""

    prompt = PROMPT


def test_only_the_fields_of_the_allow_list_are_read() -> None:
    output = Output()
    event = an_event(EventKind.CALL_ANSWERED)
    loaded = Loaded(**{field.name: getattr(event, field.name) for field in fields(LifecycleEvent)})
    output.sink.emit(loaded)
    assert output.finding(PROMPT) == set()
    assert "call_answered" in output.texts()["JSON lines"]


class _nothing:  # noqa: N801 - stands where pytest.raises would
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
