"""Taking the conversation out of a text: vendors quote what they were sent in their error messages."""

from collections.abc import Iterable, Iterator
from typing import Final

from provider_runtime.domain.conversation.parts import (
    ContentPart,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultJson,
    ToolResultPart,
    ToolResultParts,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.json_values import JsonValue

_PIECE: Final = 12  # characters in a row that count as quoting


def without_echoes(message: str, request: ProviderRequest, more: Iterable[object] = ()) -> str:
    """``message`` with every run of 12 or more characters that the conversation, or ``more``, holds as ``…``."""
    texts = (*_texts(request), *map(str, more))
    said = "\n".join(text for text in texts if len(text) >= _PIECE)
    if not said or len(message) < _PIECE:
        return message
    kept: list[str] = []
    position = 0
    while position < len(message):
        length = _quoted_at(message, position, said)
        if length:
            kept.append("…")
            position += length
        else:
            kept.append(message[position])
            position += 1
    return "".join(kept)


def _quoted_at(message: str, start: int, said: str) -> int:
    """How many characters from ``start`` on stand in ``said`` as well; 0 when fewer than 12."""
    end = start + _PIECE
    if end > len(message) or message[start:end] not in said:
        return 0
    while end < len(message) and message[start : end + 1] in said:
        end += 1
    return end - start


def _texts(request: ProviderRequest) -> Iterator[str]:
    for message in request.messages:
        for part in message.content:
            yield from _texts_of(part)


def _texts_of(part: ContentPart) -> Iterator[str]:
    if isinstance(part, TextPart | ThinkingPart | RefusalPart):
        yield part.text
    elif isinstance(part, ToolCallPart):
        yield from _texts_in(part.tool_call.arguments_json)
    elif isinstance(part, ToolResultPart):
        content = part.tool_result.content
        if isinstance(content, ToolResultText):
            yield content.text
        elif isinstance(content, ToolResultJson):
            yield from _texts_in(content.value)
        elif isinstance(content, ToolResultParts):
            for inner in content.parts:
                yield from _texts_of(inner)


def _texts_in(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts_in(item)
