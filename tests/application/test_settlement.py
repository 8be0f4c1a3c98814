"""Settlement: what a call cost, what is kept of it, who is told, and what of that may fail."""

import decimal
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import (
    BackendError,
    CallOptions,
    CallRecord,
    CostBreakdown,
    ErrorCode,
    FallbackPolicy,
    ModelNotFound,
    PriceRule,
    PricingTable,
    ProviderResponse,
    ProviderRuntime,
    ProviderRuntimeError,
    RetryPolicy,
    RuntimeSettings,
    Secret,
    Usage,
    open_runtime,
)
from provider_runtime.application.accounting.recording import nano_usd
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.composition.builder import ProviderRuntimeBuilder
from provider_runtime.domain.errors import ProviderError, ProviderStatusError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import CountingIds, EventRecorder, FakeAdapter, FrozenClock
from provider_runtime.testing.mocks import MockReceiptProvider
from provider_runtime.testing.strategies import requests, responses

ADA = ProviderId("ada")
PRICES = PricingTable(
    rules=[
        PriceRule(
            provider="ada",
            model_pattern="m*",
            input_cost_per_token=Decimal("0.001"),
            output_cost_per_token=Decimal("0.01"),
        )
    ]
)
BROKEN = BackendError(kind="receipts", message="the disk is full", remedy="Make room.")


def builder_for(adapter: FakeAdapter, **parts: object) -> ProviderRuntimeBuilder:
    builder = ProviderRuntime.builder().with_adapter(adapter).with_pricing_table(PRICES)
    for name, part in parts.items():
        builder = builder.with_part(name, part)
    return builder


async def settled(answer: ProviderResponse | ProviderError, **parts: object) -> ProviderResponse:
    async with builder_for(FakeAdapter(ADA, [answer]), **parts).build() as runtime:
        return await runtime.run(a_request(model="ada:m-1"))


def a_cost(total: Decimal, source: str = "configured") -> CostBreakdown:
    return CostBreakdown(input_cost=Decimal(0), output_cost=Decimal(0), total_cost=total, pricing_source=source)


# ── cost ────────────────────────────────────────────────────────────────────────────────────


async def test_a_response_without_a_cost_gets_the_one_of_the_price_table() -> None:
    response = await settled(a_response(provider=ADA, model="m-1", usage=Usage(input_tokens=10, output_tokens=2)))
    assert response.cost is not None
    assert response.cost.total_cost == Decimal("0.03")
    assert response.warnings == ()


async def test_a_cost_that_the_provider_reports_is_kept_as_it_is_without_a_price_warning() -> None:
    reported = a_cost(Decimal("0.000042"), "provider_reported")
    response = await settled(a_response(provider=ADA, model="m-1", usage=Usage(), cost=reported))
    assert response.cost is reported
    assert response.warnings == ()


async def test_a_reported_cost_that_is_not_the_computed_one_counts_and_is_announced() -> None:
    reported = a_cost(Decimal("0.04"), "provider_reported")
    usage = Usage(input_tokens=10, output_tokens=2)
    response = await settled(a_response(provider=ADA, model="m-1", usage=usage, cost=reported))
    assert response.cost is reported
    (warning,) = response.warnings
    assert (warning.code, "0.04" in warning.message, "0.030" in warning.message) == (
        "pricing.reported_differs",
        True,
        True,
    )


async def test_a_reported_total_gets_its_parts_from_the_price_table() -> None:
    reported = a_cost(Decimal("0.0301"), "provider_reported")
    usage = Usage(input_tokens=10, output_tokens=2)
    response = await settled(a_response(provider=ADA, model="m-1", usage=usage, cost=reported))
    assert response.cost is not None
    assert response.cost.pricing_source == "mixed"
    assert (response.cost.total_cost, response.cost.input_cost) == (Decimal("0.0301"), Decimal("0.010"))
    assert response.warnings == ()


async def test_the_price_of_the_model_that_answered_counts_and_of_the_one_asked_where_it_has_none() -> None:
    response = await settled(a_response(provider=ADA, model="renamed", usage=Usage(input_tokens=1, output_tokens=0)))
    assert response.cost is not None
    assert response.cost.total_cost == Decimal("0.001")


