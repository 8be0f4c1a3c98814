"""Messages, and the short ways to write them."""

from typing import Any

import pytest
from hypothesis import given

from provider_runtime.domain.conversation.messages import Message, MessageRole, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    ContentPart,
    ImagePart,
    InlineData,
    RefusalPart,
    TextPart,
    ToolCallPart,
    ToolResultJson,
    ToolResultPart,
    ToolResultParts,
    ToolResultText,
)
from provider_runtime.domain.json_values import JsonValue
from provider_runtime.testing.builders import a_tool_call, an_image
from provider_runtime.testing.strategies import content_parts, json_values, messages

_SECRET_TEXT = "what nobody else may read"


def test_texts_become_text_parts_and_parts_stay_what_they_are() -> None:
    image = an_image()
    assert user("What is this?", image).content == (TextPart("What is this?"), image)
    assert system("Be terse.") == Message(role=MessageRole.SYSTEM, content=(TextPart("Be terse."),))
    assert assistant().content == ()


def test_the_text_of_a_message_is_its_text_parts_joined() -> None:
    message = assistant("one ", RefusalPart("no"), "two", ToolCallPart(a_tool_call()))
    assert message.text == "one two"
    assert message.tool_calls == (a_tool_call(),)


def test_a_role_may_be_written_as_text() -> None:
    assert Message(role="user", content=()).role is MessageRole.USER
    with pytest.raises(ValueError, match="nobody"):
        Message(role="nobody", content=())


def test_content_may_come_as_a_list_but_is_kept_as_a_tuple() -> None:
    message = Message(role=MessageRole.USER, content=[TextPart("a")])
    assert message.content == (TextPart("a"),)


@pytest.mark.parametrize(
    "content", [[_SECRET_TEXT], _SECRET_TEXT, [TextPart("a"), {"text": _SECRET_TEXT}]], ids=["text", "bare", "object"]
)
def test_content_that_is_no_part_is_refused_without_quoting_it(content: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as refused:
        Message(role=MessageRole.USER, content=content)
    assert _SECRET_TEXT not in f"{refused.value!r}"


def test_bytes_and_secrets_in_the_wrong_place_are_refused_without_quoting_them() -> None:
    mistakes: list[Any] = [
        lambda: TextPart(_SECRET_TEXT.encode()),  # type: ignore[arg-type]  # the mistake under test
        lambda: InlineData(media_type="image/png", data=_SECRET_TEXT),  # type: ignore[arg-type]  # likewise
        lambda: ImagePart(source=_SECRET_TEXT),  # type: ignore[arg-type]  # likewise
        lambda: ToolCallPart({"id": _SECRET_TEXT}),  # type: ignore[arg-type]  # likewise
        lambda: TextPart(f"{_SECRET_TEXT}\ud800"),
    ]
    for mistake in mistakes:
        with pytest.raises((TypeError, ValueError)) as refused:
            mistake()
        assert _SECRET_TEXT not in f"{refused.value!r} {refused.value.__context__!r}"


def test_media_do_not_print_their_bytes() -> None:
    assert "PNG" not in repr(user(an_image()))


@given(messages())
def test_the_text_of_any_message_holds_each_of_its_text_parts(message: Message) -> None:
    parts = [part for part in message.content if isinstance(part, TextPart)]
    assert message.text == "".join(part.text for part in parts)


# ── tool results ────────────────────────────────────────────────────────────────────────────


def _content_of(value: object) -> Any:
    (part,) = tool_result("call_1", value).content
    assert isinstance(part, ToolResultPart)
    return part.tool_result.content


def test_a_result_answers_a_call_or_the_call_with_that_id() -> None:
    call = a_tool_call("call_7")
    assert tool_result(call, "21") == tool_result("call_7", "21")
    (part,) = tool_result(call, "failed", is_error=True).content
    assert isinstance(part, ToolResultPart)
    assert (part.tool_result.tool_call_id, part.tool_result.is_error) == ("call_7", True)
    assert tool_result(call, "").role is MessageRole.TOOL


def test_the_kind_of_a_result_follows_from_the_value() -> None:
    image = an_image()
    assert _content_of("21") == ToolResultText("21")
    assert _content_of({"celsius": [21, None]}) == ToolResultJson({"celsius": [21, None]})
    assert _content_of(image) == ToolResultParts((image,))
    assert _content_of([TextPart("a"), image]) == ToolResultParts((TextPart("a"), image))
    assert _content_of([]) == ToolResultJson(())
    assert _content_of(None) == ToolResultJson(None)


@given(json_values())
def test_any_json_value_can_be_a_result(value: JsonValue) -> None:
    expected = ToolResultText(value) if isinstance(value, str) else ToolResultJson(value)
    assert _content_of(value) == expected


def test_what_json_cannot_hold_is_no_result() -> None:
    with pytest.raises(ValueError, match="JSON cannot hold"):
        tool_result("call_1", object())


@given(content_parts())
def test_equal_parts_are_equally_hashed(part: ContentPart) -> None:
    assert hash(user(part)) == hash(user(part))
