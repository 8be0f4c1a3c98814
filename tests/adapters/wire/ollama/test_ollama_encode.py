"""Requests on Ollama's wire: what is refused, what is left out with a warning, and what goes where."""

from typing import Any

import pytest
from ollama_wire import ACME, CODEC, a_request, codec_with, encoded, sent

from provider_runtime.adapters.wire.ollama.codec import OllamaCodec
from provider_runtime.domain.conversation.markers import CacheBoundary, Signature
from provider_runtime.domain.conversation.messages import Message, MessageRole, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    DocumentPart,
    ImageDetail,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResult,
    ToolResultPart,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import (
    Effort,
    JsonObjectFormat,
    ProviderRequest,
    Reasoning,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.conversation.tools import ToolCall, ToolChoiceRequired, ToolChoiceSpecific, ToolDefinition
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid

PNG = ImagePart(source=InlineData(media_type="image/png", data=b"\x89PNG"))
PDF = InlineData(media_type="application/pdf", data=b"%PDF")
CALL = ToolCall(id="call_1", name="f", arguments_json={"x": 1})
TOOL = ToolDefinition(name="f")


def messages_of(*said: Any) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = sent(a_request(*said))["messages"]
    return messages


# ── what is refused ─────────────────────────────────────────────────────────────────────────

REFUSED: dict[str, tuple[ProviderRequest, str]] = {
    "image by address": (a_request(user(ImagePart(source=MediaUrl(url="https://a.test/b.png")))), "messages[0]"),
    "image by file id": (a_request(user("?", ImagePart(source=ProviderFile(file_id="f")))), "messages[0].content[1]"),
    "document": (a_request(user(DocumentPart(source=PDF))), "messages[0].content[0]"),
    "audio": (a_request(user(AudioPart(source=InlineData(media_type="audio/wav", data=b"RIFF")))), "messages[0]"),
    "recording of a model without words": (
        a_request(user("?"), assistant(AudioPart(source=InlineData(media_type="audio/wav", data=b"RIFF")))),
        "messages[1].content[0]",
    ),
    "required call": (a_request(tools=(TOOL,), tool_choice=ToolChoiceRequired()), "tool_choice"),
    "named call": (a_request(tools=(TOOL,), tool_choice=ToolChoiceSpecific("f")), "tool_choice"),
    "arguments that are text": (
        a_request(
            user("?"),
            assistant(ToolCallPart(ToolCall(id="c", name="f", arguments_json='{"x"'))),
            tool_result("c", "cut"),
        ),
        "messages[1].content[0].tool_call.arguments_json",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_carries_meaning_and_cannot_be_said_is_refused_by_its_place(name: str) -> None:
    request, place = REFUSED[name]
    with pytest.raises(IntentUnsupported) as refused:
        CODEC.encode(request, ACME)
    assert refused.value.field is not None
    assert refused.value.field.startswith(place)
    assert refused.value.remedy


WRONG: dict[str, tuple[ProviderRequest, str]] = {
    "blank model": (a_request(model=" "), "model.model_id"),
    "result without call": (a_request(user("?"), tool_result("call_9", "x")), "messages[1].content[0]"),
    "thinking of a user": (
        a_request(Message(role=MessageRole.USER, content=(ThinkingPart(text="x"),))),
        "messages[0].content[0]",
    ),
    "text of a tool": (
        a_request(user("?"), Message(role=MessageRole.TOOL, content=(TextPart("x"),))),
        "messages[1].content[0]",
    ),
    "result of an assistant": (
        a_request(
            user("?"),
            assistant(ToolResultPart(ToolResult(tool_call_id="c", content=ToolResultText("x")))),
        ),
        "messages[1].content[0]",
    ),
    "overridden field": (a_request(provider_options={"acme": {"think": True}}), "provider_options.think"),
    "overridden stream": (a_request(provider_options={"acme": {"stream": True}}), "provider_options.stream"),
    "overridden option": (
        a_request(provider_options={"acme": {"options": {"temperature": 1}}}),
        "provider_options.options.temperature",
    ),
    "options that are none": (a_request(provider_options={"acme": {"options": 3}}), "provider_options.options"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_contradicts_itself_or_the_protocol_is_refused_by_its_place(name: str) -> None:
    request, place = WRONG[name]
    with pytest.raises(RequestInvalid) as refused:
        CODEC.encode(request, ACME)
    assert refused.value.field == place
    assert refused.value.remedy


@pytest.mark.parametrize("model", ["gpt-oss:120b-cloud", "qwen3.5:cloud", "library/kimi-k2.6:CLOUD"])
def test_a_model_of_the_vendors_cloud_is_refused_where_the_provider_is_local(model: str) -> None:
    local = OllamaCodec(cloud_models=False)
    with pytest.raises(IntentUnsupported) as refused:
        local.encode(a_request(model=model), ACME)
    assert refused.value.field == "model.model_id"
    assert sent(a_request(model=model), CODEC)["model"] == model


@pytest.mark.parametrize("model", ["qwen3:4b", "nextcloud", "nextcloud:7b", "acme/cloud", "m:nimbuscloud"])
def test_other_models_are_asked_for_there(model: str) -> None:
    assert sent(a_request(model=model), OllamaCodec(cloud_models=False))["model"] == model


# ── what is left out ────────────────────────────────────────────────────────────────────────

CACHED = CacheBoundary()
LOSSES: dict[str, tuple[ProviderRequest, list[str]]] = {
    "labels": (a_request(metadata={"user": "u"}), ["dropped_unsupported_metadata_keys"]),
    "parallel": (a_request(tools=(TOOL,), parallel_tool_calls=False), ["dropped_control"]),
    "parallel without tools": (a_request(parallel_tool_calls=True), []),
    "strict tool": (a_request(tools=(ToolDefinition(name="f", strict=True),)), ["dropped_control"]),
    "tool that need not be strict": (a_request(tools=(ToolDefinition(name="f", strict=False),)), []),
    "large seed": (a_request(seed=2**53 + 1), ["dropped_control"]),
    "cached text": (a_request(user(TextPart("x", cache=CACHED))), ["dropped_cache_boundary"]),
    "cached system": (a_request(system(TextPart("x", cache=CACHED)), user("?")), ["dropped_cache_boundary"]),
    "cached answer": (a_request(user("?"), assistant(TextPart("x", cache=CACHED))), ["dropped_cache_boundary"]),
    "cached tool": (a_request(tools=(ToolDefinition(name="f", cache=CACHED),)), ["dropped_cache_boundary"]),
    "cached result": (
        a_request(
            user("?"),
            assistant(ToolCallPart(CALL)),
            Message(
                role=MessageRole.TOOL,
                content=(ToolResultPart(ToolResult(tool_call_id="call_1", content=ToolResultText("x")), cache=CACHED),),
            ),
        ),
        ["dropped_cache_boundary"],
    ),
    "cached images": (
        a_request(
            user("?", ImagePart(source=PNG.source, cache=CACHED)), assistant(ImagePart(source=PNG.source, cache=CACHED))
        ),
        ["dropped_cache_boundary", "dropped_cache_boundary"],
    ),
    "citations": (
        a_request(user("?"), assistant(TextPart("x", citations=(Citation(url="https://a.test"),)))),
        ["dropped_citations"],
    ),
    "hidden thinking": (
        a_request(user("?"), assistant(ThinkingPart(redacted=True), "x")),
        ["dropped_thinking_on_encode"],
    ),
    "signed call": (
        a_request(
            user("?"),
            assistant(
                ToolCallPart(ToolCall(id="c", name="f", signature=Signature(provider="g", wire="gemini", value="s")))
            ),
            tool_result("c", "x"),
        ),
        ["dropped_thinking_on_encode"],
    ),
    "tools under a form": (
        a_request(tools=(TOOL,), response_format=JsonObjectFormat()),
        ["tools_held_back_by_format"],
    ),
    "image between texts": (a_request(user("This", PNG, "or that?")), ["media_order_lost"]),
    "a close look": (
        a_request(user(ImagePart(source=InlineData(media_type="image/png", data=b"P"), detail=ImageDetail.HIGH))),
        ["dropped_control"],
    ),
    "any look": (
        a_request(user(ImagePart(source=InlineData(media_type="image/png", data=b"P"), detail=ImageDetail.AUTO))),
        [],
    ),
    "image before text": (a_request(user(PNG, "What is this?", "Say it.")), []),
    "image after text": (a_request(user("What", "is this?", PNG)), []),
    "json result": (
        a_request(user("?"), assistant(ToolCallPart(CALL)), tool_result(CALL, {"a": 1})),
        ["tool_result_coerced"],
    ),
    "raw result": (
        a_request(
            user("?"),
            assistant(ToolCallPart(CALL)),
            Message(
                role=MessageRole.TOOL,
                content=(
                    ToolResultPart(
                        ToolResult(tool_call_id="call_1", content=ToolResultText("x"), raw_provider_content=[1])
                    ),
                ),
            ),
        ),
        ["tool_result_raw_provider_content_ignored"],
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_hint_that_cannot_be_said_is_left_out_with_a_warning(name: str) -> None:
    request, remarks = LOSSES[name]
    assert encoded(request)[1] == remarks


# ── what goes where ─────────────────────────────────────────────────────────────────────────


def test_results_name_the_tool_of_the_latest_call_with_their_id() -> None:
    again = ToolCall(id="call_1", name="g", arguments_json={})
    said = messages_of(
        user("?"),
        assistant(ToolCallPart(CALL)),
        tool_result(CALL, "one"),
        assistant(ToolCallPart(again)),
        tool_result(again, "two"),
    )
    assert [(one["content"], one["tool_name"]) for one in said if one["role"] == "tool"] == [("one", "f"), ("two", "g")]


def test_images_of_a_result_go_beside_its_text() -> None:
    body, remarks = encoded(
        a_request(user("?"), assistant(ToolCallPart(CALL)), tool_result(CALL, [TextPart("a"), TextPart("b"), PNG]))
    )
    assert body["messages"][2]["content"] == "a\nb"
    assert body["messages"][2]["images"] == ["iVBORw=="]
    assert remarks == ["tool_result_coerced"]


def test_what_a_model_painted_said_aloud_or_declined_goes_back() -> None:
    spoken = AudioPart(source=InlineData(media_type="audio/wav", data=b"RIFF"), transcript="Spoken.")
    said = messages_of(user("?"), assistant("Said. ", RefusalPart("No. "), spoken, PNG), user("And?"))
    assert said[1] == {"role": "assistant", "content": "Said. No. Spoken.", "images": ["iVBORw=="]}


def test_an_answer_that_held_nothing_goes_back_empty() -> None:
    assert messages_of(user("?"), assistant(), user("And?"))[1] == {"role": "assistant", "content": ""}


def test_pieces_of_thinking_go_back_as_one() -> None:
    said = messages_of(user("?"), assistant(ThinkingPart(text="One."), ThinkingPart(text="Two."), "Said."), user("!"))
    assert said[1] == {"role": "assistant", "content": "Said.", "thinking": "One.\nTwo."}


@pytest.mark.parametrize(
    ("model", "reasoning", "think", "remarks"),
    [
        ("qwen3:4b", ReasoningEffort(Effort.HIGH), True, ["reasoning_approximated"]),
        ("qwen3:4b", ReasoningBudget(1000), True, ["reasoning_approximated"]),
        ("qwen3:4b", ReasoningOff(), False, []),
        ("hf.co/unsloth/qwen3-8b-gguf:Q4", ReasoningOff(), False, []),
        ("gpt-oss:20b", ReasoningEffort(Effort.MEDIUM), "medium", []),
        ("gpt-oss:20b", ReasoningEffort(Effort.MINIMAL), "low", ["reasoning_approximated"]),
        ("gpt-oss:20b", ReasoningEffort(Effort.MAX), "high", ["reasoning_approximated"]),
        ("hf.co/acme/GPT-OSS-20b-GGUF:Q4_K_M", ReasoningEffort(Effort.LOW), "low", []),
        ("gpt-oss:20b", ReasoningBudget(4096), "low", ["reasoning_approximated"]),
        ("gpt-oss:20b", ReasoningBudget(4097), "medium", ["reasoning_approximated"]),
        ("gpt-oss:20b", ReasoningBudget(16_384), "medium", ["reasoning_approximated"]),
        ("gpt-oss:20b", ReasoningBudget(16_385), "high", ["reasoning_approximated"]),
        ("gpt-oss:20b", ReasoningBudget(50_000), "high", ["reasoning_approximated"]),
        ("gpt-oss:20b", ReasoningOff(), None, ["dropped_control"]),
        ("deepseek-v4:cloud", ReasoningEffort(Effort.MAX), "max", []),
        ("deepseek-v4:cloud", ReasoningEffort(Effort.XHIGH), "high", ["reasoning_approximated"]),
        ("llama3.2:3b", ReasoningEffort(Effort.HIGH), None, ["dropped_control"]),
        ("llama3.2", ReasoningOff(), None, []),
        ("qwen2.5-coder:7b", ReasoningBudget(9), None, ["dropped_control"]),
        ("llama3.2-thinker", ReasoningEffort(Effort.LOW), True, ["reasoning_approximated"]),
    ],
)
def test_reasoning_is_asked_for_as_each_family_takes_it(
    model: str, reasoning: Reasoning, think: object, remarks: list[str]
) -> None:
    body, given = encoded(a_request(model=model, reasoning=reasoning))
    assert body.get("think") == think
    assert ("think" in body) is (think is not None)
    assert given == remarks


def test_a_long_prompt_may_be_cut_only_where_the_record_or_the_call_says_so() -> None:
    assert sent(a_request())["truncate"] is False
    assert sent(a_request(), codec_with(truncate=True))["truncate"] is True
    assert sent(a_request(provider_options={"acme": {"truncate": True}}))["truncate"] is True


def test_options_of_the_call_beat_those_of_the_record_and_the_window_comes_first() -> None:
    codec = codec_with(min_p=0.1, num_ctx=1000, num_gpu=-1)
    request = a_request(top_k=3, provider_options={"acme": {"options": {"min_p": 0.2}}, "other": {"x": 1}})
    expected = {"num_ctx": 1000, "min_p": 0.2, "num_gpu": -1, "top_k": 3}
    assert list(sent(request, codec)["options"].items()) == list(expected.items())


def test_the_largest_seed_that_survives_is_sent() -> None:
    assert sent(a_request(seed=-(2**53)))["options"] == {"seed": -(2**53)}
