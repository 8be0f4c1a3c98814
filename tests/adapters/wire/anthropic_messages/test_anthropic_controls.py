"""Tools, schemas, controls and options on the Messages wire."""

from typing import Any

import pytest
from anthropic_wire import ADAPTIVE, BOUND, CLASSIC, a_request, encoded, sent
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.wire.anthropic_messages.tools import enforceable
from provider_runtime.domain.conversation.messages import assistant, user
from provider_runtime.domain.conversation.request import (
    Effort,
    JsonObjectFormat,
    JsonSchemaFormat,
    ReasoningEffort,
)
from provider_runtime.domain.conversation.tools import (
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.conversation.validity import fault_of_request
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.domain.json_values import JsonObject, freeze_object

_TOOL = ToolDefinition(name="look", parameters_schema={"type": "object", "properties": {"at": {"type": "string"}}})
_NO_SCHEMAS = "claude-3-5-haiku-20241022"


def _refused(**fields: Any) -> IntentUnsupported | RequestInvalid:
    with pytest.raises((IntentUnsupported, RequestInvalid)) as refused:
        encoded(a_request(**fields))
    return refused.value


# ── tools ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["two words", "dotted.name", "x" * 129, "größe"])
def test_a_tool_name_that_the_api_refuses_is_refused_before(name: str) -> None:
    assert _refused(tools=(_TOOL, ToolDefinition(name=name))).field == "tools[1].name"


def test_a_schema_without_a_type_is_said_to_be_an_object() -> None:
    tool = ToolDefinition(name="look", parameters_schema={"properties": {}})
    assert sent(a_request(tools=(tool,)))["tools"][0]["input_schema"] == {"type": "object", "properties": {}}


def test_a_tool_whose_arguments_are_no_object_is_refused() -> None:
    tool = ToolDefinition(name="look", parameters_schema={"type": "array"})
    assert _refused(tools=(tool,)).field == "tools[0].parameters_schema"


def test_without_tools_there_is_no_choice_to_send() -> None:
    assert "tool_choice" not in sent(a_request(tool_choice=ToolChoiceNone(), parallel_tool_calls=False))


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (ToolChoiceAuto(), None, {"type": "auto"}),
        (ToolChoiceAuto(), True, {"type": "auto"}),
        (ToolChoiceAuto(), False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoiceNone(), False, {"type": "none"}),
        (ToolChoiceRequired(), None, {"type": "any"}),
        (ToolChoiceRequired(), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoiceSpecific("look"), None, {"type": "tool", "name": "look", "disable_parallel_tool_use": True}),
        (ToolChoiceSpecific("look"), True, {"type": "tool", "name": "look"}),
    ],
)
def test_the_choice_and_parallel_calls_share_one_field(choice: Any, parallel: Any, expected: Any) -> None:
    body = sent(a_request(tools=(_TOOL,), tool_choice=choice, parallel_tool_calls=parallel))
    assert body["tool_choice"] == expected


@pytest.mark.parametrize("choice", [ToolChoiceRequired(), ToolChoiceSpecific("look")])
def test_a_model_that_cannot_be_made_to_call_is_not_asked_to(choice: Any) -> None:
    assert _refused(model=BOUND, tools=(_TOOL,), tool_choice=choice).field == "tool_choice"


@pytest.mark.parametrize("choice", [ToolChoiceRequired(), ToolChoiceSpecific("look")])
def test_insisting_on_a_call_without_tools_is_found_before_encoding(choice: Any) -> None:
    assert isinstance(fault_of_request(a_request(tool_choice=choice)), RequestInvalid)


def test_a_strict_tool_is_closed_and_strict() -> None:
    tool = ToolDefinition(name="look", parameters_schema=_TOOL.parameters_schema, strict=True)
    sent_tool = sent(a_request(tools=(tool,)))["tools"][0]
    assert sent_tool["strict"] is True
    assert sent_tool["input_schema"]["additionalProperties"] is False


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "additionalProperties": True},
        {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}},
        {"type": "object", "properties": {"anything": True}},
    ],
)
def test_a_strict_tool_that_cannot_be_enforced_is_a_guide_and_said(schema: dict[str, Any]) -> None:
    body, warned = encoded(a_request(tools=(ToolDefinition(name="look", parameters_schema=schema, strict=True),)))
    assert body["tools"] == [{"name": "look", "input_schema": schema}]
    assert warned == ["tool_schema_not_strict_compatible_strict_disabled"]


