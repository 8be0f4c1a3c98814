"""The conversation as input items: messages, function calls and their outputs, reasoning as it was given."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any, Final

from provider_runtime.adapters.wire.openai_responses.draft import Draft, Place
from provider_runtime.adapters.wire.openai_responses.media import input_content, mark_cache, refusal_of
from provider_runtime.adapters.wire.openai_responses.signatures import (
    add_segment,
    is_replayable,
    opened,
    reasoning_note,
)
from provider_runtime.adapters.wire.reading import filled
from provider_runtime.adapters.wire.writing import FAILED_RESULT, canonical_text
from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.parts import (
    ImagePart,
    InlineData,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResult,
    ToolResultJson,
    ToolResultPart,
    ToolResultText,
)
from provider_runtime.domain.conversation.tools import ToolCall
from provider_runtime.domain.conversation.warnings import WarningCode

# Looked up once: reading an enum's members and values is slow, and this runs for every message.
_USER: Final = MessageRole.USER
_ASSISTANT: Final = MessageRole.ASSISTANT
_TOOL: Final = MessageRole.TOOL


def input_items(messages: tuple[Message, ...], draft: Draft) -> list[dict[str, Any]]:
    """Every message as items, in order. Raises ``IntentUnsupported`` and ``RequestInvalid``, naming the place."""
    items: list[dict[str, Any]] = []
    for index, message in enumerate(messages):
        role, plain = message.role, message.plain_text
        if plain is not None and role is not _TOOL:  # as most messages are
            items.append(_plain_item(role, plain))
        elif role is _ASSISTANT:
            items.extend(_assistant_items(message, draft, index))
        elif role is _TOOL:
            items.extend(_tool_items(message, draft, index))
        else:
            content = [input_content(part, draft, (index, number)) for number, part in enumerate(message.content)]
            items.append({"type": "message", "role": "user" if role is _USER else "system", "content": content})
    return items


def _plain_item(role: MessageRole, text: str) -> dict[str, Any]:
    kind = "output_text" if role is _ASSISTANT else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


# ── what the assistant said ─────────────────────────────────────────────────────────────────


def _assistant_items(message: Message, draft: Draft, index: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for number, part in enumerate(message.content):
        if isinstance(part, TextPart):
            _add_text(items, part, draft)
        elif isinstance(part, ThinkingPart):
            _add_thinking(items, part, draft)
        elif isinstance(part, ToolCallPart):
            items.append(_call_item(part.tool_call, draft))
        elif isinstance(part, RefusalPart):
            _open_message(items)["content"].append({"type": "refusal", "refusal": part.text})
        elif isinstance(part, ImagePart):
            items.append(_image_item(part, draft, (index, number)))
        else:
            raise refusal_of(part, (index, number))
    return _sendable(items, draft)


def _add_text(items: list[dict[str, Any]], part: TextPart, draft: Draft) -> None:
    if part.cache is not None:
        draft.drop_cache_mark(part.cache, "what the assistant said")
    if part.citations:
        draft.warn(WarningCode.DROPPED_CITATIONS, "citations on assistant text are not sent back")
    if part.signature is not None and (note := opened(part.signature, draft.provider)) is not None:
        # A signed text begins a message item of its own, as it did in the answer.
        items.append({"type": "message", "role": "assistant", "content": []})
        if phase := filled(note.get("phase")):
            items[-1]["phase"] = phase
    _open_message(items)["content"].append({"type": "output_text", "text": part.text})


def _open_message(items: list[dict[str, Any]]) -> dict[str, Any]:
    if not items or items[-1]["type"] != "message":
        items.append({"type": "message", "role": "assistant", "content": []})
    return items[-1]


def _add_thinking(items: list[dict[str, Any]], part: ThinkingPart, draft: Draft) -> None:
    note = reasoning_note(part, draft.provider)
    if note is not None and note.item is not None:
        items.append(note.item)
    elif note is None or not items or items[-1]["type"] != "reasoning" or items[-1].get("id") != note.item_id:
        draft.warn(WarningCode.DROPPED_THINKING_ON_ENCODE, "reasoning without a signature of this provider and API")
        return
    if note.segment is not None:
        add_segment(items[-1], note.segment, part.text)


def _sendable(items: list[dict[str, Any]], draft: Draft) -> list[dict[str, Any]]:
    kept = [item for item in items if item["type"] != "reasoning" or is_replayable(item)]
    if len(kept) < len(items):
        draft.warn(WarningCode.DROPPED_THINKING_ON_ENCODE, "reasoning that came without its encrypted content")
    if kept and kept[-1]["type"] == "reasoning":
        # An answer cut short while thinking. With its id, the API insists on the item that followed
        # it; without, it takes the reasoning as it is.
        kept[-1].pop("id", None)
    return kept


def _call_item(call: ToolCall, draft: Draft) -> dict[str, Any]:
    arguments = call.arguments_json
    item = {
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        # Text is what a provider sent that was no JSON; it goes back as it came.
        "arguments": arguments if isinstance(arguments, str) else canonical_text(arguments),
    }
    if call.signature is not None:
        note = opened(call.signature, draft.provider) or {}
        if namespace := filled(note.get("namespace")):
            item["namespace"] = namespace
    return item


def _image_item(part: ImagePart, draft: Draft, place: Place) -> dict[str, Any]:
    note = opened(part.signature, draft.provider)
    if note is None or not isinstance(part.source, InlineData):
        raise refusal_of(part, place)
    item: dict[str, Any] = {"type": "image_generation_call"}
    if item_id := filled(note.get("id")):
        item["id"] = item_id
    return {**item, "status": "completed", "result": b64encode(part.source.data).decode()}


# ── what tools answered ─────────────────────────────────────────────────────────────────────


def _tool_items(message: Message, draft: Draft, index: int) -> Iterator[dict[str, Any]]:
    for number, part in enumerate(message.content):
        place = (index, number)
        if not isinstance(part, ToolResultPart):
            raise refusal_of(part, place)
        result = part.tool_result
        output = _output(result, draft, place)
        if part.cache is not None:
            # A mark stands on a piece of content, so text has to become one, if the model takes marks.
            pieces = [{"type": "input_text", "text": output}] if isinstance(output, str) else output
            mark_cache(pieces[-1], part.cache, draft)
            output = pieces if draft.family.marks_cache else output
        yield {"type": "function_call_output", "call_id": result.tool_call_id, "output": output}


def _output(result: ToolResult, draft: Draft, place: Place) -> str | list[dict[str, Any]]:
    raw, content = result.raw_provider_content, result.content
    if isinstance(raw, str):
        return raw
    if raw is not None:
        draft.warn(
            WarningCode.TOOL_RESULT_RAW_PROVIDER_CONTENT_IGNORED,
            "raw tool results of this API are text; others are ignored",
        )
    if result.is_error:
        draft.warn(
            WarningCode.TOOL_RESULT_ERROR_FLAG_AS_TEXT, "this API has no error flag; a mark in the text stands for it"
        )
    prefix = FAILED_RESULT if result.is_error else ""
    if isinstance(content, ToolResultText):
        return prefix + content.text
    if isinstance(content, ToolResultJson):
        draft.warn(WarningCode.TOOL_RESULT_COERCED, "a JSON tool result was sent as JSON text")
        return prefix + canonical_text(content.value)
    texts = [part.text for part in content.parts if isinstance(part, TextPart)]
    if len(texts) == len(content.parts):
        for part in content.parts:
            draft.drop_cache_mark(part.cache, "a text inside a tool result")
        draft.warn(WarningCode.TOOL_RESULT_COERCED, "the text parts of a tool result were joined by line breaks")
        return prefix + "\n".join(texts)
    pieces = [input_content(part, draft, (*place, number)) for number, part in enumerate(content.parts)]
    return [{"type": "input_text", "text": prefix.strip()}, *pieces] if prefix else pieces
