"""The canonical form: how each value is written, and the short ways in which people may write it."""

from decimal import Decimal
from typing import Any

import pytest
from cattrs import Converter

from provider_runtime.adapters.serialization import (
    make_converter,
    read_json,
    request_from_json,
    request_to_json,
    structure,
    to_json,
)
from provider_runtime.adapters.serialization.tags import TAGS, is_tagged_union, members
from provider_runtime.domain.conversation.markers import CacheBoundary, CacheTtl, Signature
from provider_runtime.domain.conversation.messages import Message, assistant, tool_result, user
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    ContentPart,
    DocumentPart,
    ImageDetail,
    ImagePart,
    InlineData,
    MediaSource,
    MediaUrl,
    ProviderFile,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResult,
    ToolResultContent,
    ToolResultJson,
    ToolResultParts,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import (
    Effort,
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelRef,
    ProviderRequest,
    Reasoning,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
    ResponseFormat,
    TextFormat,
)
from provider_runtime.domain.conversation.response import FinishReason
from provider_runtime.domain.conversation.tools import (
    ToolCall,
    ToolChoice,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
)
from provider_runtime.domain.conversation.usage import CostBreakdown, PricingSource, Usage
from provider_runtime.domain.identity import ANTHROPIC, OPENAI, ProviderId
from provider_runtime.testing.builders import a_request, a_response, a_tool, an_image


@pytest.fixture(scope="module")
def converter() -> Converter:
    return make_converter()


def _written(converter: Converter, value: object) -> Any:
    return read_json(to_json(converter, value))


_SIGNATURE = Signature(provider=ANTHROPIC, wire="anthropic_messages", value="opaque")
_SIGNED = {"provider": "anthropic", "wire": "anthropic_messages", "value": "opaque"}

_FORMS: list[tuple[Any, Any, Any]] = [
    (ContentPart, TextPart("hi"), {"type": "text", "text": "hi"}),
    (
        ContentPart,
        TextPart("hi", citations=(Citation(url="https://a"),), cache=CacheBoundary(ttl=CacheTtl.ONE_HOUR)),
        {"type": "text", "text": "hi", "citations": [{"url": "https://a"}], "cache": {"ttl": {"type": "1h"}}},
    ),
    (
        ContentPart,
        ImagePart(source=InlineData(media_type="image/png", data=b"\x00\xff"), detail=ImageDetail.LOW),
        {
            "type": "image",
            "source": {"type": "inline", "media_type": "image/png", "data": "AP8="},
            "detail": {"type": "low"},
        },
    ),
    (
        ContentPart,
        DocumentPart(source=MediaUrl(url="https://a/b.pdf"), name="b.pdf"),
        {"type": "document", "source": {"type": "url", "url": "https://a/b.pdf"}, "name": "b.pdf"},
    ),
    (
        ContentPart,
        AudioPart(source=ProviderFile(file_id="f1", provider=OPENAI), transcript="hm"),
        {
            "type": "audio",
            "source": {"type": "file", "file_id": "f1", "provider": "openai"},
            "transcript": "hm",
        },
    ),
    (
        ContentPart,
        ThinkingPart(text="hm", provider=ANTHROPIC, signature=_SIGNATURE),
        {"type": "thinking", "text": "hm", "signature": _SIGNED, "provider": "anthropic"},
    ),
    (
        ContentPart,
        ThinkingPart(redacted=True, signature=_SIGNATURE),
        {"type": "thinking", "signature": _SIGNED, "redacted": True},
    ),
    (
        ContentPart,
        ToolCallPart(ToolCall(id="c1", name="f")),
        {"type": "tool_call", "tool_call": {"id": "c1", "name": "f", "arguments_json": {}}},
    ),
    (
        ContentPart,
        tool_result("c1", {"a": None}, is_error=True).content[0],
        {
            "type": "tool_result",
            "tool_result": {"tool_call_id": "c1", "content": {"type": "json", "value": {"a": None}}, "is_error": True},
        },
    ),
    (ContentPart, RefusalPart("no"), {"type": "refusal", "text": "no"}),
    (ToolResultContent, ToolResultText("21"), {"type": "text", "text": "21"}),
    (ToolResultContent, ToolResultJson(None), {"type": "json", "value": None}),
    (
        ToolResultContent,
        ToolResultParts((TextPart("a"),)),
        {"type": "parts", "parts": [{"type": "text", "text": "a"}]},
    ),
    (ToolChoice, ToolChoiceAuto(), {"type": "auto"}),
    (ToolChoice, ToolChoiceNone(), {"type": "none"}),
    (ToolChoice, ToolChoiceRequired(), {"type": "required"}),
    (ToolChoice, ToolChoiceSpecific("x"), {"type": "specific", "name": "x"}),
    (ResponseFormat, TextFormat(), {"type": "text"}),
    (ResponseFormat, JsonObjectFormat(), {"type": "json_object"}),
    (
        ResponseFormat,
        JsonSchemaFormat(name="x", schema={"type": "object"}),
        {"type": "json_schema", "name": "x", "schema": {"type": "object"}, "strict": True},
    ),
    (Reasoning, ReasoningEffort(Effort.HIGH), {"type": "effort", "effort": {"type": "high"}}),
    (Reasoning, ReasoningBudget(1024), {"type": "budget", "max_tokens": 1024}),
    (Reasoning, ReasoningOff(), {"type": "off"}),
    (Message, user("hi"), {"role": {"type": "user"}, "content": [{"type": "text", "text": "hi"}]}),
    (Message, assistant(), {"role": {"type": "assistant"}, "content": []}),
    (ModelRef, ModelRef.parse("openai:gpt-5"), {"model_id": "gpt-5", "provider_hint": "openai"}),
    (ModelRef, ModelRef.parse("gpt-5"), {"model_id": "gpt-5"}),
    (FinishReason, FinishReason.TOOL_CALLS, {"type": "tool_calls"}),
    (PricingSource, PricingSource.PROVIDER_REPORTED, {"type": "provider_reported"}),
    (Usage, Usage(input_tokens=0, output_tokens=3), {"input_tokens": 0, "output_tokens": 3}),
    (Usage, Usage(), {}),
    (
        CostBreakdown,
        CostBreakdown(
            input_cost=Decimal("0.10"),
            output_cost=Decimal("1E-7"),
            total_cost=Decimal("0.1000001"),
            pricing_source=PricingSource.MIXED,
        ),
        {
            "input_cost": "0.10",
            "output_cost": "1E-7",
            "total_cost": "0.1000001",
            "pricing_source": {"type": "mixed"},
            "currency": "USD",
        },
    ),
]


