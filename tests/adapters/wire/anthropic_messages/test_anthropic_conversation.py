"""Conversations on the Messages wire: roles, placement, what is dropped and what is refused."""

from itertools import pairwise
from typing import Any

import pytest
from anthropic_wire import ADAPTIVE, CLASSIC, CODEC, a_request, encoded, marks_of, sent, text_block
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.markers import CacheBoundary, CacheTtl, Signature
from provider_runtime.domain.conversation.messages import Message, MessageRole, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    DocumentPart,
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
from provider_runtime.domain.conversation.tools import ToolCall
from provider_runtime.domain.conversation.validity import fault_of_request
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.domain.identity import ANTHROPIC, OPENAI

_CALL = ToolCall(id="t1", name="look", arguments_json={"at": "it"})
_OTHER = ToolCall(id="t2", name="look")
_AUDIO = AudioPart(source=InlineData(media_type="audio/wav", data=b"RIFF"))


def _turns(*messages: Message, model: str = CLASSIC) -> list[dict[str, Any]]:
    return list(encoded(a_request(*messages, model=model))[0]["messages"])


# ── system messages ─────────────────────────────────────────────────────────────────────────


def test_only_leading_system_messages_are_the_system_prompt() -> None:
    body = sent(a_request(system("One."), system("Two."), user("Hi")))
    assert body["system"] == [text_block("One."), text_block("Two.")]


def test_a_late_system_message_is_refused_by_models_that_do_not_take_it() -> None:
    with pytest.raises(IntentUnsupported) as refused:
        encoded(a_request(user("Hi"), system("Be brief.")))
    assert refused.value.field == "messages[1]"


def test_handing_over_makes_a_late_system_message_fit() -> None:
    messages = (user("Hi"), assistant("Hello"), system("Be brief."), user("Bye"))
    handed = hand_off(messages, CODEC.handoff_target(ANTHROPIC, CLASSIC))
    assert _turns(*handed.messages)[-1]["content"][0] == text_block("<system>\nBe brief.\n</system>")


@pytest.mark.parametrize(
    ("messages", "roles"),
    [
        ((user("a"), system("s")), ["user", "system"]),
        ((user("a"), system("s"), system("t")), ["user", "system"]),
        ((user("a"), system("s"), assistant("b"), user("c")), ["user", "system", "assistant", "user"]),
    ],
)
def test_a_late_system_message_keeps_its_place_where_the_api_takes_it(
    messages: tuple[Message, ...], roles: list[str]
) -> None:
    body = sent(a_request(*messages, model=ADAPTIVE))
    assert [turn["role"] for turn in body["messages"]] == roles


@pytest.mark.parametrize(
    "messages",
    [
        (user("a"), system("s"), user("b")),
        (user("a"), assistant("b"), system("s")),
        (user("a"), assistant("b"), system("s"), user("c")),
    ],
)
def test_elsewhere_a_late_system_message_becomes_marked_user_text(messages: tuple[Message, ...]) -> None:
    body, warned = encoded(a_request(*messages, model=ADAPTIVE))
    assert "system" not in {turn["role"] for turn in body["messages"]}
    assert text_block("<system>\ns\n</system>") in body["messages"][-1]["content"]
    assert warned == ["handoff_system_as_user_text"]


# ── turns ───────────────────────────────────────────────────────────────────────────────────


def test_messages_of_one_role_become_one_turn() -> None:
    turns = _turns(user("a"), user("b"), assistant("c"), assistant("d"), user("e"))
    assert [[block["text"] for block in turn["content"]] for turn in turns] == [["a", "b"], ["c", "d"], ["e"]]


def test_results_stand_first_in_their_turn() -> None:
    turns = _turns(
        user("a"),
        assistant(ToolCallPart(_CALL), ToolCallPart(_OTHER)),
        tool_result(_CALL, "1"),
        tool_result(_OTHER, "2"),
        user("b"),
    )
    assert [block["type"] for block in turns[-1]["content"]] == ["tool_result", "tool_result", "text"]


