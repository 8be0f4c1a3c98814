"""What tools answered, as function responses."""

from typing import Any, Final

from provider_runtime.adapters.wire.gemini.encoding import OUR_CALL, Encoding, Part
from provider_runtime.adapters.wire.gemini.media import inline, media_part
from provider_runtime.adapters.wire.writing import canonical_text
from provider_runtime.domain.conversation.parts import (
    InlineData,
    MediaPart,
    TextPart,
    ToolResult,
    ToolResultJson,
    ToolResultText,
)
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.json_values import JsonObject, JsonValue

_POINTERS: Final = ("$ref", "$defs")


def function_response(result: ToolResult, name: str, beside: list[Part], encoding: Encoding) -> Part:
    """One result. Media that it cannot hold itself is added to ``beside``, to be sent after all results.

    The response is an object: a JSON object goes as it is, everything else under ``result``, and
    what a failed tool said under ``error``, as the API reference suggests.
    """
    written: dict[str, Any] = {}
    if not result.tool_call_id.startswith(OUR_CALL):
        written["id"] = result.tool_call_id
    written["name"] = name
    content = result.content
    raw = result.raw_provider_content
    if isinstance(raw, JsonObject):
        written["response"] = raw
    elif isinstance(content, ToolResultText):
        written["response"] = _under(result, content.text)
    elif isinstance(content, ToolResultJson):
        written["response"] = _json(result, content.value, encoding)
    else:
        _add_parts(written, result, content.parts, beside, encoding)
    if raw is not None and not isinstance(raw, JsonObject):
        encoding.warn(
            WarningCode.TOOL_RESULT_RAW_PROVIDER_CONTENT_IGNORED,
            f"{encoding.place}: raw provider content must be an object",
        )
    return {"functionResponse": written}


def _under(result: ToolResult, value: JsonValue) -> dict[str, JsonValue]:
    return {"error" if result.is_error else "result": value}


def _json(result: ToolResult, value: JsonValue, encoding: Encoding) -> Any:
    if _points(value):
        # Answered with 400 otherwise: the API takes such keys for pointers to files beside the result.
        encoding.warn(
            WarningCode.TOOL_RESULT_COERCED,
            f"{encoding.place}: a JSON result with '$ref' or '$defs' in it was sent as text",
        )
        return _under(result, canonical_text(value))
    return value if isinstance(value, JsonObject) and not result.is_error else _under(result, value)


def _points(value: JsonValue) -> bool:
    if isinstance(value, JsonObject):
        return any(key in value for key in _POINTERS) or any(_points(item) for item in value.values())
    return isinstance(value, tuple) and any(_points(item) for item in value)


def _add_parts(
    written: dict[str, Any], result: ToolResult, parts: tuple[MediaPart, ...], beside: list[Part], encoding: Encoding
) -> None:
    texts: list[str] = []
    held: list[Part] = []
    for number, part in enumerate(parts):
        encoding.inner = number
        if isinstance(part, TextPart):
            encoding.no_boundary(part.cache, encoding.place)
            texts.append(part.text)
        elif encoding.family.media_in_results and isinstance(part.source, InlineData):
            encoding.no_boundary(part.cache, encoding.place)
            held.append({"inlineData": inline(part.source)})
        else:
            beside.append(media_part(part, encoding))
            encoding.warn(WarningCode.TOOL_RESULT_COERCED, f"{encoding.place}: the file was sent beside the result")
    encoding.inner = None
    written["response"] = _under(result, "\n".join(texts)) if texts or result.is_error else {}
    if held:
        written["parts"] = held
