"""What holds for one call: its own wishes over those of its runtime, and nobody else's."""

import asyncio
import contextlib
import copy

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import (
    CallOptions,
    ModelParameters,
    ProviderRuntimeError,
    ProviderRuntimeNormalizationError,
    ProviderStatusError,
    RetryPolicy,
    RuntimeSettings,
    Secret,
    open_runtime,
)
from provider_runtime.application.terms import CallTerms
from provider_runtime.ports.http import HttpReply, HttpRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FakeTransport
from provider_runtime.testing.settings import cloud_settings

ANSWER = b'{"id":"c","model":"m","choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}]}'
MODEL = "openrouter:some/model"
numbers = st.none() | st.floats(0, 1)
parameters = st.builds(
    ModelParameters,
    temperature=numbers,
    top_p=numbers,
    max_output_tokens=st.none() | st.integers(1, 9),
    stop=st.lists(st.sampled_from(["a", "b"]), max_size=2),
)


def answering() -> FakeTransport:
    return FakeTransport(lambda _request: HttpReply(status=200, body=ANSWER))


def sent(transport: FakeTransport) -> list[bytes]:
    return [exchange.body or b"" for exchange in transport.exchanges]


@given(parameters, parameters, parameters)
def test_the_request_wins_over_the_call_and_the_call_over_the_runtime(
    asked: ModelParameters, of_call: ModelParameters, of_runtime: ModelParameters
) -> None:
    request = asked.applied_to(a_request())
    got = of_call.over(of_runtime).applied_to(request)
    for name in ("temperature", "top_p", "max_output_tokens", "stop"):
        wishes = [getattr(level, name) for level in (asked, of_call, of_runtime)]
        said = [wish for wish in wishes if wish not in (None, ())]
        assert getattr(got, name) == (said[0] if said else getattr(a_request(), name))


async def test_parameters_reach_the_bytes_that_are_sent() -> None:
    transport = answering()
    settings = cloud_settings(parameters=ModelParameters(temperature=0.25, seed=7))
    async with open_runtime(settings, transport=transport) as runtime:
        await runtime.run(a_request(model=MODEL), CallOptions(parameters=ModelParameters(temperature=0.75)))
        await runtime.run(a_request(model=MODEL))
    assert [(b'"temperature":0.75' in body, b'"seed":7' in body) for body in sent(transport)] == [
        (True, True),
        (False, True),
    ]


async def test_headers_of_a_call_go_with_that_call_alone() -> None:
    transport = answering()
    async with open_runtime(cloud_settings(), transport=transport) as runtime:
        await runtime.run(a_request(model=MODEL), CallOptions(headers={"X-Team": "red"}))
        await runtime.run(a_request(model=MODEL))
    assert [exchange.headers.get("x-team") for exchange in transport.exchanges] == ["red", None]


async def test_a_header_that_the_wire_sets_itself_is_refused_before_anything_is_sent() -> None:
    transport = answering()
    async with open_runtime(cloud_settings(), transport=transport) as runtime:
        with pytest.raises(ProviderRuntimeNormalizationError) as refused:
            await runtime.run(
                a_request(model="anthropic:claude-sonnet-4-5"), CallOptions(headers={"anthropic-version": "1"})
            )
    assert refused.value.requirement == "REQ-SP4-002"
    assert transport.exchanges == []


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "Host", "content-length", "Cookie", "two words", ""])
def test_headers_that_are_not_a_caller_s_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="headers"):
        CallOptions(headers={name: "value"})


@pytest.mark.parametrize("value", ["", "line\r\nX-Other: 1", "é", "a\x00b"])
def test_header_values_that_could_break_out_are_refused_and_not_quoted(value: str) -> None:
    with pytest.raises(ValueError, match="x-team") as refused:
        CallOptions(headers={"x-team": value})
    assert not value or value not in str(refused.value)


async def test_labels_stand_in_events_and_receipts_and_are_never_sent() -> None:
    transport, events = answering(), EventRecorder()
    options = CallOptions(metadata={"tenant": "acme", "job": "17"}, trace_id="0af7651916cd43dd8448eb211c80319c")
    async with open_runtime(cloud_settings(), transport=transport, event_sink=events) as runtime:
        await runtime.run(a_request(model=MODEL), options)
        (receipt,) = await runtime.receipts.list()
    assert receipt.record.labels == ("job=17", "tenant=acme")
    assert receipt.record.trace_id == options.trace_id
    assert all(event.labels == ("job=17", "tenant=acme") for event in events.events)
    assert all(event.trace_id == options.trace_id for event in events.events)
    assert b"acme" not in sent(transport)[0]