def test_results_overtake_what_a_user_said_before_them() -> None:
    turns = _turns(user("a"), assistant(ToolCallPart(_CALL)), user("wait"), tool_result(_CALL, "1"))
    assert [block["type"] for block in turns[-1]["content"]] == ["tool_result", "text"]


@pytest.mark.parametrize("blank", ["", " ", "\n\n"])
def test_blank_text_is_not_sent(blank: str) -> None:
    turns = _turns(user(blank, "a"), assistant(blank, RefusalPart(blank), "b"), user("c"))
    assert [block for turn in turns for block in turn["content"]] == [text_block(text) for text in "abc"]


def test_a_user_message_that_says_nothing_is_refused() -> None:
    with pytest.raises(RequestInvalid) as refused:
        encoded(a_request(user("a"), assistant("b"), user(" ")))
    assert refused.value.field == "messages[2]"


def test_an_assistant_message_that_says_nothing_is_left_out() -> None:
    body, warned = encoded(a_request(user("a"), assistant(""), user("b")))
    assert body["messages"] == [{"role": "user", "content": [text_block("a"), text_block("b")]}]
    assert warned == ["handoff_empty_message_dropped"]


def test_a_refusal_in_the_history_is_text() -> None:
    assert _turns(user("a"), assistant(RefusalPart("No.")), user("b"))[1]["content"] == [text_block("No.")]


@pytest.mark.parametrize(
    "message",
    [
        user(_AUDIO),
        assistant(ImagePart(source=MediaUrl(url="https://x"))),
        assistant(_AUDIO),
        tool_result(_CALL, [_AUDIO]),
        system(ImagePart(source=MediaUrl(url="https://x"))),
        Message(role=MessageRole.TOOL, content=(TextPart("no result"),)),
        user(ToolCallPart(_CALL)),
        user(ThinkingPart(text="hm")),
    ],
    ids=lambda message: f"{message.role}-{type(message.content[0]).__name__}",
)
def test_a_part_that_the_wire_has_no_place_for_is_refused_by_its_path(message: Message) -> None:
    messages = (message, user("a")) if message.role is MessageRole.SYSTEM else (user("a"), assistant("b"), message)
    with pytest.raises(IntentUnsupported) as refused:
        encoded(a_request(*messages))
    assert refused.value.field.startswith(f"messages[{messages.index(message)}].content[0]")
    assert refused.value.provider == ANTHROPIC


@pytest.mark.parametrize(
    "messages",
    [
        (user("a"), assistant(ToolCallPart(_CALL)), user("b")),
        (user("a"), tool_result("unknown", "1")),
        (user("a"), assistant(ToolCallPart(_CALL))),
    ],
    ids=["call not answered", "result of no call", "open call at the end"],
)
def test_calls_and_results_that_do_not_match_are_found_before_encoding(messages: tuple[Message, ...]) -> None:
    assert isinstance(fault_of_request(a_request(*messages)), RequestInvalid)


# ── thinking, calls, results, citations ─────────────────────────────────────────────────────


def _signature(provider: str = "anthropic", wire: str = "anthropic_messages", value: str = "sig") -> Signature:
    return Signature(provider=provider, wire=wire, value=value)


@pytest.mark.parametrize(
    "signature",
    [None, _signature(provider="openrouter"), _signature(wire="chat_completions")],
    ids=["unsigned", "another provider", "another wire"],
)
def test_thinking_that_cannot_go_back_is_dropped_and_said(signature: Signature | None) -> None:
    body, warned = encoded(
        a_request(user("a"), assistant(ThinkingPart(text="hm", signature=signature), "b"), user("c"))
    )
    assert body["messages"][1]["content"] == [text_block("b")]
    assert warned == ["dropped_thinking_on_encode"]