def test_strict_is_dropped_and_said_where_schemas_are_not_enforced() -> None:
    body, warned = encoded(a_request(model=_NO_SCHEMAS, tools=(ToolDefinition(name="look", strict=True),)))
    assert "strict" not in body["tools"][0]
    assert warned == ["dropped_control"]


# ── schemas ─────────────────────────────────────────────────────────────────────────────────


def _schema(schema: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"response_format": JsonSchemaFormat(name="answer", schema=schema), **fields}


def test_objects_left_open_are_closed_at_every_level() -> None:
    schema = {
        "type": "object",
        "properties": {
            "one": {"type": "object", "properties": {}},
            "many": {"type": "array", "items": {"type": ["object", "null"]}},
            "some": {"anyOf": [{"type": "object"}, {"$ref": "#/$defs/shared"}]},
            "type": {"type": "string"},
        },
        "$defs": {"shared": {"type": "object"}},
    }
    sent_schema = sent(a_request(**_schema(schema)))["output_config"]["format"]["schema"]
    closed = [
        sent_schema,
        sent_schema["properties"]["one"],
        sent_schema["properties"]["many"]["items"],
        sent_schema["properties"]["some"]["anyOf"][0],
        sent_schema["$defs"]["shared"],
    ]
    assert all(one["additionalProperties"] is False for one in closed)
    assert sent_schema["properties"]["type"] == {"type": "string"}


def test_branches_that_must_all_hold_are_not_closed_against_each_other() -> None:
    held = enforceable(freeze_object({"allOf": [{"type": "object", "properties": {"a": {"type": "object"}}}]}))
    branch = held.schema["allOf"][0]
    assert "additionalProperties" not in branch
    assert branch["properties"]["a"] == {"type": "object", "additionalProperties": False}


def test_limits_that_the_api_refuses_are_left_out_and_said() -> None:
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 0, "maximum": 9},
            "s": {"type": "string", "maxLength": 3, "pattern": "^a"},
            "l": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "k": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "maximum": {"type": "string"},
        },
    }
    body, warned = encoded(a_request(**_schema(schema)))
    properties = body["output_config"]["format"]["schema"]["properties"]
    assert properties == {
        "n": {"type": "integer"},
        "s": {"type": "string", "pattern": "^a"},
        "l": {"type": "array", "items": {"type": "string"}},
        "k": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "maximum": {"type": "string"},
    }
    assert warned == ["schema_constraints_not_enforced"]


@pytest.mark.parametrize("extra", [True, {"type": "string"}])
def test_an_open_object_cannot_be_asked_for(extra: Any) -> None:
    schema = {"type": "object", "properties": {"map": {"type": "object", "additionalProperties": extra}}}
    assert _refused(**_schema(schema)).field == "response_format.schema"


def test_a_schema_is_refused_where_none_is_enforced() -> None:
    assert _refused(model=_NO_SCHEMAS, **_schema({"type": "object"})).field == "response_format"


def test_effort_and_schema_share_one_field() -> None:
    body = sent(a_request(model=ADAPTIVE, reasoning=ReasoningEffort(Effort.LOW), **_schema({"type": "string"})))
    assert body["output_config"] == {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "string"}}}


@pytest.mark.parametrize("wanted", [JsonObjectFormat(), JsonSchemaFormat(name="answer", schema={})])
def test_json_cannot_be_asked_for_in_the_middle_of_an_answer(wanted: Any) -> None:
    with pytest.raises(RequestInvalid):
        encoded(a_request(user("a"), assistant("{"), response_format=wanted))


def test_any_object_can_be_asked_for_of_every_model() -> None:
    body, warned = encoded(a_request(model=_NO_SCHEMAS, response_format=JsonObjectFormat()))
    assert "output_config" not in body
    assert "JSON object" in body["system"][-1]["text"]
    assert warned == ["json_object_by_instruction"]


