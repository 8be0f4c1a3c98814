"""Thinking and the allowance it shares with the answer, for each kind of model."""

from typing import Any

import pytest
from anthropic_wire import ADAPTIVE, BOUND, CLASSIC, a_request, encoded, sent
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.wire.anthropic_messages.codec import AnthropicMessagesCodec
from provider_runtime.adapters.wire.anthropic_messages.families import FAMILIES
from provider_runtime.domain.conversation.messages import assistant, tool_result, user
from provider_runtime.domain.conversation.parts import ToolCallPart
from provider_runtime.domain.conversation.request import Effort, ReasoningBudget, ReasoningEffort, ReasoningOff
from provider_runtime.domain.conversation.tools import ToolCall, ToolChoiceRequired, ToolDefinition
from provider_runtime.domain.errors import RequestInvalid

_TOOL = ToolDefinition(name="look")


def _thinking(**fields: Any) -> tuple[Any, Any, list[str]]:
    body, warned = encoded(a_request(**fields))
    return body.get("thinking"), body.get("output_config"), warned


def test_without_a_limit_the_catalogs_is_taken_and_said() -> None:
    codec = AnthropicMessagesCodec(output_limits={CLASSIC: 64000})
    body, warned = encoded(a_request(max_output_tokens=None), codec)
    assert (body["max_tokens"], warned) == (64000, ["default_max_tokens_applied"])


def test_without_any_known_limit_4096_is_taken_and_said() -> None:
    body, warned = encoded(a_request(max_output_tokens=None))
    assert (body["max_tokens"], warned) == (4096, ["default_max_tokens_applied"])


def test_a_limit_asked_for_beats_the_catalogs() -> None:
    assert (
        sent(a_request(max_output_tokens=7), AnthropicMessagesCodec(output_limits={CLASSIC: 64000}))["max_tokens"] == 7
    )


def test_a_budget_is_sent_as_it_is() -> None:
    thinking, _, warned = _thinking(reasoning=ReasoningBudget(2000), max_output_tokens=2001)
    assert (thinking, warned) == ({"type": "enabled", "budget_tokens": 2000}, [])


def test_a_budget_without_a_limit_gets_room_for_the_answer() -> None:
    body, _ = encoded(a_request(reasoning=ReasoningBudget(20000), max_output_tokens=None))
    assert body["max_tokens"] > body["thinking"]["budget_tokens"] == 20000


@pytest.mark.parametrize("limit", [2000, 1500])
def test_a_budget_that_leaves_nothing_for_the_answer_is_refused(limit: int) -> None:
    with pytest.raises(RequestInvalid) as refused:
        encoded(a_request(reasoning=ReasoningBudget(2000), max_output_tokens=limit))
    assert refused.value.field == "reasoning"
    assert refused.value.remedy


def test_a_budget_above_the_models_own_limit_is_refused() -> None:
    codec = AnthropicMessagesCodec(output_limits={CLASSIC: 1500})
    with pytest.raises(RequestInvalid):
        encoded(a_request(reasoning=ReasoningBudget(2000), max_output_tokens=None), codec)


def test_a_budget_below_the_least_is_raised_and_said() -> None:
    thinking, _, warned = _thinking(reasoning=ReasoningBudget(10), max_output_tokens=4000)
    assert (thinking["budget_tokens"], warned) == (1024, ["reasoning_approximated"])


def test_the_least_budget_is_not_forced_into_a_smaller_answer() -> None:
    thinking, _, warned = _thinking(reasoning=ReasoningBudget(10), max_output_tokens=500)
    assert thinking is None
    assert "dropped_control" in warned


def test_a_budget_becomes_effort_where_budgets_are_refused() -> None:
    thinking, config, warned = _thinking(model=ADAPTIVE, reasoning=ReasoningBudget(9000))
    assert (thinking, config, warned) == ({"type": "adaptive"}, {"effort": "medium"}, ["reasoning_approximated"])


def test_effort_becomes_a_budget_where_effort_is_unknown() -> None:
    thinking, config, warned = _thinking(reasoning=ReasoningEffort(Effort.MEDIUM), max_output_tokens=50000)
    assert (thinking, config, warned) == (
        {"type": "enabled", "budget_tokens": 8192},
        None,
        ["reasoning_approximated"],
    )


def test_both_are_native_where_both_are_known() -> None:
    assert _thinking(model="claude-opus-4-6", reasoning=ReasoningEffort(Effort.MAX)) == (
        {"type": "adaptive"},
        {"effort": "max"},
        [],
    )
    assert _thinking(model="claude-opus-4-6", reasoning=ReasoningBudget(2000), max_output_tokens=3000) == (
        {"type": "enabled", "budget_tokens": 2000},
        None,
        [],
    )