@pytest.mark.parametrize("arguments", ['{"cut', (1, 2), None, 7])
def test_arguments_that_are_no_object_are_refused(arguments: Any) -> None:
    call = ToolCall(id="t1", name="look", arguments_json=arguments)
    with pytest.raises(IntentUnsupported) as refused:
        encoded(a_request(user("a"), assistant(ToolCallPart(call)), tool_result(call, "1")))
    assert refused.value.field == "messages[1].content[0].tool_call.arguments_json"
    assert "cut" not in str(refused.value)


def _result(value: object, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    message = tool_result(_CALL, value, **fields)
    body, warned = encoded(a_request(user("a"), assistant(ToolCallPart(_CALL)), message))
    return body["messages"][-1]["content"][0], warned


def test_a_text_result_is_a_text() -> None:
    assert _result("18") == ({"type": "tool_result", "tool_use_id": "t1", "content": "18"}, [])


def test_an_empty_result_has_no_content() -> None:
    assert _result("") == ({"type": "tool_result", "tool_use_id": "t1"}, [])


def test_a_json_result_is_sent_as_canonical_text_and_said() -> None:
    block, warned = _result({"b": 1, "a": [True, None]})
    assert block["content"] == '{"a":[true,null],"b":1}'
    assert warned == ["tool_result_coerced"]


def test_a_result_may_hold_pictures_and_documents() -> None:
    pdf = DocumentPart(source=InlineData(media_type="application/pdf", data=b"%PDF"))
    block, warned = _result([TextPart("See:"), ImagePart(source=MediaUrl(url="https://x")), pdf], is_error=True)
    assert [inner["type"] for inner in block["content"]] == ["text", "image", "document"]
    assert block["is_error"] is True
    assert warned == []


def test_raw_provider_content_is_sent_verbatim_when_it_is_a_list() -> None:
    raw = [{"type": "tool_reference", "tool_name": "x"}]
    result = ToolResult(tool_call_id="t1", content=ToolResultText("seen by others"), raw_provider_content=raw)
    message = Message(role=MessageRole.TOOL, content=(ToolResultPart(result),))
    body, warned = encoded(a_request(user("a"), assistant(ToolCallPart(_CALL)), message))
    assert body["messages"][-1]["content"][0]["content"] == raw
    assert warned == []


def test_other_raw_provider_content_is_ignored_and_said() -> None:
    result = ToolResult(tool_call_id="t1", content=ToolResultText("18"), raw_provider_content={"no": "list"})
    message = Message(role=MessageRole.TOOL, content=(ToolResultPart(result),))
    body, warned = encoded(a_request(user("a"), assistant(ToolCallPart(_CALL)), message))
    assert body["messages"][-1]["content"][0]["content"] == "18"
    assert warned == ["tool_result_raw_provider_content_ignored"]


_CITED = (Citation(url="https://x", cited_text="x"),)


@pytest.mark.parametrize(
    "message",
    [
        assistant(TextPart("b", citations=_CITED)),
        assistant(TextPart("b", citations=_CITED, signature=_signature(provider="openai"))),
        assistant(TextPart("b", citations=_CITED, signature=_signature(value="not json"))),
        user(TextPart("b", citations=_CITED, signature=_signature(value="[]"))),
    ],
    ids=["unsigned", "another provider", "broken", "said by a user"],
)
def test_citations_that_cannot_go_back_are_dropped_and_said(message: Message) -> None:
    body, warned = encoded(a_request(user("a"), message, user("c")))
    assert all("citations" not in block for turn in body["messages"] for block in turn["content"])
    assert warned == ["dropped_citations"]


# ── media ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "part",
    [
        ImagePart(source=InlineData(media_type="image/tiff", data=b"x")),
        DocumentPart(source=InlineData(media_type="application/zip", data=b"x")),
        DocumentPart(source=MediaUrl(url="https://x/a.txt", media_type="text/plain")),
        ImagePart(source=ProviderFile(file_id="f", provider=OPENAI)),
        DocumentPart(source=ProviderFile(file_id="f", provider=OPENAI)),
    ],
)
def test_media_that_the_api_does_not_take_are_refused_with_a_way_out(part: Any) -> None:
    with pytest.raises(IntentUnsupported) as refused:
        encoded(a_request(user("Look:", part)))
    assert refused.value.field == "messages[0].content[1].source"
    assert refused.value.remedy


