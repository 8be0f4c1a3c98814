"""Strategies for messages, whole conversations, and what a wire demands of them."""

import re
from typing import Final

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from provider_runtime.domain.conversation.handoff import HandoffTarget
from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.parts import ContentPart, ToolCallPart, ToolResultPart
from provider_runtime.domain.conversation.tools import ToolCall
from provider_runtime.testing.strategies.parts import (
    WIRES,
    assistant_parts,
    content_parts,
    media_parts,
    text_parts,
    thinking_parts,
    tool_calls,
    tool_result_parts,
)
from provider_runtime.testing.strategies.values import few, provider_ids

# Alphabets of tool-call ids, as vendors document them, each with a length that fits.
_TOOL_IDS: Final = ((r"[\s\S]+", 24), (r"[A-Za-z0-9_-]{1,64}", 24), (r"[A-Za-z0-9]{9}", 9))


def messages() -> SearchStrategy[Message]:
    """Any message, valid or not, also empty."""
    return st.builds(Message, role=st.sampled_from(MessageRole), content=few(content_parts()))


def conversations() -> SearchStrategy[tuple[Message, ...]]:
    """Conversations that pass ``fault_of_request``, tool calls and late system messages included."""
    without_calls = assistant_parts().filter(lambda part: not isinstance(part, ToolCallPart))
    asking = _turn(MessageRole.USER, media_parts())
    other = _turn(MessageRole.SYSTEM, text_parts()) | _turn(MessageRole.ASSISTANT, without_calls, least=0)
    turns = few(asking | other | _tool_turns(), most=3)
    return st.builds(lambda before, asked, after: sum((*before, asked, *after), ()), turns, asking, turns)


def _turn(role: MessageRole, parts: SearchStrategy[ContentPart], least: int = 1) -> SearchStrategy[tuple[Message, ...]]:
    return few(parts, least).map(lambda content: (Message(role=role, content=content),))


def _tool_turns() -> SearchStrategy[tuple[Message, ...]]:
    exchanges = st.lists(
        st.tuples(tool_calls(), tool_result_parts()), min_size=1, max_size=3, unique_by=lambda pair: pair[0].id
    )
    before = few(thinking_parts() | text_parts(), most=2)
    return st.builds(_tool_turn, before, exchanges, backwards=st.booleans(), together=st.booleans())


def _tool_turn(
    before: tuple[ContentPart, ...],
    exchanges: list[tuple[ToolCall, ToolResultPart]],
    *,
    backwards: bool,
    together: bool,
) -> tuple[Message, ...]:
    calls = tuple(ToolCallPart(call) for call, _ in exchanges)
    results = tuple(
        evolve(part, tool_result=evolve(part.tool_result, tool_call_id=call.id)) for call, part in exchanges
    )[:: -1 if backwards else 1]
    answers = (results,) if together else tuple((result,) for result in results)
    return (
        Message(role=MessageRole.ASSISTANT, content=(*before, *calls)),
        *(Message(role=MessageRole.TOOL, content=content) for content in answers),
    )


def handoff_targets() -> SearchStrategy[HandoffTarget]:
    """Wires with all kinds of demands on a conversation."""
    return st.builds(
        lambda tool_id, **fields: HandoffTarget(tool_id=re.compile(tool_id[0]), tool_id_length=tool_id[1], **fields),
        tool_id=st.sampled_from(_TOOL_IDS),
        provider=provider_ids(),
        wire=st.sampled_from(WIRES),
        plain_thinking=st.booleans(),
        system_anywhere=st.booleans(),
        object_arguments=st.booleans(),
    )
