"""The conversation as the wire's list of messages."""

from typing import Any, Final

import msgspec

from provider_runtime.adapters.wire.chat_completions.dialect import ThinkingReplay
from provider_runtime.adapters.wire.chat_completions.reasoning import (
    chunk_of,
    detail_of,
    is_chunk,
    may_go_back,
    opaque_in,
)
from provider_runtime.adapters.wire.chat_completions.request_parts import Encoding, content_part, data_url, mark
from provider_runtime.adapters.wire.writing import FAILED_RESULT, canonical_text
from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    ContentPart,
    ImagePart,
    InlineData,
    ProviderFile,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResult,
    ToolResultJson,
    ToolResultPart,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.tools import ToolCall
from provider_runtime.domain.conversation.warnings import WarningCode

# Members of an enum are looked up by its metaclass, which takes long.
_USER: Final = MessageRole.USER
_ASSISTANT: Final = MessageRole.ASSISTANT
_TOOL: Final = MessageRole.TOOL


class _Plain(msgspec.Struct, gc=False):
    """A message of one text: the same JSON as of a dictionary, written without a step of the interpreter."""

    role: MessageRole
    content: str | None


def wire_messages(request: ProviderRequest, encoding: Encoding) -> list[_Plain] | list[dict[str, Any]]:
    """Every message in place. Raises ``IntentUnsupported`` or ``RequestInvalid``."""
    if request.texts_alone and not encoding.dialect.one_system_message:
        return [_Plain(message.role, message.plain_text) for message in request.messages]
    written: list[dict[str, Any]] = []
    for index, message in enumerate(request.messages):
        plain = message.plain_text
        if plain is not None and (message.role is _USER or message.role is _ASSISTANT):
            written.append({"role": message.role, "content": plain})
            continue
        place = f"messages[{index}]"
        if message.role is _USER:
            written.append({"role": "user", "content": _content(message.content, encoding, place)})
        elif message.role is _ASSISTANT:
            written.append(_assistant(message, encoding, place))
        elif message.role is _TOOL:
            written.extend(_tool_messages(message, encoding, place))
        else:
            _add_system(written, message, encoding, place)
    return written


def _content(parts: tuple[ContentPart, ...], encoding: Encoding, place: str) -> str | list[dict[str, Any]]:
    """Text alone as a string, which every server takes; otherwise a list."""
    if len(parts) == 1:
        only = parts[0]
        if isinstance(only, TextPart) and only.cache is None:
            return only.text
    texts = []
    for part in parts:
        if not isinstance(part, TextPart) or (part.cache is not None and encoding.takes_boundaries):
            return [content_part(each, encoding, f"{place}.content[{n}]") for n, each in enumerate(parts)]
        encoding.boundary_kept(part.cache, place)
        texts.append(part.text)
    return "\n".join(texts)


def _add_system(written: list[dict[str, Any]], message: Message, encoding: Encoding, place: str) -> None:
    for part in message.content:
        if not isinstance(part, TextPart):
            raise encoding.wrong(place, f"a system message cannot hold a {type(part).__name__}", "Use text.")
    content = _content(message.content, encoding, place)
    if encoding.dialect.one_system_message and written and written[-1]["role"] == "system":
        # Chat templates raise "System message must be at the beginning" for a second one.
        written[-1]["content"] = f"{written[-1]['content']}\n\n{content}"
        return
    written.append({"role": "system", "content": content})


def _assistant(message: Message, encoding: Encoding, place: str) -> dict[str, Any]:
    """What the model said: text and reasoning chunks are content, everything else has a field."""
    said: dict[str, Any] = {"role": "assistant", "content": None}
    items: list[dict[str, Any]] = []
    as_list = False
    for number, part in enumerate(message.content):
        spot = f"{place}.content[{number}]"
        if isinstance(part, TextPart):
            as_list = _add_text(items, part, encoding, spot) or as_list
            if part.signature is not None and may_go_back(part.signature, encoding):
                said["extra_content"] = opaque_in(part.signature)
        elif isinstance(part, ToolCallPart):
            said.setdefault("tool_calls", []).append(_tool_call(part.tool_call, encoding, spot))
        elif isinstance(part, ThinkingPart):
            as_list = _add_thinking(said, items, part, encoding, spot) or as_list
        elif isinstance(part, RefusalPart) and encoding.dialect.refusals:
            said["refusal"] = said.get("refusal", "") + part.text
        else:
            _add_rest(said, items, part, encoding, spot)
    if items:
        said["content"] = items if as_list else "".join([item["text"] for item in items])
    elif "tool_calls" not in said and "refusal" not in said:
        said["content"] = ""
    return said


def _add_text(items: list[dict[str, Any]], part: TextPart, encoding: Encoding, spot: str) -> bool:
    """Whether the content has to be a list now."""
    item: dict[str, Any] = {"type": "text", "text": part.text}
    items.append(item)
    if part.citations:
        encoding.remark(WarningCode.DROPPED_CITATIONS, f"{spot}: this wire takes no citations back")
    if part.cache is not None and encoding.boundary_kept(part.cache, spot):
        mark(item, part.cache, encoding.dialect)
        return True
    return False


