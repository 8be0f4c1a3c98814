"""Reasoning: asked for in each dialect's words, read, and sent back so that nothing signed is lost."""

from typing import Any

import pytest
from chat_support import (
    ACME,
    a_reply,
    a_request,
    decoded,
    encoded,
    openai_codec,
    openrouter_codec,
    prepared,
    remarks,
    said,
    vendor_codec,
)

from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.markers import Signature
from provider_runtime.domain.conversation.messages import assistant, tool_result, user
from provider_runtime.domain.conversation.parts import TextPart, ThinkingPart, ToolCallPart
from provider_runtime.domain.conversation.request import (
    Effort,
    Reasoning,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.conversation.tools import ToolCall, ToolDefinition
from provider_runtime.domain.identity import ProviderId

DETAILS: list[dict[str, Any]] = [
    {"type": "reasoning.summary", "summary": "About Oslo.", "id": "rs_1", "format": "openai-responses-v1", "index": 0},
    {"type": "reasoning.encrypted", "data": "Z0FB", "id": "rs_1", "format": "openai-responses-v1", "index": 0},
    {"index": 1, "signature": "c2ln", "format": None, "text": "Grüße\n", "type": "reasoning.text"},
    {"type": "reasoning.text", "text": None, "format": "unknown", "index": 2},
    {"type": "reasoning.text", "text": "", "signature": "hidden", "index": 3},
    {"type": "reasoning.server_tool_call", "tool_name": "fusion", "arguments": "{}", "result": "{}", "index": 4},
    {"type": "reasoning.encrypted", "format": "google-gemini-v1", "index": 5},
    {"unheard_of": [1, {"deep": None}]},
]


def after(answer: dict[str, Any], codec: Any = None) -> dict[str, Any]:
    """The assistant message that goes back after ``answer``, as the wire sees it."""
    codec = codec or openrouter_codec()
    response = codec.decode(a_reply(answer), prepared())
    messages = (user("?"), response.message, *(tool_result(call, "4") for call in response.tool_calls), user("And?"))
    handed = hand_off(messages, codec.handoff_target(ACME, "some-model"))
    assert handed.losses == ()
    tools = tuple(ToolDefinition(name=name) for name in {call.name: None for call in response.tool_calls})
    request = a_request(*handed.messages, tools=tools)
    assert remarks(codec, request) == []
    message: dict[str, Any] = encoded(codec, request)["messages"][1]
    return message


def test_reasoning_details_go_back_unmodified_and_in_order() -> None:
    sent = after(said("Grey.", reasoning="About Oslo.", reasoning_details=DETAILS))
    assert sent["reasoning_details"] == DETAILS
    assert [list(detail) for detail in sent["reasoning_details"]] == [list(detail) for detail in DETAILS]
    assert sent["content"] == "Grey."
    assert "reasoning" not in sent


def test_reasoning_details_go_back_beside_tool_calls_and_to_any_dialect() -> None:
    call = {"id": "tool_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    for codec in (openrouter_codec(), vendor_codec(), openai_codec()):
        sent = after(said(None, reasoning_details=DETAILS, tool_calls=[call]), codec)
        assert sent["reasoning_details"] == DETAILS
        assert sent["tool_calls"] == [call]
        assert sent["content"] is None


def test_each_detail_is_one_thinking_part_with_its_readable_text() -> None:
    parts = decoded(said("x", reasoning_details=DETAILS)).output.content[: len(DETAILS)]
    thoughts = [part for part in parts if isinstance(part, ThinkingPart)]
    assert [part.text for part in thoughts] == ["About Oslo.", "", "Grüße\n", "", "", "", "", ""]
    assert [part.redacted for part in thoughts] == [not part.text for part in thoughts]
    assert all(part.provider == ACME and part.signature is not None for part in thoughts)
    assert "c2ln" not in repr(thoughts)


def test_plain_reasoning_beside_hidden_details_is_kept_as_well() -> None:
    sent = after(said("x", reasoning="Shown.", reasoning_details=DETAILS[1:2]))
    assert sent["reasoning"] == "Shown."
    assert sent["reasoning_details"] == DETAILS[1:2]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"reasoning_content": "a"}, "a"),
        ({"reasoning": "a"}, "a"),
        ({"reasoning_content": "a", "reasoning": "a"}, "a"),
        ({"reasoning_content": "", "reasoning": None}, ""),
        ({"reasoning": {"odd": 1}}, ""),
        ({"reasoning": "a", "reasoning_details": []}, "a"),
    ],
)
def test_plain_reasoning_is_one_unsigned_part(fields: dict[str, object], text: str) -> None:
    response = decoded(said("x", **fields))
    assert response.thinking == text
    assert all(part.signature is None for part in response.output.content if isinstance(part, ThinkingPart))


@pytest.mark.parametrize(
    ("vendor", "field"),
    [
        ("generic", "reasoning_content"),
        ("deepseek", "reasoning_content"),
        ("llamacpp", "reasoning_content"),
        ("groq", "reasoning"),
        ("ollama", "reasoning"),
        ("vllm", "reasoning"),
        ("openrouter", "reasoning"),
    ],
)
def test_plain_reasoning_goes_back_under_the_name_of_the_dialect(vendor: str, field: str) -> None:
    sent = after(said("391", reasoning_content="17 times 23."), vendor_codec(vendor))
    assert sent == {"role": "assistant", "content": "391", field: "17 times 23."}


def test_mistral_takes_its_reasoning_back_as_content_in_its_place() -> None:
    chunk = {"type": "thinking", "thinking": [{"type": "text", "text": "2 and 2."}]}
    content = [chunk, {"type": "text", "text": "It is 4."}]
    assert after(said(content), vendor_codec("mistral"))["content"] == content
    signed = [chunk | {"signature": "c2ln"}, {"type": "text", "text": "It is 4."}]
    assert after(said(signed), vendor_codec("mistral"))["content"] == signed


