"""Messages, and short ways to write them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, TypeAlias

from attrs import field, frozen

from provider_runtime.domain.checks import all_are
from provider_runtime.domain.conversation.parts import (
    CONTENT_PARTS,
    AudioPart,
    ContentPart,
    DocumentPart,
    ImagePart,
    TextPart,
    ToolCallPart,
    ToolResult,
    ToolResultContent,
    ToolResultJson,
    ToolResultPart,
    ToolResultParts,
    ToolResultText,
)
from provider_runtime.domain.conversation.tools import ToolCall
from provider_runtime.domain.json_values import freeze, tuple_of


class MessageRole(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


# Members of an enum are looked up by its metaclass, which takes long.
_SYSTEM: Final = MessageRole.SYSTEM
_USER: Final = MessageRole.USER
_TOOL: Final = MessageRole.TOOL


def _role(value: MessageRole | str) -> MessageRole:
    return value if type(value) is MessageRole else MessageRole(value)  # looking a member up takes long


@frozen(kw_only=True)
class Message:
    """One turn of a conversation: who speaks, and what is said, part by part.

    ``plain_text`` is what is said where that is one text and nothing else (no citation, signature or
    cache boundary), as in most turns; else ``None``. It is found once: a long conversation is looked
    through again with each call.
    """

    role: MessageRole = field(converter=_role)
    content: tuple[ContentPart, ...] = field(converter=tuple_of, validator=all_are(*CONTENT_PARTS))
    plain_text: str | None = field(init=False, eq=False, repr=False)

    @plain_text.default
    def _only_text(self) -> str | None:
        if len(self.content) != 1 or type(only := self.content[0]) is not TextPart:
            return None
        return None if only.citations or only.cache is not None or only.signature is not None else only.text

    @property
    def text(self) -> str:
        """The text parts joined, nothing between them."""
        return "".join(part.text for part in self.content if isinstance(part, TextPart))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls, in order."""
        return tuple(part.tool_call for part in self.content if isinstance(part, ToolCallPart))


def are_texts_alone(messages: tuple[Message, ...]) -> bool:
    """Whether a conversation is plain texts and nothing else, the system's in front, and a user's among them."""
    begun = asked = False
    for message in messages:
        role = message.role
        if message.plain_text is None or role is _TOOL:
            return False
        if role is not _SYSTEM:
            begun, asked = True, asked or role is _USER
        elif begun:
            return False
    return asked


Sayable: TypeAlias = str | ContentPart


def system(*content: Sayable) -> Message:
    """A system message: ``system("You are terse.")``."""
    return Message(role=MessageRole.SYSTEM, content=_parts(content))


def user(*content: Sayable) -> Message:
    """A user message of texts and media: ``user("What is this?", image)``."""
    return Message(role=MessageRole.USER, content=_parts(content))


def assistant(*content: Sayable) -> Message:
    """An assistant message, usually ``assistant(*response.output.content)``."""
    return Message(role=MessageRole.ASSISTANT, content=_parts(content))


def tool_result(call: ToolCall | str, value: object, *, is_error: bool = False) -> Message:
    """The tool's answer to ``call`` (or to the call with that id).

    ``value`` may be text, any JSON value, or message parts (one, or a list of them).
    Raises ``ValueError`` for a value that JSON cannot hold.
    """
    call_id = call.id if isinstance(call, ToolCall) else call
    result = ToolResult(tool_call_id=call_id, content=_result_content(value), is_error=is_error)
    return Message(role=MessageRole.TOOL, content=(ToolResultPart(result),))


def _parts(content: Iterable[Sayable]) -> tuple[ContentPart, ...]:
    return tuple(TextPart(said) if isinstance(said, str) else said for said in content)


def _result_content(value: object) -> ToolResultContent:
    if isinstance(value, str):
        return ToolResultText(value)
    media = (TextPart, ImagePart, DocumentPart, AudioPart)
    if isinstance(value, media):
        return ToolResultParts((value,))
    if isinstance(value, list | tuple) and value and all(isinstance(part, media) for part in value):
        return ToolResultParts(value)
    return ToolResultJson(freeze(value))