@pytest.mark.parametrize(("kind", "value", "form"), _FORMS, ids=[repr(form)[:60] for _, _, form in _FORMS])
def test_each_value_has_one_written_form(converter: Converter, kind: Any, value: Any, form: Any) -> None:
    assert _written(converter, value) == form
    assert structure(converter, kind, form) == value


def test_every_part_of_a_message_and_every_choice_has_a_tag() -> None:
    for union in (ContentPart, MediaSource, ToolResultContent, ToolChoice, ResponseFormat, Reasoning):
        assert is_tagged_union(union)
        tags = [TAGS[member] for member in members(union)]
        assert len(set(tags)) == len(tags)


def test_a_whole_request_is_written_like_this(converter: Converter) -> None:
    assert read_json(request_to_json(converter, a_request("Say hello."))) == {
        "model": {"model_id": "gpt-5-mini"},
        "messages": [{"role": {"type": "user"}, "content": [{"type": "text", "text": "Say hello."}]}],
        "tool_choice": {"type": "auto"},
        "response_format": {"type": "text"},
    }


def test_what_is_absent_or_empty_is_left_out(converter: Converter) -> None:
    request = a_request(tools=[], stop=[], metadata={}, provider_options={}, temperature=None)
    written = read_json(request_to_json(converter, request))
    assert set(written) == {"model", "messages", "tool_choice", "response_format"}
    assert request_from_json(converter, request_to_json(converter, request)) == request
    response = _written(converter, a_response(warnings=(), cost=None))
    assert set(response) == {"output", "provider", "model", "finish_reason", "usage"}


def test_zero_and_false_are_something_where_nothing_is_another_thing(converter: Converter) -> None:
    request = a_request(temperature=0, seed=0, parallel_tool_calls=False)
    written = read_json(request_to_json(converter, request))
    assert (written["temperature"], written["seed"], written["parallel_tool_calls"]) == (0, 0, False)


def test_schemas_are_written_in_their_own_order(converter: Converter) -> None:
    schema = {"type": "object", "properties": {"zebra": {}, "apple": {}}}
    written = request_to_json(converter, a_request(tools=[a_tool(parameters_schema=schema)]))
    assert b'{"type":"object","properties":{"zebra":{},"apple":{}}}' in written


# ── short ways to write ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "short", "value"),
    [
        (ModelRef, "anthropic:claude-sonnet-4-5", ModelRef(model_id="claude-sonnet-4-5", provider_hint=ANTHROPIC)),
        (ModelRef, "gpt-5", ModelRef(model_id="gpt-5")),
        (Message, {"role": "user", "content": "hi"}, user("hi")),
        (Message, {"role": "user", "content": ["a", {"type": "text", "text": "b"}]}, user("a", "b")),
        (ContentPart, "text", TextPart("text")),
        (ToolResultContent, "json", ToolResultText("json")),
        (
            ToolResult,
            {"tool_call_id": "c", "content": {"type": "parts", "parts": ["a"]}},
            ToolResult(tool_call_id="c", content=ToolResultParts((TextPart("a"),))),
        ),
        (ToolChoice, "none", ToolChoiceNone()),
        (ResponseFormat, "json_object", JsonObjectFormat()),
        (Reasoning, "off", ReasoningOff()),
        (Reasoning, {"type": "effort", "effort": "low"}, ReasoningEffort(Effort.LOW)),
        (FinishReason, "stop", FinishReason.STOP),
        (ProviderId, "openai", OPENAI),
        (ProviderId, {"type": "openai"}, OPENAI),
        (ProviderId, {"type": "other", "name": "acme"}, ProviderId("acme")),
        (Decimal, 3, Decimal(3)),
    ],
)
def test_people_may_write_less(converter: Converter, kind: Any, short: Any, value: Any) -> None:
    assert structure(converter, kind, short) == value


def test_a_request_by_hand(converter: Converter) -> None:
    body = b"""{
      "model": "openai:gpt-5",
      "messages": [
        {"role": "system", "content": "Be terse."},
        {"role": "user", "content": ["What is this?",
          {"type": "image", "source": {"type": "inline", "media_type": "image/png", "data": "iVBORw0K"}}]}
      ],
      "tools": [{"name": "get_weather"}],
      "tool_choice": "required",
      "reasoning": {"type": "effort", "effort": "high"},
      "temperature": 1
    }"""
    request = request_from_json(converter, body)
    assert isinstance(request, ProviderRequest)
    assert request.model == ModelRef.parse("openai:gpt-5")
    image = request.messages[1].content[1]
    assert isinstance(image, ImagePart)
    assert image.source == an_image().source
    assert request.tool_choice == ToolChoiceRequired()
