"""Redaction: secrets masked before the bytes are made that everybody judges."""

import json

import pytest
from attrs import evolve

from provider_runtime import (
    CallOptions,
    GovernancePolicy,
    LeakagePolicy,
    LeakageRefused,
    ProviderConfig,
    ProviderRequest,
    ProviderRuntime,
    Secret,
    ToolCallPart,
    assistant,
    tool_result,
    user,
)
from provider_runtime.composition.builder import ProviderRuntimeBuilder
from provider_runtime.domain.policy.governance import OnLossy
from provider_runtime.testing.builders import a_request, a_tool, a_tool_call
from provider_runtime.testing.fakes import FakeAdapter

KEY = "ghp_Zk4Vw7Yq8Rt2xLm9Bn3Cd5Fg6Hj1KpQs0Tu"
CLOUD = ProviderConfig(provider_id="ada", kind="openai_compatible", base_url="https://api.example.com")
REDACTING = LeakagePolicy(treatments={"vendor_key": "redact", "known_secret": "redact", "assignment": "redact"})


def a_builder(adapter: FakeAdapter, leakage: LeakagePolicy = REDACTING, **changes: object) -> ProviderRuntimeBuilder:
    builder = ProviderRuntime.builder().with_adapter(adapter, CLOUD)
    return evolve(builder, settings=evolve(builder.settings, leakage=leakage, **changes))  # type: ignore[arg-type]  # settings


async def test_the_bytes_that_are_planned_judged_and_sent_are_the_redacted_ones() -> None:
    adapter = FakeAdapter("ada")
    request = a_request(f"why does {KEY} not work?", model="ada:x")
    async with a_builder(adapter).build() as runtime:
        plan = await runtime.explain(request)
        response = await runtime.run(request)
    ((sent, _),) = adapter.sent
    assert KEY.encode() not in sent.body
    assert b"why does [redacted: github] not work?" in sent.body
    assert plan.body == sent.body
    assert plan.allowed
    assert [warning.code for warning in response.warnings][:1] == ["secret_redacted"]
    assert [warning.code for warning in plan.warnings] == ["secret_redacted"]
    assert request.messages[0].text == f"why does {KEY} not work?"  # the caller's own is left alone


CONVERSATIONS = {
    "a tool call": (
        user("x"),
        assistant(ToolCallPart(a_tool_call(arguments_json={"note": KEY}))),
        tool_result("call_1", 1),
    ),
    "a tool result": (user("x"), assistant(ToolCallPart(a_tool_call())), tool_result("call_1", f"found {KEY}")),
    "a JSON result": (user("x"), assistant(ToolCallPart(a_tool_call())), tool_result("call_1", {"deep": [{"a": KEY}]})),
    "a value beside its name": (
        user("x"),
        assistant(ToolCallPart(a_tool_call())),
        tool_result("call_1", {"password": KEY[4:20]}),
    ),
}


@pytest.mark.parametrize("conversation", CONVERSATIONS)
async def test_tool_calls_and_results_are_masked_too(conversation: str) -> None:
    adapter = FakeAdapter("ada")
    request = a_request(model="ada:x", messages=CONVERSATIONS[conversation], tools=(a_tool(),))
    async with a_builder(adapter).build() as runtime:
        await runtime.run(request)
    body = adapter.sent[0][0].body.decode()
    assert KEY[4:20] not in body
    assert "[redacted: " in body
    json.loads(body)


LEFT_TO_THE_GATE: dict[str, ProviderRequest] = {
    "the description of a tool": a_request(model="ada:x", tools=(a_tool(description=KEY),)),
    "letters that cannot be seen": a_request("\u200b".join(KEY), model="ada:x"),
    "metadata": a_request(model="ada:x", metadata={"note": KEY}),
}


@pytest.mark.parametrize("case", LEFT_TO_THE_GATE)
async def test_what_cannot_be_masked_to_the_letter_is_refused(case: str) -> None:
    adapter = FakeAdapter("ada")
    async with a_builder(adapter).build() as runtime:
        with pytest.raises(LeakageRefused):
            await runtime.run(LEFT_TO_THE_GATE[case])
    assert adapter.sent == []


async def test_a_policy_against_losses_accepts_what_a_policy_for_masking_did() -> None:
    adapter = FakeAdapter("ada")
    policy = GovernancePolicy(on_lossy=OnLossy.REFUSE)
    async with a_builder(adapter, policy=policy).build() as runtime:
        assert (await runtime.run(a_request(KEY, model="ada:x"))).text


async def test_the_credential_of_the_call_is_masked_as_well() -> None:
    adapter = FakeAdapter("ada")
    async with a_builder(adapter).build() as runtime:
        options = CallOptions(credential=Secret("tenant-9-Kq7w2Zp4Vx"))
        await runtime.run(a_request("I am tenant-9-Kq7w2Zp4Vx!", model="ada:x"), options)
    assert b"I am [redacted: known_secret]!" in adapter.sent[0][0].body


async def test_a_call_that_stays_on_this_machine_is_left_as_it_is() -> None:
    adapter = FakeAdapter("ada")
    builder = ProviderRuntime.builder().with_adapter(adapter)
    builder = evolve(builder, settings=evolve(builder.settings, leakage=REDACTING))
    async with builder.build() as runtime:
        response = await runtime.run(a_request(KEY, model="ada:x"))
    assert KEY.encode() in adapter.sent[0][0].body
    assert "secret_redacted" not in {warning.code for warning in response.warnings}


async def test_a_finding_to_warn_of_is_sent_with_a_warning_that_quotes_nothing() -> None:
    adapter = FakeAdapter("ada")
    async with a_builder(adapter, LeakagePolicy(treatments={"vendor_key": "warn"})).build() as runtime:
        response = await runtime.run(a_request(KEY, model="ada:x"))
        (receipt,) = await runtime.receipts.list()
    warning = response.warnings[0]
    assert warning.code == "possible_secret_sent"
    assert KEY not in warning.message
    assert "possible_secret_sent" in receipt.record.warnings


async def test_a_finding_that_is_allowed_is_sent_without_a_word() -> None:
    adapter = FakeAdapter("ada")
    async with a_builder(adapter, LeakagePolicy(treatments={"vendor_key": "allow"})).build() as runtime:
        response = await runtime.run(a_request(KEY, model="ada:x"))
    assert [warning.code for warning in response.warnings] == ["pricing.missing_rule"]