def test_gemini_signatures_go_back_where_they_came_from() -> None:
    extra = {"google": {"thought_signature": "c2ln"}}
    calls = [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}, "extra_content": extra},
        {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]
    assert after(said(None, tool_calls=calls), vendor_codec())["tool_calls"] == calls
    # An older answer signed the message: with calls that is the first one's, without it is the text's.
    bare = [{key: value for key, value in call.items() if key != "extra_content"} for call in calls]
    assert after(said(None, tool_calls=bare, extra_content=extra), vendor_codec())["tool_calls"] == calls
    assert after(said("Hi.", extra_content=extra), vendor_codec())["extra_content"] == extra


def test_a_signature_goes_to_its_maker_over_its_wire_and_nowhere_else() -> None:
    response = decoded(said("x", reasoning_details=DETAILS[2:3]))
    elsewhere = ProviderId("elsewhere")
    request = a_request(user("?"), response.message, user("?"))
    assert "reasoning_details" in encoded(openrouter_codec(), request)["messages"][1]
    assert "reasoning_details" not in encoded(openrouter_codec(), request, elsewhere)["messages"][1]
    other_wire = ThinkingPart(text="", signature=Signature(provider=ACME, wire="anthropic_messages", value="x"))
    foreign = a_request(user("?"), assistant(other_wire, "x"), user("?"))
    assert encoded(openrouter_codec(), foreign)["messages"][1] == {"role": "assistant", "content": "x"}
    assert remarks(openrouter_codec(), foreign) == ["dropped_thinking_on_encode"]


def test_a_signature_that_this_codec_did_not_write_is_left_out() -> None:
    strange = ThinkingPart(text="Hm.", signature=Signature(provider=ACME, wire="chat_completions", value="not json"))
    sent = encoded(openrouter_codec(), a_request(user("?"), assistant(strange, "x"), user("?")))["messages"][1]
    assert sent == {"role": "assistant", "content": "x", "reasoning": "Hm."}


def test_a_foreign_signature_on_a_tool_call_is_left_out_with_a_remark() -> None:
    call = ToolCall(id="a", name="f", signature=Signature(provider="other", wire="gemini", value="x"))
    request = a_request(user("?"), assistant(ToolCallPart(call)), tool_result(call, "4"))
    assert "extra_content" not in encoded(vendor_codec(), request)["messages"][1]["tool_calls"][0]
    assert remarks(vendor_codec(), request) == ["dropped_thinking_on_encode"]


def test_openai_takes_no_reasoning_back_so_handoff_makes_it_text() -> None:
    thought = ThinkingPart(text="Hm.", provider=ACME)
    target = openai_codec().handoff_target(ACME, "gpt-5")
    assert target.plain_thinking is False
    handed = hand_off((user("?"), assistant(thought, "x"), user("?")), target)
    assert handed.messages[1].content == (TextPart("<thinking>Hm.</thinking>"), TextPart("x"))
    direct = a_request(user("?"), assistant(thought, "x"), user("?"))
    assert remarks(openai_codec(), direct) == ["dropped_thinking_on_encode"]
    assert encoded(openai_codec(), direct)["messages"][1] == {"role": "assistant", "content": "x"}


HIGH, LOW, MAX = (ReasoningEffort(effort) for effort in (Effort.HIGH, Effort.LOW, Effort.MAX))
OFF, BUDGET = ReasoningOff(), ReasoningBudget(max_tokens=4_000)
NEARLY, DROPPED = ["reasoning_approximated"], ["dropped_control"]


@pytest.mark.parametrize(
    ("vendor", "wish", "fields", "remarked"),
    [
        ("openrouter", HIGH, {"reasoning": {"effort": "high"}}, []),
        ("openrouter", MAX, {"reasoning": {"effort": "max"}}, []),
        ("openrouter", BUDGET, {"reasoning": {"max_tokens": 4_000}}, []),
        ("openrouter", OFF, {"reasoning": {"enabled": False}}, []),
        ("generic", LOW, {"reasoning_effort": "low"}, []),
        ("generic", MAX, {"reasoning_effort": "high"}, NEARLY),
        ("generic", ReasoningEffort(Effort.MINIMAL), {"reasoning_effort": "low"}, NEARLY),
        ("generic", BUDGET, {"reasoning_effort": "medium"}, NEARLY),
        ("generic", ReasoningBudget(max_tokens=100), {"reasoning_effort": "low"}, NEARLY),
        ("generic", ReasoningBudget(max_tokens=60_000), {"reasoning_effort": "high"}, NEARLY),
        ("generic", OFF, {"reasoning_effort": "none"}, []),
        ("deepseek", HIGH, {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}, []),
        ("deepseek", OFF, {"thinking": {"type": "disabled"}}, []),
        ("vllm", HIGH, {"reasoning_effort": "high"}, []),
        ("vllm", OFF, {"chat_template_kwargs": {"enable_thinking": False}}, []),
        ("mistral", ReasoningEffort(Effort.XHIGH), {"reasoning_effort": "xhigh"}, []),
        ("tgi", HIGH, {}, DROPPED),
    ],
)
def test_how_hard_to_think_is_said_in_the_words_of_the_dialect(
    vendor: str, wish: Reasoning, fields: dict[str, object], remarked: list[str]
) -> None:
    codec = vendor_codec(vendor)
    plain, asked = a_request(), a_request(reasoning=wish)
    assert encoded(codec, asked) == encoded(codec, plain) | fields
    assert remarks(codec, asked) == remarked