@given(
    schema=st.recursive(
        st.fixed_dictionaries({"type": st.sampled_from(["object", "string", "array"])}),
        lambda inner: st.dictionaries(
            st.sampled_from(["properties", "items", "anyOf", "allOf", "minimum", "enum", "not"]),
            inner | st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
            max_size=3,
        ),
        max_leaves=8,
    )
)
def test_what_can_be_enforced_stays_so(schema: dict[str, Any]) -> None:
    once = enforceable(freeze_object(schema))
    again = enforceable(freeze_object(once.schema))
    assert isinstance(freeze_object(schema), JsonObject)
    assert (again.schema, again.loosened) == (once.schema, False) or once.open_object


# ── an assistant message at the end ─────────────────────────────────────────────────────────


def test_an_answer_is_continued_where_the_model_does_that() -> None:
    assert sent(a_request(user("a"), assistant("Well,")))["messages"][-1]["role"] == "assistant"
    with pytest.raises(IntentUnsupported) as refused:
        encoded(a_request(user("a"), assistant("Well,"), model=ADAPTIVE))
    assert refused.value.field == "messages"


# ── controls ────────────────────────────────────────────────────────────────────────────────


def test_temperature_above_one_is_lowered_and_said() -> None:
    body, warned = encoded(a_request(temperature=1.7))
    assert (body["temperature"], warned) == (1, ["clamped_control"])


def test_temperature_and_top_p_together_are_said_and_sent_where_they_are_taken() -> None:
    body, warned = encoded(a_request(model="claude-sonnet-4-20250514", temperature=0.2, top_p=0.9))
    assert (body["temperature"], body["top_p"]) == (0.2, 0.9)
    assert warned == ["both_temperature_and_top_p_set"]


def test_of_temperature_and_top_p_one_is_sent_where_only_one_is_taken() -> None:
    body, warned = encoded(a_request(model=CLASSIC, temperature=0.2, top_p=0.9))
    assert body["temperature"] == 0.2
    assert "top_p" not in body
    assert warned == ["both_temperature_and_top_p_set", "dropped_control"]


def test_controls_that_the_wire_does_not_know_are_dropped_one_warning_each() -> None:
    body, warned = encoded(a_request(seed=1, frequency_penalty=0.5, presence_penalty=0.5))
    assert set(body) == {"model", "max_tokens", "messages", "stream"}
    assert warned == ["dropped_control"] * 3


def test_a_stop_sequence_of_white_space_is_refused() -> None:
    assert _refused(stop=("END", "\n\n")).field == "stop[1]"


@pytest.mark.parametrize(
    ("metadata", "sent_as", "warned"),
    [
        ({"user_id": "u"}, {"user_id": "u"}, []),
        ({"user_id": "u", "team": "t", "job": "j"}, {"user_id": "u"}, ["dropped_unsupported_metadata_keys"]),
        ({"team": "t"}, None, ["dropped_unsupported_metadata_keys"]),
        ({"user_id": "u" * 513}, None, ["dropped_unsupported_metadata_keys"]),
    ],
)
def test_of_the_metadata_only_the_user_is_sent(metadata: dict[str, str], sent_as: Any, warned: list[str]) -> None:
    body, codes = encoded(a_request(metadata=metadata))
    assert (body.get("metadata"), codes) == (sent_as, warned)


def test_streaming_is_never_asked_for() -> None:
    assert sent(a_request())["stream"] is False


# ── options ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["stream", "model", "messages", "max_tokens", "temperature"])
def test_an_option_may_not_say_otherwise_than_the_request(name: str) -> None:
    refused = _refused(temperature=0.5, provider_options={"anthropic": {name: 1}})
    assert isinstance(refused, RequestInvalid)
    assert refused.field == f"provider_options.anthropic.{name}"


def test_an_option_may_say_what_the_request_leaves_open() -> None:
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    assert sent(a_request(provider_options={"anthropic": {"tools": tools}}))["tools"] == tools


def test_options_of_others_are_not_sent() -> None:
    assert sent(a_request(provider_options={"openai": {"service_tier": "flex"}})) == sent(a_request())
