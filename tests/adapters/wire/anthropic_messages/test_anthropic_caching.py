"""Cache boundaries on the Messages wire."""

from anthropic_wire import a_request, encoded, marks_of, sent

from provider_runtime.domain.conversation.markers import CacheBoundary, CacheTtl
from provider_runtime.domain.conversation.messages import Message, MessageRole, assistant, system, user
from provider_runtime.domain.conversation.parts import (
    DocumentPart,
    ImagePart,
    MediaUrl,
    TextPart,
    ToolCallPart,
    ToolResult,
    ToolResultPart,
    ToolResultText,
)
from provider_runtime.domain.conversation.tools import ToolCall, ToolDefinition

_CALL = ToolCall(id="t1", name="look")


def test_of_more_than_four_boundaries_the_last_four_are_kept() -> None:
    texts = [TextPart(f"part {number}", cache=CacheBoundary()) for number in range(6)]
    body, warned = encoded(a_request(user(*texts)))
    assert ["cache_control" in block for block in body["messages"][0]["content"]] == [
        False,
        False,
        True,
        True,
        True,
        True,
    ]
    assert warned == ["dropped_cache_boundary"]


def test_an_hour_after_five_minutes_is_shortened_and_said() -> None:
    hour = CacheBoundary(ttl=CacheTtl.ONE_HOUR)
    body, warned = encoded(
        a_request(
            system(TextPart("rules", cache=CacheBoundary())),
            user(TextPart("text", cache=hour)),
            tools=(ToolDefinition(name="look", cache=hour),),
        )
    )
    assert marks_of(body["tools"]) == [{"type": "ephemeral", "ttl": "1h"}]
    assert marks_of(body["system"]) == marks_of(body["messages"]) == [{"type": "ephemeral"}]
    assert warned == ["dropped_cache_boundary"]


def test_a_boundary_on_blank_text_is_dropped_and_said() -> None:
    body, warned = encoded(a_request(user("a", TextPart(" ", cache=CacheBoundary()))))
    assert marks_of(body) == []
    assert warned == ["dropped_cache_boundary"]


def test_every_part_of_a_user_and_every_result_can_carry_a_boundary() -> None:
    mark = CacheBoundary()
    body = sent(
        a_request(
            user(ImagePart(source=MediaUrl(url="https://x"), cache=mark)),
            assistant(ToolCallPart(_CALL)),
            Message(
                role=MessageRole.TOOL,
                content=(ToolResultPart(ToolResult(tool_call_id="t1", content=ToolResultText("1")), cache=mark),),
            ),
            user(DocumentPart(source=MediaUrl(url="https://x"), cache=mark)),
        )
    )
    assert [[("cache_control" in block) for block in turn["content"]] for turn in body["messages"]] == [
        [True],
        [False],
        [True, True],
    ]
