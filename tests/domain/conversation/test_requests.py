"""Requests: what cannot be right is refused where it is written."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.conversation.request import (
    JsonSchemaFormat,
    ModelRef,
    ReasoningBudget,
    ReasoningEffort,
)
from provider_runtime.domain.conversation.tools import ToolChoiceSpecific, ToolDefinition
from provider_runtime.domain.identity import ANTHROPIC, OPENAI, ProviderId
from provider_runtime.domain.json_values import JsonObject
from provider_runtime.testing.builders import a_request, a_tool
from provider_runtime.testing.strategies import json_objects, model_refs, provider_ids

# ── model references ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "provider", "model_id"),
    [
        ("anthropic:claude-sonnet-4-5", ANTHROPIC, "claude-sonnet-4-5"),
        ("gpt-5", None, "gpt-5"),
        ("acme-vllm:meta/llama:70b", ProviderId("acme-vllm"), "meta/llama:70b"),
        ("openrouter:openai/gpt-5:free", ProviderId("openrouter"), "openai/gpt-5:free"),
    ],
)
def test_the_first_colon_splits_provider_and_model(text: str, provider: ProviderId | None, model_id: str) -> None:
    reference = ModelRef.parse(text)
    assert reference == ModelRef(model_id=model_id, provider_hint=provider)
    assert str(reference) == text


@pytest.mark.parametrize("text", ["", ":", "openai:", ":gpt-5", "open ai:gpt-5", "/etc:passwd"])
def test_half_a_reference_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"provider:model|ProviderId|model_id"):
        ModelRef.parse(text)


@given(model_refs())
def test_a_reference_with_a_hint_reads_back_as_it_prints(reference: ModelRef) -> None:
    if reference.provider_hint is not None:
        assert ModelRef.parse(str(reference)) == reference


def test_a_request_takes_its_model_as_text() -> None:
    assert a_request(model="openai:gpt-5").model == ModelRef(model_id="gpt-5", provider_hint=OPENAI)


# ── controls ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("temperature", (0, 0.7, 2), (-0.1, 2.1, math.nan, math.inf, 10**400, "1", True)),
        ("top_p", (0, 1), (1.5, "1")),
        ("top_k", (1, 10**6), (0, 1.0, True)),
        ("max_output_tokens", (1, 2**32 - 1), (0, 2**32, 1.5)),
        ("seed", (-(2**63), 0, 2**64 - 1), (2**64, 0.5, "1")),
        ("frequency_penalty", (-2, 2), (-2.5, "x")),
        ("presence_penalty", (-2, 2), (3,)),
        ("parallel_tool_calls", (True, False), (1, "yes")),
        ("stop", ((), ["a", "b"]), ("a", [""], [1])),
        ("metadata", ({"a": "b"}, {}), ({"a": 1}, ["a"], {1: "a"})),
        ("provider_options", ({"openai": {"x": 1}}, {}), ({"openai": 1}, {"open ai": {}}, {"": {}})),
        ("tools", ([],), ([{"name": "x"}], "tools")),
        ("messages", (), ((), [], ["hello"], "hello")),
    ],
)
def test_a_control_that_cannot_be_right_is_refused_by_name(
    field: str, good: tuple[object, ...], bad: tuple[object, ...]
) -> None:
    for value in good:
        assert getattr(a_request(**{field: value}), field) is not None
    for value in bad:
        with pytest.raises((ValueError, TypeError)):
            a_request(**{field: value})


def test_an_error_about_a_control_names_it() -> None:
    with pytest.raises(ValueError, match="temperature must be between 0 and 2, got 3"):
        a_request(temperature=3)
    with pytest.raises(ValueError, match="messages must not be empty"):
        a_request(messages=())


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"get_weather.*twice"):
        a_request(tools=[a_tool(), a_tool()])


def test_labels_are_sorted_and_options_are_not() -> None:
    request = a_request(metadata={"b": "1", "a": "2"}, provider_options={OPENAI: {"b": 1, "a": 2}})
    assert list(request.metadata) == ["a", "b"]
    assert list(request.options_for(OPENAI)) == ["b", "a"]


@given(st.dictionaries(provider_ids(), json_objects(), max_size=3), provider_ids())
def test_options_reach_only_the_provider_they_are_for(options: dict[ProviderId, JsonObject], other: ProviderId) -> None:
    request = a_request(provider_options=options)
    assert request.options_for(other) == options.get(other, {})
    assert all(request.options_for(provider) == fields for provider, fields in options.items())


def test_schemas_keep_the_order_of_their_keys() -> None:
    keys = ["zebra", "apple", "mango"]
    schema = {"type": "object", "properties": {key: {"type": "string"} for key in keys}}
    for kept in (a_tool(parameters_schema=schema).parameters_schema, JsonSchemaFormat(name="x", schema=schema).schema):
        properties: Any = kept["properties"]
        assert list(properties) == keys


def test_a_tool_without_parameters_takes_an_empty_object() -> None:
    assert ToolDefinition(name="now").parameters_schema == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: ToolDefinition(name=""),
        lambda: ToolDefinition(name="x", parameters_schema=[]),
        lambda: ToolChoiceSpecific(""),
        lambda: JsonSchemaFormat(name="", schema={}),
        lambda: ReasoningBudget(0),
        lambda: ReasoningEffort("enormous"),
    ],
)
def test_parts_of_a_request_that_cannot_be_right_are_refused(mistake: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        mistake()
