"""The parts of a message as content blocks."""

from collections.abc import Callable
from typing import Any

from provider_runtime.adapters.wire.anthropic_messages.encoding import WIRE, Block, Encoding
from provider_runtime.adapters.wire.anthropic_messages.media import document_block, image_block
from provider_runtime.adapters.wire.reading import NotJson, parse
from provider_runtime.adapters.wire.writing import canonical_text
from provider_runtime.domain.conversation.markers import CacheBoundary
from provider_runtime.domain.conversation.messages import Message
from provider_runtime.domain.conversation.parts import (
    DocumentPart,
    ImagePart,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultJson,
    ToolResultPart,
    ToolResultText,
)
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.errors import IntentUnsupported
from provider_runtime.domain.json_values import JsonObject

Writer = Callable[[object, Encoding], Block | None]


def said(message: Message, write: Writer, encoding: Encoding) -> list[Block]:
    """What ``message`` says, each part as ``write`` puts it; blank text is passed over."""
    blocks: list[Block] = []
    for number, part in enumerate(message.content):
        if type(part) is TextPart and part.cache is None and not part.citations:
            # White space alone says nothing, and the API answers it with 400.
            if part.text and not part.text.isspace():
                blocks.append({"type": "text", "text": part.text})
            continue
        encoding.number = number
        block = write(part, encoding)
        if block is not None:
            blocks.append(block)
    return blocks


def said_by_user(part: object, encoding: Encoding) -> Block | None:
    """Text, images and documents of a user. Raises ``IntentUnsupported`` for other parts."""
    if isinstance(part, TextPart):
        if part.citations:
            _drop_citations(encoding)
        return _text(part.text, part.cache, encoding)
    if isinstance(part, ImagePart):
        return image_block(part, encoding)
    if isinstance(part, DocumentPart):
        return document_block(part, encoding)
    raise _misplaced(part, encoding)


def said_by_system(part: object, encoding: Encoding) -> Block | None:
    """Text of the system. Raises ``IntentUnsupported`` for other parts."""
    if isinstance(part, TextPart):
        return said_by_user(part, encoding)
    raise _misplaced(part, encoding)


def said_by_assistant(part: object, encoding: Encoding) -> Block | None:
    """Text, thinking, tool calls and refusals of the model. Raises ``IntentUnsupported`` for other parts."""
    if isinstance(part, TextPart):
        return _cited_text(part, encoding)
    if isinstance(part, ToolCallPart):
        return _tool_use(part, encoding)
    if isinstance(part, ThinkingPart):
        return _thinking(part, encoding)
    if isinstance(part, RefusalPart):
        return _text(part.text, None, encoding)
    raise _misplaced(part, encoding)


def _misplaced(part: object, encoding: Encoding) -> IntentUnsupported:
    return encoding.unsupported(encoding.place, f"the wire has no place for a {type(part).__name__} here")


def _text(text: str, cache: CacheBoundary | None, encoding: Encoding) -> Block | None:
    if text and not text.isspace():
        return encoding.mark({"type": "text", "text": text}, cache)
    if cache is not None:
        encoding.warn(WarningCode.DROPPED_CACHE_BOUNDARY, f"{encoding.place} is blank and carries no cache boundary")
    return None


def _cited_text(part: TextPart, encoding: Encoding) -> Block | None:
    block = _text(part.text, part.cache, encoding)
    if part.citations and block is not None:
        citations = _citations_as_given(part, encoding)
        if citations is None:
            _drop_citations(encoding)
        else:
            block["citations"] = citations
    return block


def _citations_as_given(part: TextPart, encoding: Encoding) -> Any:
    signature = part.signature
    if signature is None or not signature.belongs_to(encoding.provider, WIRE):
        return None
    try:
        return parse(signature.value.encode())
    except NotJson:
        return None


def _drop_citations(encoding: Encoding) -> None:
    encoding.warn(WarningCode.DROPPED_CITATIONS, f"{encoding.place}: citations that cannot go back were left out")


def _thinking(part: ThinkingPart, encoding: Encoding) -> Block | None:
    signature = part.signature
    if signature is None or not signature.belongs_to(encoding.provider, WIRE):
        encoding.warn(
            WarningCode.DROPPED_THINKING_ON_ENCODE, f"{encoding.place}: thinking without a signature of this provider"
        )
        return None
    if part.redacted:
        return {"type": "redacted_thinking", "data": signature.value}
    return {"type": "thinking", "thinking": part.text, "signature": signature.value}


def _tool_use(part: ToolCallPart, encoding: Encoding) -> Block:
    call = part.tool_call
    if not isinstance(call.arguments_json, JsonObject):
        raise encoding.unsupported(
            f"{encoding.place}.tool_call.arguments_json",
            "the arguments of a tool call must be a JSON object",
            "Correct the arguments, or leave the call and its result out.",
        )
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments_json}


def answered(message: Message, encoding: Encoding) -> list[Block]:
    """The tool results in ``message``. Raises ``IntentUnsupported`` for other parts."""
    blocks: list[Block] = []
    for number, part in enumerate(message.content):
        encoding.number = number
        blocks.append(_tool_result(part, encoding))
    return blocks


def _tool_result(part: object, encoding: Encoding) -> Block:
    if not isinstance(part, ToolResultPart):
        raise _misplaced(part, encoding)
    result = part.tool_result
    block: Block = {"type": "tool_result", "tool_use_id": result.tool_call_id}
    content = result.content
    raw = result.raw_provider_content
    if isinstance(raw, tuple):
        block["content"] = raw
    elif isinstance(content, ToolResultText):
        if content.text:
            block["content"] = content.text
    elif isinstance(content, ToolResultJson):
        encoding.warn(WarningCode.TOOL_RESULT_COERCED, f"{encoding.place}: a JSON result was sent as text")
        block["content"] = canonical_text(content.value)
    else:
        block["content"] = _inside_result(content.parts, encoding)
    if raw is not None and not isinstance(raw, tuple):
        encoding.warn(
            WarningCode.TOOL_RESULT_RAW_PROVIDER_CONTENT_IGNORED,
            f"{encoding.place}: raw provider content must be a list of blocks",
        )
    if result.is_error:
        block["is_error"] = True
    return encoding.mark(block, part.cache)


def _inside_result(parts: tuple[object, ...], encoding: Encoding) -> list[Block]:
    blocks: list[Block] = []
    for inner, part in enumerate(parts):
        encoding.inner = inner
        block = said_by_user(part, encoding)
        if block is not None:
            blocks.append(block)
    encoding.inner = None
    return blocks
