"""Preparation: validity, handoff, the bytes; and what policy makes of a loss."""

import pytest

from provider_runtime import (
    CallRefused,
    CallWarning,
    ErrorCode,
    GovernancePolicy,
    JsonSchemaFormat,
    ProviderRuntime,
    RequestInvalid,
    ThinkingPart,
    ToolCallPart,
    assistant,
    tool_result,
    user,
)
from provider_runtime.adapters.schemas import best_validator
from provider_runtime.application.preparation import Preparation
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.policy.governance import OnLossy
from provider_runtime.testing.builders import a_request, a_tool, a_tool_call
from provider_runtime.testing.fakes import EventRecorder, FakeAdapter, FakeTokens
from provider_runtime.testing.stages import a_prepared_call

THOUGHT_ELSEWHERE = (user("x"), assistant(ThinkingPart(text="Hmm.", provider="other"), "Yes."), user("y"))
INVALID = {
    "a result without its call": a_request(model="ada:x", messages=(user("x"), tool_result("call_9", "y"))),
    "a call without its result": a_request(
        model="ada:x", messages=(user("x"), assistant(ToolCallPart(a_tool_call())), user("y"))
    ),
    "a tool whose schema is none": a_request(model="ada:x", tools=[a_tool(parameters_schema={"type": "nonsense"})]),
    "a format whose schema is none": a_request(
        model="ada:x", response_format=JsonSchemaFormat(name="s", schema={"required": 1})
    ),
}


@pytest.mark.parametrize("case", INVALID)
async def test_a_request_that_contradicts_itself_is_refused_before_any_gate_or_byte(case: str) -> None:
    adapter, events, tokens = FakeAdapter("ada"), EventRecorder(), FakeTokens()
    builder = ProviderRuntime.builder().with_adapter(adapter).with_event_sink(events).with_token_provider(tokens)
    async with builder.build() as runtime:
        with pytest.raises(RequestInvalid) as refused:
            await runtime.run(INVALID[case])
        with pytest.raises(RequestInvalid):
            await runtime.explain(INVALID[case])
        (receipt,) = await runtime.receipts.list()
    assert refused.value.field
    assert refused.value.remedy
    assert (adapter.sent, tokens.asked) == ([], [])
    assert (receipt.record.outcome, receipt.record.request_digest) == ("refused", None)
    assert events.kinds == ("call_started", "call_refused")


async def test_what_handoff_rewrites_is_announced_in_the_response_and_in_the_receipt() -> None:
    async with ProviderRuntime.builder().with_adapter(FakeAdapter("ada")).build() as runtime:
        response = await runtime.run(a_request(model="ada:x", messages=THOUGHT_ELSEWHERE))
        (receipt,) = await runtime.receipts.list()
    assert [warning.code for warning in response.warnings] == ["handoff_thinking_as_text", "pricing.missing_rule"]
    assert receipt.record.warnings == ("handoff_thinking_as_text", "pricing.missing_rule")


async def test_warnings_come_in_the_order_in_which_things_happened() -> None:
    adapter = FakeAdapter("ada", warnings=(warn(WarningCode.DROPPED_CONTROL, "seed was left out"),))
    async with ProviderRuntime.builder().with_adapter(adapter).build() as runtime:
        response = await runtime.run(a_request(model="ada:x", messages=THOUGHT_ELSEWHERE))
    assert [warning.code for warning in response.warnings] == [
        "handoff_thinking_as_text",
        "dropped_control",
        "pricing.missing_rule",
    ]


@pytest.mark.parametrize(
    ("request_", "warnings", "lost"),
    [
        (a_request(model="ada:x", messages=THOUGHT_ELSEWHERE), (), "handoff_thinking_as_text"),
        (a_request(model="ada:x"), (warn(WarningCode.DROPPED_CONTROL, "x"),), "dropped_control"),
        (a_request(model="ada:x"), (CallWarning("a_code_nobody_has_seen", "x"),), "a_code_nobody_has_seen"),
    ],
)
async def test_a_policy_against_losses_refuses_them_by_code_before_sending(
    request_: object, warnings: tuple[CallWarning, ...], lost: str
) -> None:
    adapter = FakeAdapter("ada", warnings=warnings)
    policy = GovernancePolicy(on_lossy=OnLossy.REFUSE)
    async with ProviderRuntime.builder().with_adapter(adapter).with_policy(policy).build() as runtime:
        with pytest.raises(CallRefused) as refused:
            await runtime.run(request_)  # type: ignore[arg-type]  # requests all of them
    assert refused.value.code is ErrorCode.LOSSY_CONVERSION
    assert lost in refused.value.message
    assert adapter.sent == []


@pytest.mark.parametrize(
    "code",
    [
        WarningCode.DEFAULT_MAX_TOKENS_APPLIED,
        WarningCode.TOOL_RESULT_COERCED,
        WarningCode.HANDOFF_TOOL_ID_REWRITTEN,
        WarningCode.BOTH_TEMPERATURE_AND_TOP_P_SET,
    ],
)
async def test_a_policy_against_losses_lets_a_mere_choice_pass(code: WarningCode) -> None:
    adapter = FakeAdapter("ada", warnings=(warn(code, "x"),))
    policy = GovernancePolicy(on_lossy=OnLossy.REFUSE)
    async with ProviderRuntime.builder().with_adapter(adapter).with_policy(policy).build() as runtime:
        assert (await runtime.run(a_request(model="ada:x"))).text


def test_preparing_twice_gives_the_same_bytes() -> None:
    routed = a_prepared_call().routed
    preparation = Preparation(policy=GovernancePolicy(), schemas=best_validator())
    assert preparation.prepare(routed) == preparation.prepare(routed)