@pytest.mark.parametrize(
    ("model", "asked", "got"),
    [
        (ADAPTIVE, Effort.MINIMAL, "low"),
        (ADAPTIVE, Effort.XHIGH, "xhigh"),
        ("claude-opus-4-6", Effort.XHIGH, "high"),
        (BOUND, Effort.MAX, "max"),
    ],
)
def test_an_effort_that_the_model_does_not_know_becomes_the_nearest_below(model: str, asked: Effort, got: str) -> None:
    _, config, warned = _thinking(model=model, reasoning=ReasoningEffort(asked))
    assert config == {"effort": got}
    assert warned == ([] if asked.value == got else ["reasoning_approximated"])


@pytest.mark.parametrize(
    ("model", "thinking", "warned"),
    [
        ("claude-3-5-haiku-20241022", None, []),
        (CLASSIC, {"type": "disabled"}, []),
        ("claude-opus-4-7", None, []),
        ("claude-opus-5", {"type": "disabled"}, []),
        ("claude-sonnet-5-5", {"type": "between_tools"}, ["reasoning_approximated"]),
        (BOUND, None, ["dropped_control"]),
    ],
)
def test_thinking_is_switched_off_as_each_model_understands_it(model: str, thinking: Any, warned: list[str]) -> None:
    assert _thinking(model=model, reasoning=ReasoningOff()) == (thinking, None, warned)


def test_a_model_that_does_not_think_is_not_asked_to() -> None:
    assert _thinking(model="claude-3-5-haiku-20241022", reasoning=ReasoningEffort(Effort.HIGH)) == (
        None,
        None,
        ["dropped_control"],
    )


def test_thinking_gives_way_to_a_tool_call_that_is_insisted_on() -> None:
    thinking, _, warned = _thinking(
        reasoning=ReasoningBudget(2000), max_output_tokens=4000, tools=(_TOOL,), tool_choice=ToolChoiceRequired()
    )
    assert (thinking, warned) == (None, ["dropped_control"])


def test_thinking_gives_way_to_an_answer_that_is_continued() -> None:
    body, warned = encoded(
        a_request(user("Hi"), assistant("Well"), reasoning=ReasoningBudget(2000), max_output_tokens=4000)
    )
    assert "thinking" not in body
    assert warned == ["dropped_control"]


def test_thinking_does_not_begin_in_the_middle_of_a_tool_turn() -> None:
    call = ToolCall(id="t1", name="look")
    body, warned = encoded(
        a_request(
            user("Hi"),
            assistant(ToolCallPart(call)),
            tool_result(call, "ok"),
            tools=(_TOOL,),
            reasoning=ReasoningBudget(2000),
            max_output_tokens=4000,
        )
    )
    assert "thinking" not in body
    assert warned == ["dropped_control"]


def test_sampling_controls_give_way_to_thinking() -> None:
    body, warned = encoded(a_request(temperature=0.5, top_k=3, reasoning=ReasoningBudget(2000), max_output_tokens=4000))
    assert not {"temperature", "top_k"} & set(body)
    assert warned == ["dropped_control", "dropped_control"]


_REASONING = st.one_of(
    st.builds(ReasoningEffort, st.sampled_from(Effort)),
    st.builds(ReasoningBudget, st.integers(1, 100_000)),
    st.just(ReasoningOff()),
)


@given(
    family=st.sampled_from(FAMILIES),
    reasoning=_REASONING,
    asked=st.none() | st.integers(1, 100_000),
    limit=st.none() | st.integers(1, 128_000),
)
def test_whatever_is_asked_the_answer_has_room_and_what_is_not_sent_is_said(
    family: Any, reasoning: Any, asked: int | None, limit: int | None
) -> None:
    codec = AnthropicMessagesCodec(output_limits={family.example: limit} if limit else {})
    request = a_request(model=family.example, reasoning=reasoning, max_output_tokens=asked)
    allowance = asked or limit
    try:
        body, warned = encoded(request, codec)
    except RequestInvalid:
        contradicts = isinstance(reasoning, ReasoningBudget) and allowance and reasoning.max_tokens >= allowance
        if not contradicts:
            raise
        return
    thinking = body.get("thinking", {"type": None})
    assert body["max_tokens"] >= 1
    if thinking["type"] == "enabled":
        assert 1024 <= thinking["budget_tokens"] < body["max_tokens"]
    if thinking["type"] is None and not isinstance(reasoning, ReasoningOff):
        assert "dropped_control" in warned
    assert ("effort" in body.get("output_config", {})) == (thinking["type"] == "adaptive")