def test_a_text_document_must_be_utf_8() -> None:
    part = DocumentPart(source=InlineData(media_type="text/plain", data=b"\xff\xfe"))
    with pytest.raises(RequestInvalid) as refused:
        encoded(a_request(user(part)))
    assert refused.value.__context__ is None  # the handler's exception would hold the document


@pytest.mark.parametrize("media_type", ["text/markdown", "text/plain; charset=utf-8", "TEXT/CSV"])
def test_text_of_any_kind_is_a_plain_text_document(media_type: str) -> None:
    part = DocumentPart(source=InlineData(media_type=media_type, data="été".encode()))
    block = sent(a_request(user(part)))["messages"][0]["content"][0]
    assert block["source"] == {"type": "text", "media_type": "text/plain", "data": "été"}


def test_a_common_misnomer_of_jpeg_is_put_right() -> None:
    part = ImagePart(source=InlineData(media_type="image/jpg", data=b"x"))
    assert sent(a_request(user(part)))["messages"][0]["content"][0]["source"]["media_type"] == "image/jpeg"


def test_the_detail_of_an_image_is_dropped_and_said_unless_it_is_automatic() -> None:
    url = MediaUrl(url="https://x")
    assert encoded(a_request(user(ImagePart(source=url, detail="high"))))[1] == ["dropped_control"]
    assert encoded(a_request(user(ImagePart(source=url, detail="auto"))))[1] == []


# ── whatever is said ────────────────────────────────────────────────────────────────────────

_texts = st.builds(
    TextPart, st.text(max_size=5), cache=st.none() | st.builds(CacheBoundary, ttl=st.sampled_from(CacheTtl))
)
_parts = st.lists(
    st.one_of(_texts, st.just(ImagePart(source=MediaUrl(url="https://x"))), st.just(ThinkingPart(text="hm"))),
    max_size=4,
)
_conversations = st.lists(st.builds(Message, role=st.sampled_from(MessageRole), content=_parts), min_size=1, max_size=6)


@given(messages=_conversations, model=st.sampled_from([CLASSIC, ADAPTIVE]))
def test_whatever_is_said_the_turns_are_as_the_api_wants_them(messages: list[Message], model: str) -> None:
    try:
        body, _ = encoded(a_request(*messages, model=model))
    except (IntentUnsupported, RequestInvalid):
        return
    roles = [turn["role"] for turn in body["messages"]]
    assert all(one != other for one, other in pairwise(roles))
    for number, turn in enumerate(body["messages"]):
        assert turn["content"]
        assert all(block["text"].strip() for block in turn["content"] if block["type"] == "text")
        if turn["role"] == "system":
            assert roles[number - 1] == "user"
            assert roles[number + 1 :][:1] in ([], ["assistant"])
    marks = marks_of(body)
    assert len(marks) <= 4
    assert [mark.get("ttl", "5m") for mark in marks] == sorted(mark.get("ttl", "5m") for mark in marks)


@given(messages=_conversations)
def test_encoding_is_a_function_and_changes_nothing(messages: list[Message]) -> None:
    request = a_request(*messages)
    before = repr(request)
    outcomes = []
    for _ in range(2):
        try:
            outcomes.append(CODEC.encode(request, ANTHROPIC))
        except (IntentUnsupported, RequestInvalid) as refused:
            outcomes.append(str(refused))
    assert outcomes[0] == outcomes[1]
    assert repr(request) == before