@pytest.mark.parametrize("label", [{"Tenant": "a"}, {"tenant": "two words"}, {"tenant": ""}, {"tenant": "x" * 129}])
def test_labels_are_names_and_no_place_for_text(label: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="metadata"):
        CallOptions(metadata=label)


@pytest.mark.parametrize("trace_id", ["0" * 32, "0AF7651916CD43DD8448EB211C80319C", "abc", ""])
def test_a_trace_id_is_a_real_one(trace_id: str) -> None:
    with pytest.raises(ValueError, match="trace_id"):
        CallOptions(trace_id=trace_id)


async def test_calls_at_the_same_time_never_see_each_other_s_options() -> None:
    both, seen = asyncio.Barrier(2), []

    class Meeting(FakeTransport):
        async def exchange(self, request: HttpRequest) -> HttpReply:
            await both.wait()
            assert request.auth is not None
            seen.append((request.auth.secret.reveal(), request.headers["x-team"], (request.body or b"")))
            return HttpReply(status=200, body=ANSWER)

    async with open_runtime(cloud_settings(), transport=Meeting()) as runtime:
        await asyncio.gather(
            *(
                runtime.run(
                    a_request(name, model=MODEL),
                    CallOptions(credential=Secret(f"key-{name}"), headers={"x-team": name}),
                )
                for name in ("red", "blue")
            )
        )
    assert {(key, team) for key, team, _ in seen} == {("key-red", "red"), ("key-blue", "blue")}
    assert all(team.encode() in body for _, team, body in seen)


async def test_the_caller_s_objects_are_never_changed() -> None:
    headers, labels = {"X-Team": "red"}, {"tenant": "acme"}
    request, options = a_request(model=MODEL), CallOptions(headers=headers, metadata=labels)
    before = (copy.deepcopy(headers), copy.deepcopy(labels), repr(request), repr(options))
    async with open_runtime(cloud_settings(), transport=answering()) as runtime:
        await runtime.run(request, options)
    headers["X-Team"] = "blue"
    assert options.headers == {"x-team": "red"}
    assert ({"X-Team": "red"}, labels, repr(request), repr(options)) == before


async def test_retry_and_deadline_of_a_call_are_its_own() -> None:
    transport = FakeTransport(lambda _request: HttpReply(status=503))
    settings: RuntimeSettings = cloud_settings(retry=RetryPolicy(max_attempts=2, initial_backoff_ms=0))
    async with open_runtime(settings, transport=transport) as runtime:
        for options in (CallOptions(retry=RetryPolicy(max_attempts=1)), None):
            before = len(transport.exchanges)
            with pytest.raises(ProviderStatusError, match="overloaded"):
                await runtime.run(a_request(model=MODEL), options)
            assert len(transport.exchanges) - before == (1 if options else 2)


def test_a_call_without_options_has_the_terms_of_its_runtime() -> None:
    terms = CallTerms(deadline_s=5, retry=RetryPolicy())
    assert terms.for_call(None) is terms
    assert terms.for_call(CallOptions()) is terms


async def test_the_headers_of_a_record_go_with_every_request_to_that_provider_and_to_no_other() -> None:
    transport = answering()
    settings = cloud_settings()
    providers = tuple(
        evolve(record, headers={"X-Gateway": "blue"}) if record.provider_id == "openrouter" else record
        for record in settings.providers
    )
    async with open_runtime(evolve(settings, providers=providers), transport=transport) as runtime:
        await runtime.run(a_request(model=MODEL))
        with contextlib.suppress(ProviderRuntimeError):
            await runtime.run(a_request(model="openai:gpt-5-mini"))
    assert [exchange.headers.get("x-gateway") for exchange in transport.exchanges] == ["blue", None]


async def test_a_provider_that_takes_the_name_of_a_call_gets_it_with_every_attempt() -> None:
    transport = FakeTransport([HttpReply(status=503), HttpReply(status=200, body=ANSWER)])
    settings = cloud_settings(retry=RetryPolicy(max_attempts=2, initial_backoff_ms=0))
    providers = tuple(evolve(record, idempotency_header="idempotency-key") for record in settings.providers)
    async with open_runtime(evolve(settings, providers=providers), transport=transport) as runtime:
        await runtime.run(a_request(model=MODEL), CallOptions(call_id="order-17"))
    assert [exchange.headers["idempotency-key"] for exchange in transport.exchanges] == ["order-17", "order-17"]
