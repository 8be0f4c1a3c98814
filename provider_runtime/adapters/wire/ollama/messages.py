"""The conversation as the wire's list of messages: text, images beside it, calls and results."""

from base64 import b64encode
from typing import Any, Final

from provider_runtime.adapters.wire.ollama.encoding import Encoding
from provider_runtime.adapters.wire.writing import FAILED_RESULT, canonical_text
from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    ContentPart,
    DocumentPart,
    ImageDetail,
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
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.domain.json_values import JsonObject

# Looked up once, since a long conversation asks for each message.
_ASSISTANT: Final = MessageRole.ASSISTANT
_TOOL: Final = MessageRole.TOOL


def wire_messages(messages: tuple[Message, ...], encoding: Encoding) -> list[dict[str, Any]]:
    """Every message in place. Raises ``IntentUnsupported`` or ``RequestInvalid``."""
    written: list[dict[str, Any]] = []
    tools: dict[str, str] = {}  # the tool behind each call id: results have to name it
    for index, message in enumerate(messages):
        role, plain = message.role, message.plain_text
        if plain is not None and role is not _TOOL:  # as most messages are
            written.append({"role": role, "content": plain})
        elif role is _TOOL:
            written += _results(message, tools, encoding, f"messages[{index}]")
        elif role is _ASSISTANT:
            for call in message.tool_calls:
                tools[call.id] = call.name
            written.append(_assistant(message, encoding, f"messages[{index}]"))
        else:
            written.append({"role": role, **_said(message.content, encoding, f"messages[{index}]")})
    return written


def _said(parts: tuple[ContentPart, ...], encoding: Encoding, place: str) -> dict[str, Any]:
    """Texts joined, and the images beside them."""
    texts: list[str] = []
    images: list[str] = []
    texts_before_image = 0
    between = False
    for number, part in enumerate(parts):
        spot = f"{place}.content[{number}]"
        if isinstance(part, TextPart):
            between = between or texts_before_image > 0
            texts.append(part.text)
        elif isinstance(part, ImagePart):
            images.append(_image(part, encoding, spot))
            texts_before_image = len(texts)
        else:
            raise _misplaced(part, encoding, spot)
        encoding.dropped_boundary(part.cache, spot)
    if between:
        encoding.remark(WarningCode.MEDIA_ORDER_LOST, f"{place}: images go before the text, not between its parts")
    said: dict[str, Any] = {"content": "\n".join(texts)}
    if images:
        said["images"] = images
    return said


def _image(part: ImagePart, encoding: Encoding, spot: str) -> str:
    if not isinstance(part.source, InlineData):
        raise encoding.cannot(spot, "this wire takes images inline only", "Send the bytes.")
    if part.detail is not None and part.detail is not ImageDetail.AUTO:
        encoding.dropped(f"{spot}.detail", "this wire takes no word on how closely to look")
    return b64encode(part.source.data).decode()


def _misplaced(part: ContentPart, encoding: Encoding, spot: str) -> IntentUnsupported | RequestInvalid:
    if isinstance(part, DocumentPart | AudioPart):
        kind = "documents" if isinstance(part, DocumentPart) else "audio"
        return encoding.cannot(spot, f"this wire takes no {kind}", "Send the text of it instead.")
    return encoding.wrong(spot, f"a {type(part).__name__} cannot stand here", "Move it to a message of its role.")


def _assistant(message: Message, encoding: Encoding, place: str) -> dict[str, Any]:
    texts: list[str] = []
    thoughts: list[str] = []
    images: list[str] = []
    calls: list[dict[str, Any]] = []
    for number, part in enumerate(message.content):
        spot = f"{place}.content[{number}]"
        if isinstance(part, TextPart):
            texts.append(part.text)
            encoding.dropped_boundary(part.cache, spot)
            if part.citations:
                encoding.remark(WarningCode.DROPPED_CITATIONS, f"{spot}: this wire takes no citations back")
        elif isinstance(part, ToolCallPart):
            calls.append(_tool_call(part.tool_call, encoding, spot))
        elif isinstance(part, ThinkingPart):
            if part.text and not part.redacted:
                thoughts.append(part.text)
            else:
                encoding.remark(WarningCode.DROPPED_THINKING_ON_ENCODE, f"{spot}: hidden reasoning cannot go back")
        elif isinstance(part, RefusalPart):
            texts.append(part.text)
        elif isinstance(part, AudioPart) and part.transcript:
            texts.append(part.transcript)
        elif isinstance(part, ImagePart):
            images.append(_image(part, encoding, spot))
            encoding.dropped_boundary(part.cache, spot)
        else:
            raise _misplaced(part, encoding, spot)
    said: dict[str, Any] = {"role": "assistant", "content": "".join(texts)}
    if thoughts:
        said["thinking"] = "\n".join(thoughts)
    if images:
        said["images"] = images
    if calls:
        said["tool_calls"] = calls
    return said


def _tool_call(call: ToolCall, encoding: Encoding, spot: str) -> dict[str, Any]:
    if not isinstance(call.arguments_json, JsonObject):
        raise encoding.cannot(
            f"{spot}.tool_call.arguments_json",
            "the arguments of a tool call must be a JSON object",
            "Correct the arguments, or leave the call and its result out.",
        )
    if call.signature is not None:
        encoding.remark(WarningCode.DROPPED_THINKING_ON_ENCODE, f"{spot}: the signature belongs elsewhere")
    return {"id": call.id, "function": {"name": call.name, "arguments": call.arguments_json}}


def _results(message: Message, tools: dict[str, str], encoding: Encoding, place: str) -> list[dict[str, Any]]:
    """One wire message for each result. The template of a model goes by the tool's name or by the call's id."""
    written: list[dict[str, Any]] = []
    for number, part in enumerate(message.content):
        spot = f"{place}.content[{number}]"
        if not isinstance(part, ToolResultPart):
            raise encoding.wrong(spot, f"a tool message cannot hold a {type(part).__name__}", "Use tool_result().")
        encoding.dropped_boundary(part.cache, spot)
        call_id = part.tool_result.tool_call_id
        if call_id not in tools:
            raise encoding.wrong(
                spot, "the result answers no tool call of the conversation", "Put the call before its result."
            )
        said = _result(part.tool_result, encoding, spot)
        written.append({"role": "tool", **said, "tool_name": tools[call_id], "tool_call_id": call_id})
    return written


def _result(result: ToolResult, encoding: Encoding, spot: str) -> dict[str, Any]:
    content, raw = result.content, result.raw_provider_content
    if raw is not None and not isinstance(raw, str):
        encoding.remark(WarningCode.TOOL_RESULT_RAW_PROVIDER_CONTENT_IGNORED, f"{spot}: only raw text can be sent")
    if isinstance(raw, str):
        said: dict[str, Any] = {"content": raw}
    elif isinstance(content, ToolResultText):
        said = {"content": content.text}
    elif isinstance(content, ToolResultJson):
        encoding.remark(WarningCode.TOOL_RESULT_COERCED, f"{spot}: the JSON value was sent as text")
        said = {"content": canonical_text(content.value)}
    else:
        encoding.remark(WarningCode.TOOL_RESULT_COERCED, f"{spot}: the text parts were joined")
        said = _said(content.parts, encoding, spot)
    if result.is_error:
        encoding.remark(
            WarningCode.TOOL_RESULT_ERROR_FLAG_AS_TEXT,
            f"{spot}: the failure is marked in the text: the wire has no flag",
        )
        said["content"] = FAILED_RESULT + said["content"]
    return said
