"""What OpenAI's model families take and refuse on this wire."""

import pytest
from chat_support import ACME, a_request, encoded, openai_codec, remarks, vendor_codec

from provider_runtime.adapters.wire.chat_completions.families import OPENAI_FAMILIES, family_for
from provider_runtime.domain.conversation.markers import CacheBoundary
from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.conversation.parts import TextPart
from provider_runtime.domain.conversation.request import (
    Effort,
    ModelRef,
    Reasoning,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.conversation.tools import ToolDefinition
from provider_runtime.domain.errors import IntentUnsupported

TOOL = ToolDefinition(name="f")
SAMPLING = {"temperature": 0.2, "frequency_penalty": 0.5, "presence_penalty": 0.5}


def effort_sent(model: str, wish: Reasoning | None, *tools: ToolDefinition) -> tuple[object, list[str]]:
    request = a_request(model=ModelRef(model_id=model), reasoning=wish, tools=tools)
    return encoded(openai_codec(), request).get("reasoning_effort"), remarks(openai_codec(), request)


@pytest.mark.parametrize(
    ("model", "wish", "sent", "remarked"),
    [
        ("gpt-5-nano", ReasoningEffort(Effort.MINIMAL), "minimal", []),
        ("gpt-5-mini", ReasoningEffort(Effort.MAX), "high", ["reasoning_approximated"]),
        ("gpt-5", ReasoningOff(), "minimal", ["reasoning_approximated"]),
        ("gpt-5.1", ReasoningOff(), "none", []),
        ("gpt-5.1-2025-11-13", ReasoningEffort(Effort.MINIMAL), "low", ["reasoning_approximated"]),
        ("gpt-5.4", ReasoningEffort(Effort.XHIGH), "xhigh", []),
        ("gpt-5.6-sol", ReasoningEffort(Effort.MAX), "max", []),
        ("o3-mini", ReasoningEffort(Effort.HIGH), "high", []),
        ("o4-mini", ReasoningBudget(max_tokens=100_000), "high", ["reasoning_approximated"]),
        ("gpt-4.1", ReasoningEffort(Effort.HIGH), None, ["dropped_control"]),
        ("ft:gpt-4o-mini:acme::1", ReasoningOff(), None, ["dropped_control"]),
        ("gpt-5-chat-latest", ReasoningEffort(Effort.LOW), None, ["dropped_control"]),
        ("gpt-5.1", None, None, []),
    ],
)
def test_the_effort_is_one_that_the_model_knows(
    model: str, wish: Reasoning | None, sent: str | None, remarked: list[str]
) -> None:
    assert effort_sent(model, wish) == (sent, remarked)


@pytest.mark.parametrize(
    ("model", "wish", "sent", "remarked"),
    [
        ("gpt-5.4", ReasoningEffort(Effort.HIGH), None, ["dropped_control"]),
        ("gpt-5.4", ReasoningOff(), "none", []),
        ("gpt-5.4", None, None, []),
        ("gpt-5.6-terra", ReasoningEffort(Effort.HIGH), "none", ["dropped_control"]),
        ("gpt-5.6-terra", None, "none", ["reasoning_approximated"]),
        ("gpt-5.6-terra", ReasoningOff(), "none", []),
        ("gpt-5", ReasoningEffort(Effort.LOW), "low", []),
    ],
)
def test_models_that_take_no_tools_while_reasoning_are_told_so(
    model: str, wish: Reasoning | None, sent: str | None, remarked: list[str]
) -> None:
    assert effort_sent(model, wish, TOOL) == (sent, remarked)


@pytest.mark.parametrize(
    ("model", "wish", "kept"),
    [
        ("gpt-4.1", None, True),
        ("gpt-5-chat-latest", None, True),
        ("gpt-5-nano", None, False),
        ("o3-mini", None, False),
        ("gpt-5.1", None, True),
        ("gpt-5.1", ReasoningEffort(Effort.LOW), False),
        ("gpt-5.5", None, False),
        ("gpt-5.5", ReasoningOff(), True),
        ("gpt-4o-search-preview", None, False),
    ],
)
def test_sampling_controls_are_left_out_where_a_reasoning_model_refuses_them(
    model: str,
    wish: Reasoning | None,
    kept: bool,  # noqa: FBT001 - a column of the table
) -> None:
    request = a_request(model=model, reasoning=wish, seed=1, **SAMPLING)
    body = encoded(openai_codec(), request)
    assert {name for name in SAMPLING if name in body} == (set(SAMPLING) if kept else set())
    assert remarks(openai_codec(), request) == ([] if kept else ["dropped_control"] * len(SAMPLING))
    assert body["seed"] == 1


def test_the_default_temperature_is_accepted_everywhere_and_sent() -> None:
    request = a_request(model="gpt-5-nano", temperature=1)
    assert encoded(openai_codec(), request)["temperature"] == 1
    assert remarks(openai_codec(), request) == []


def test_models_that_take_no_stop_sequences_refuse_them_before_sending() -> None:
    for model in ("o4-mini", "gpt-5-nano", "gpt-5.1", "gpt-5.2"):
        with pytest.raises(IntentUnsupported) as refused:
            openai_codec().encode(a_request(model=model, stop=("END",)), ACME)
        assert refused.value.field == "stop"
    for model in ("o3-mini", "gpt-5.5", "gpt-4.1"):
        assert encoded(openai_codec(), a_request(model=model, stop=("END",)))["stop"] == ["END"]


def test_the_o_series_is_not_told_about_parallel_calls() -> None:
    request = a_request(model="o3", tools=(TOOL,), parallel_tool_calls=False)
    assert "parallel_tool_calls" not in encoded(openai_codec(), request)
    assert remarks(openai_codec(), request) == ["dropped_control"]


def test_cache_boundaries_are_breakpoints_since_gpt_5_6() -> None:
    said = user(TextPart("Long.", cache=CacheBoundary()), "Short.")
    tool = ToolDefinition(name="f", cache=CacheBoundary())
    newer = a_request(said, model="gpt-5.6-sol", tools=(tool,), reasoning=ReasoningOff())
    content = encoded(openai_codec(), newer)["messages"][0]["content"]
    assert content[0] == {"type": "text", "text": "Long.", "prompt_cache_breakpoint": {"mode": "explicit"}}
    assert remarks(openai_codec(), newer) == ["dropped_cache_boundary"]
    older = a_request(said, model="gpt-4.1")
    assert encoded(openai_codec(), older)["messages"][0]["content"] == "Long.\nShort."


def test_families_belong_to_openai_and_no_other_server() -> None:
    request = a_request(model="gpt-5-nano", temperature=0.2)
    assert encoded(vendor_codec(), request)["temperature"] == 0.2
    assert "temperature" not in encoded(vendor_codec("azure"), request)


def test_every_model_has_a_family_and_longer_names_are_found_first() -> None:
    assert family_for("anything at all", OPENAI_FAMILIES).efforts == ()
    for family in OPENAI_FAMILIES:
        for prefix in family.prefixes:
            assert family_for(prefix, OPENAI_FAMILIES) is family, prefix