@pytest.mark.parametrize(
    ("model", "usage", "warning"),
    [
        ("m-1", Usage(), "pricing.missing_usage"),
        ("m-1", Usage(input_tokens=1), "pricing.partial_usage"),
    ],
)
async def test_a_cost_that_cannot_be_told_is_a_warning_and_never_an_error(
    model: str, usage: Usage, warning: str
) -> None:
    response = await settled(a_response(provider=ADA, model=model, usage=usage))
    assert warning in [each.code for each in response.warnings]


amounts = st.decimals(min_value=0, max_value=10**6, allow_nan=False, allow_infinity=False, places=12)


@given(amount=amounts, precision=st.integers(1, 40), rounding=st.sampled_from(("ROUND_DOWN", "ROUND_HALF_EVEN")))
def test_a_cost_in_a_receipt_is_rounded_up_whatever_the_thread_s_decimal_context(
    amount: Decimal, precision: int, rounding: str
) -> None:
    with decimal.localcontext(prec=precision, rounding=rounding):
        kept = nano_usd(a_cost(amount))
    assert kept is not None
    with decimal.localcontext(prec=60):
        exact = amount * 10**9
        assert exact <= kept < exact + 1


def test_a_cost_beyond_what_json_can_count_is_the_largest_it_can() -> None:
    assert nano_usd(a_cost(Decimal("1e40"))) == 2**53 - 1
    assert nano_usd(None) is None


# ── receipts ────────────────────────────────────────────────────────────────────────────────


async def test_an_answer_outlives_the_failure_of_its_receipt_and_says_that_it_is_pending() -> None:
    receipts = MockReceiptProvider()
    receipts.fail("store", BROKEN)
    response = await settled(a_response("Paid for.", provider=ADA, model="m-1"), receipts=receipts)
    assert response.text == "Paid for."
    assert [warning.code for warning in response.warnings] == ["settlement_pending"]
    assert "disk" not in response.warnings[-1].message
    assert len(receipts.calls_of("store")) == 1


async def test_a_failed_call_keeps_its_own_error_when_its_receipt_fails_too() -> None:
    receipts = MockReceiptProvider()
    receipts.fail("store", BROKEN, times=2)
    failure = ProviderStatusError(provider=ADA, status_code=400, message="bad request")
    with pytest.raises(ProviderStatusError) as failed:
        await settled(failure, receipts=receipts)
    assert failed.value is failure
    async with builder_for(FakeAdapter(ADA), receipts=receipts).build() as runtime:
        with pytest.raises(ModelNotFound):
            await runtime.run(a_request(model="nobody-lists-it"))


async def test_a_failure_of_our_own_making_is_recorded_by_its_name_alone() -> None:
    class Broken(FakeAdapter):
        async def send(self, prepared: object, context: object) -> ProviderResponse:
            raise ZeroDivisionError("the customer said: nothing")

    async with builder_for(Broken(ADA)).build() as runtime:
        with pytest.raises(ZeroDivisionError):
            await runtime.run(a_request(model="ada:m"))
        (receipt,) = await runtime.receipts.list()
    assert (receipt.record.outcome, receipt.record.error_code) == ("failed", "ZeroDivisionError")
    assert "customer" not in repr(receipt)


async def record_of_a_call(key: str, prompt: str) -> CallRecord:
    settings = RuntimeSettings(receipt_key=Secret(key), prices=PRICES)
    acme = RegisteredProvider(config=_config(), adapter=FakeAdapter(ADA))
    async with open_runtime(settings, adapters=(acme,), clock=FrozenClock(), ids=CountingIds()) as runtime:
        await runtime.run(a_request(prompt, model="ada:m"))
        (receipt,) = await runtime.receipts.list()
    return receipt.record


def _config() -> Any:
    from provider_runtime import ProviderConfig

    return ProviderConfig(provider_id=ADA, kind="openai", base_url="http://localhost", tier="local")


async def test_digests_follow_from_the_bytes_and_the_key_and_from_neither_alone() -> None:
    one = await record_of_a_call("key-1", "yes")
    again = await record_of_a_call("key-1", "yes")
    other_prompt = await record_of_a_call("key-1", "no")
    other_key = await record_of_a_call("key-2", "yes")
    assert one == again
    assert len({one.request_digest, other_prompt.request_digest, other_key.request_digest}) == 3


