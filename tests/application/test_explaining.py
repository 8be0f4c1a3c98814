"""Explaining: what running would do, with nothing done."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import (
    CallRefused,
    ModelCatalog,
    ModelInfo,
    PriceRule,
    PricingTable,
    ProviderRuntime,
    ProviderRuntimeError,
    open_runtime,
)
from provider_runtime.application.explaining import CallPlan
from provider_runtime.composition.builder import ProviderRuntimeBuilder
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FakeAdapter, FakeTokens, FakeTransport
from provider_runtime.testing.mocks import MockReceiptProvider
from provider_runtime.testing.settings import cloud_settings
from provider_runtime.testing.strategies import requests

MODELS = ("openai:gpt-5-mini", "anthropic:claude-sonnet-4-5", "openrouter:anthropic/claude-haiku-4.5")


async def plan_or_error(runtime: ProviderRuntime, request: ProviderRequest) -> CallPlan | ProviderRuntimeError:
    try:
        return await runtime.explain(request)
    except ProviderRuntimeError as error:
        return error


@given(request=requests(), policy=st.sampled_from(("standard", "strict", "locked")))
async def test_the_plan_of_a_call_is_the_call(request: ProviderRequest, policy: str) -> None:
    adapter = FakeAdapter("ada")
    builder = ProviderRuntime.builder().with_adapter(adapter).with_default_provider("ada").with_policy(policy)
    async with builder.build() as runtime:
        plan = await plan_or_error(runtime, request)
        if isinstance(plan, ProviderRuntimeError):
            with pytest.raises(type(plan)) as again:
                await runtime.run(request)
            assert (again.value.code, again.value.message) == (plan.code, plan.message)
            return
        assert adapter.sent == []
        if not plan.allowed:
            with pytest.raises(CallRefused) as refusal:
                await runtime.run(request)
            first = next(verdict for verdict in plan.verdicts if verdict.verdict == "refused")
            assert (refusal.value.gate, refusal.value.code) == (first.gate, first.code)
            return
        response = await runtime.run(request)
        (receipt,) = await runtime.receipts.list()
    (prepared, _), *_ = adapter.sent
    assert (prepared.body, prepared.body_sha256, prepared.url) == (plan.body, plan.body_sha256, plan.url)
    assert (plan.provider, plan.tier.value, plan.route_rule) == (
        receipt.record.provider,
        receipt.record.tier,
        receipt.record.route_rule,
    )
    assert plan.warnings == response.warnings[: len(plan.warnings)]
    assert tuple(f"{verdict.gate}:{verdict.verdict}" for verdict in plan.verdicts) == receipt.record.gates


@pytest.mark.parametrize("model", MODELS)
async def test_explaining_reads_no_credential_sends_nothing_keeps_nothing_and_tells_nobody(model: str) -> None:
    transport, tokens, events, receipts = FakeTransport(), FakeTokens(), EventRecorder(), MockReceiptProvider()
    async with open_runtime(
        cloud_settings(credentials={}), transport=transport, tokens=tokens, event_sink=events, receipts=receipts
    ) as runtime:
        plan = await runtime.explain(a_request(model=model))
        assert plan.allowed
        assert (transport.exchanges, tokens.asked, events.events, receipts.calls) == ([], [], [], ())


def a_builder(limit: int | None, *, priced: bool = True) -> ProviderRuntimeBuilder:
    rule = PriceRule(
        provider="ada", model_pattern="m", input_cost_per_token=Decimal("0.01"), output_cost_per_token=Decimal(1)
    )
    catalog = ModelCatalog(models=[ModelInfo(provider="ada", model_id="m", max_output_tokens=limit)])
    prices = PricingTable(rules=[rule] if priced else [])
    return (
        ProviderRuntime.builder()
        .with_adapter(FakeAdapter("ada"))
        .with_model_catalog(catalog)
        .with_pricing_table(prices)
    )


@pytest.mark.parametrize(("asked", "limit", "longest"), [(5, 100, 5), (None, 100, 100), (7, None, 7)])
async def test_the_worst_cost_supposes_a_token_a_byte_and_the_longest_answer_allowed(
    asked: int | None, limit: int | None, longest: int
) -> None:
    async with a_builder(limit).build() as runtime:
        plan = await runtime.explain(a_request(model="ada:m", max_output_tokens=asked))
    assert plan.worst_case_cost is not None
    assert plan.worst_case_cost.total_cost == Decimal("0.01") * plan.body_size + longest


@pytest.mark.parametrize(("limit", "priced"), [(None, True), (100, False)])
async def test_without_a_price_or_a_limit_the_worst_cost_is_unknown(limit: int | None, *, priced: bool) -> None:
    async with a_builder(limit, priced=priced).build() as runtime:
        assert (await runtime.explain(a_request(model="ada:m"))).worst_case_cost is None


async def test_a_plan_does_not_print_the_conversation() -> None:
    async with a_builder(1).build() as runtime:
        plan = await runtime.explain(a_request("the patient is called Wilhelmina", model="ada:m"))
    assert b"Wilhelmina" in plan.body
    assert "Wilhelmina" not in repr(plan)
