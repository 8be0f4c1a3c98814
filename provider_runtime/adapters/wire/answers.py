"""Answers as canonical values: what every wire does alike once it has found the pieces."""

from typing import Any

from provider_runtime.adapters.wire.reading import NotJson, a_json, parse
from provider_runtime.domain.conversation.markers import Signature
from provider_runtime.domain.conversation.parts import ContentPart, TextPart, ToolCallPart, called
from provider_runtime.domain.conversation.request import JsonObjectFormat, ResponseFormat, TextFormat
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, JsonValue


def tool_call_part(
    call_id: object,
    name: object,
    arguments: Any,
    *,
    position: int,
    warnings: list[CallWarning],
    signature: Signature | None = None,
) -> ToolCallPart | None:
    """A tool call from whatever a provider sent; ``None`` (and a warning) when it names no tool.

    ``arguments`` may be JSON text, an object, empty or missing. A missing id becomes
    ``call_<position>``: results are matched within one turn, so that is unique enough.
    """
    if not isinstance(name, str) or not name:
        warnings.append(warn(WarningCode.UNKNOWN_CONTENT_BLOCK, "a tool call without a name was skipped"))
        return None
    if not isinstance(call_id, str) or not call_id:
        call_id = str(call_id) if type(call_id) is int else f"call_{position}"
    value, faulty = _arguments(arguments)
    if faulty:
        warnings.append(
            warn(
                WarningCode.TOOL_ARGUMENTS_INVALID_JSON,
                f"the arguments of tool call {position} are not JSON; kept as text",
            )
        )
    return called(call_id, name, value, signature)


def _arguments(arguments: object) -> tuple[JsonValue, bool]:
    if arguments is None or arguments == "":
        return EMPTY_OBJECT, False
    if not isinstance(arguments, str):
        return a_json(arguments), False
    try:
        value = parse(arguments.encode())
    except (NotJson, UnicodeEncodeError):
        return arguments.encode(errors="replace").decode(), True
    frozen = a_json(value)
    return (arguments, True) if frozen is None and value is not None else (frozen, False)


def structured_output(wanted: ResponseFormat, texts: list[str], warnings: list[CallWarning]) -> JsonValue:
    """The JSON value of the answer if one was asked for; failure is a warning and ``None``.

    ``texts`` are the text parts. A JSON object asked for must be an object.
    """
    if isinstance(wanted, TextFormat):
        return None
    text = "".join(texts).strip()
    if not text:
        return None
    try:
        value = a_json(parse(text.encode()))
    except (NotJson, UnicodeEncodeError):
        value = None
    if value is None or (isinstance(wanted, JsonObjectFormat) and not isinstance(value, JsonObject)):
        warnings.append(
            warn(WarningCode.STRUCTURED_OUTPUT_PARSE_FAILED, "the answer is not the JSON value that was asked for")
        )
        return None
    return value


def text_of(parts: list[ContentPart]) -> list[str]:
    """The texts of the text parts."""
    return [part.text for part in parts if isinstance(part, TextPart)]