@given(request=requests(), answer=responses())
async def test_one_call_one_receipt_whatever_is_asked_and_whatever_is_answered(
    request: Any, answer: ProviderResponse
) -> None:
    async with builder_for(FakeAdapter(ADA, lambda _prepared: answer)).with_default_provider("ada").build() as runtime:
        outcome: object = None
        try:
            outcome = await runtime.run(request)
        except ProviderRuntimeError as error:
            outcome = error
        receipts = await runtime.receipts.list()
    assert len(receipts) == 1
    assert receipts[0].record.call_id == outcome.call_id  # type: ignore[attr-defined]  # responses and errors have one
    assert (receipts[0].record.outcome == "answered") is isinstance(outcome, ProviderResponse)


# ── events ──────────────────────────────────────────────────────────────────────────────────


async def test_a_sink_that_fails_is_counted_and_disturbs_nobody() -> None:
    sink = EventRecorder(failure=RuntimeError("the collector is down"))
    async with builder_for(FakeAdapter(ADA), event_sink=sink).build() as runtime:
        assert (await runtime.run(a_request(model="ada:m"))).text
        assert runtime.telemetry_failures == 4, "started, cleared, tried, answered"
        sink.failure = None
        await runtime.run(a_request(model="ada:m"))
        assert runtime.telemetry_failures == 4, "started, cleared, tried, answered"
    assert sink.kinds == ("call_started", "call_cleared", "attempt_started", "call_answered")


async def test_the_last_event_says_what_the_receipt_says() -> None:
    sink = EventRecorder()
    async with builder_for(FakeAdapter(ADA), event_sink=sink).build() as runtime:
        response = await runtime.run(a_request(model="ada:m"))
        record = (await runtime.receipts.list())[0].record
    started, *_, ended = sink.events
    assert (started.kind, ended.kind) == ("call_started", "call_answered")
    assert started.call_id == ended.call_id == response.call_id
    same = ("provider", "tier", "model_asked", "model_answered", "input_tokens", "output_tokens", "cost_nano_usd")
    assert [getattr(ended, name) for name in same] == [getattr(record, name) for name in same]


async def test_the_end_of_a_call_is_told_even_if_its_receipt_cannot_be_written() -> None:
    sink, receipts = EventRecorder(), MockReceiptProvider()
    receipts.fail("store", BROKEN)
    await settled(a_response(provider=ADA, model="m-1"), event_sink=sink, receipts=receipts)
    assert sink.kinds == ("call_started", "call_cleared", "attempt_started", "call_answered")


TEXT = "the patient is called Wilhelmina"


def _hostile_answer() -> ProviderResponse:
    return evolve(a_response(provider=ADA, model=TEXT), response_id=TEXT, provider_request_id=f"req_1\n{TEXT}")


@pytest.mark.parametrize("model", ["ada:m", f"ada:{TEXT}", TEXT])
@pytest.mark.parametrize(
    "answer",
    [
        _hostile_answer(),
        ProviderStatusError(provider=ADA, status_code=400, message=TEXT, request_id=TEXT),
        ProviderStatusError(provider=ADA, status_code=503, code=ErrorCode.OVERLOADED, message=TEXT, request_id=TEXT),
    ],
    ids=["answered", "failed", "passed on"],
)
async def test_no_step_of_a_call_says_a_text_where_a_name_belongs(
    model: str, answer: ProviderResponse | ProviderError
) -> None:
    sink = EventRecorder()
    builder = builder_for(FakeAdapter(ADA, lambda _prepared: answer), event_sink=sink).with_default_provider("ada")
    async with builder.with_retry(RetryPolicy(max_attempts=1)).build() as runtime:
        with suppress(ProviderRuntimeError):
            await runtime.run(a_request(model=model), CallOptions(fallback=FallbackPolicy(alternatives=("ada:other",))))
        (receipt,) = await runtime.receipts.list()
    assert TEXT not in repr(receipt)
    assert len(sink.events) > 1
    for event in sink.events:
        assert TEXT not in repr(event)
        assert evolve(event) == event, "made by its keywords, which look at every name again, it is the same"