def _add_thinking(
    said: dict[str, Any], items: list[dict[str, Any]], part: ThinkingPart, encoding: Encoding, spot: str
) -> bool:
    """Whether the content has to be a list now. What the provider signed goes back as it came."""
    replay = encoding.dialect.thinking
    detail = detail_of(part, encoding)
    if detail is not None and is_chunk(detail):
        items.append(detail)
        return True
    if detail is not None:
        said.setdefault("reasoning_details", []).append(detail)
    elif replay is ThinkingReplay.NOT or not part.text:
        encoding.remark(WarningCode.DROPPED_THINKING_ON_ENCODE, f"{spot}: this provider takes no such reasoning back")
    elif replay is ThinkingReplay.CHUNKS:
        items.append(chunk_of(part.text))
        return True
    else:
        before = said.get(replay.value)
        said[replay.value] = f"{before}\n{part.text}" if before else part.text
    return False


def _add_rest(
    said: dict[str, Any], items: list[dict[str, Any]], part: ContentPart, encoding: Encoding, spot: str
) -> None:
    if isinstance(part, RefusalPart):
        items.append({"type": "text", "text": part.text})
    elif isinstance(part, AudioPart) and part.transcript:
        # The provider keeps its own recordings for an hour at most; what was said stays true.
        items.append({"type": "text", "text": part.transcript})
    elif isinstance(part, ImagePart) and encoding.dialect.assistant_images:
        if isinstance(part.source, ProviderFile):
            raise encoding.cannot(spot, "this wire takes no images by file id", "Send the bytes or an address.")
        url = data_url(part.source) if isinstance(part.source, InlineData) else part.source.url
        said.setdefault("images", []).append({"type": "image_url", "image_url": {"url": url}})
    elif isinstance(part, ImagePart | AudioPart):
        raise encoding.cannot(
            spot, "this provider takes no media that a model made", "Put it into a user message, or leave it out."
        )
    else:
        raise encoding.wrong(spot, f"an assistant message cannot hold a {type(part).__name__}", "Move it.")


def _tool_call(call: ToolCall, encoding: Encoding, spot: str) -> dict[str, Any]:
    arguments = call.arguments_json
    # Text that is no JSON came from a model that was cut short: it goes back as it was.
    text = arguments if isinstance(arguments, str) else canonical_text(arguments)
    written: dict[str, Any] = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": text},
    }
    if call.signature is not None:
        if may_go_back(call.signature, encoding):
            written["extra_content"] = opaque_in(call.signature)
        else:
            encoding.remark(WarningCode.DROPPED_THINKING_ON_ENCODE, f"{spot}: the signature belongs elsewhere")
    return written


def _tool_messages(message: Message, encoding: Encoding, place: str) -> list[dict[str, Any]]:
    """One wire message for each result."""
    written = []
    for number, part in enumerate(message.content):
        spot = f"{place}.content[{number}]"
        if not isinstance(part, ToolResultPart):
            raise encoding.wrong(spot, f"a tool message cannot hold a {type(part).__name__}", "Use tool_result().")
        content = _result_content(part.tool_result, encoding, spot)
        if part.cache is not None and encoding.boundary_kept(part.cache, spot):
            content = content if isinstance(content, list) else [{"type": "text", "text": content}]
            mark(content[-1], part.cache, encoding.dialect)
        written.append({"role": "tool", "tool_call_id": part.tool_result.tool_call_id, "content": content})
    return written


def _result_content(result: ToolResult, encoding: Encoding, spot: str) -> str | list[dict[str, Any]]:
    content, raw = result.content, result.raw_provider_content
    if raw is not None and not isinstance(raw, str):
        encoding.remark(WarningCode.TOOL_RESULT_RAW_PROVIDER_CONTENT_IGNORED, f"{spot}: only raw text can be sent")
    if isinstance(raw, str):
        text = raw
    elif isinstance(content, ToolResultText):
        text = content.text
    elif isinstance(content, ToolResultJson):
        text = canonical_text(content.value)
        encoding.remark(WarningCode.TOOL_RESULT_COERCED, f"{spot}: the JSON value was sent as text")
    elif all(isinstance(part, TextPart) for part in content.parts):
        text = "\n".join([part.text for part in content.parts if isinstance(part, TextPart)])
        encoding.remark(WarningCode.TOOL_RESULT_COERCED, f"{spot}: the text parts were joined")
    elif encoding.dialect.media_in_tool_results:
        items = [content_part(part, encoding, spot) for part in content.parts]
        return [{"type": "text", "text": FAILED_RESULT}, *items] if _failed(result, encoding, spot) else items
    else:
        raise encoding.cannot(
            spot, "this provider takes only text as a tool result", "Describe the media, or send it as user content."
        )
    return FAILED_RESULT + text if _failed(result, encoding, spot) else text


def _failed(result: ToolResult, encoding: Encoding, spot: str) -> bool:
    if result.is_error:
        encoding.remark(
            WarningCode.TOOL_RESULT_ERROR_FLAG_AS_TEXT,
            f"{spot}: the failure is marked in the text: the wire has no flag",
        )
    return result.is_error
