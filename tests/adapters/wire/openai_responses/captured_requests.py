"""Captured request bodies as canonical requests, and as the body that this wire should write for them."""

import json
from base64 import b64decode
from typing import Any, Final

from responses_cases import decoded

from provider_runtime.domain.conversation.markers import CacheBoundary
from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.parts import (
    ContentPart,
    DocumentPart,
    ImagePart,
    InlineData,
    MediaSource,
    MediaUrl,
    ProviderFile,
    TextPart,
    ToolResult,
    ToolResultPart,
    ToolResultParts,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import (
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelRef,
    ProviderRequest,
    ReasoningEffort,
    ReasoningOff,
    ResponseFormat,
    TextFormat,
)
from provider_runtime.domain.conversation.tools import (
    ToolChoice,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)

_PLAIN_CONTROLS: Final = ("temperature", "top_p", "max_output_tokens", "parallel_tool_calls")
_VERBATIM: Final = (
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_options",
    "truncation",
    "user",
    "safety_identifier",
    "provider",
)
_KNOWN: Final = {
    "model",
    "input",
    "instructions",
    "store",
    "stream",
    "include",
    "metadata",
    "reasoning",
    "text",
    "tool_choice",
    "tools",
    *_PLAIN_CONTROLS,
    *_VERBATIM,
}
_SAID_BY_THE_MODEL: Final = {"reasoning", "function_call"}
_CHOICES: Final[dict[str, ToolChoice]] = {
    "auto": ToolChoiceAuto(),
    "none": ToolChoiceNone(),
    "required": ToolChoiceRequired(),
}


class Unsayable(Exception):
    """The captured request uses something that the canonical form leaves to its provider."""


def canonical(body: dict[str, Any]) -> ProviderRequest:
    """The request that says the same. Raises ``Unsayable``."""
    if extra := set(body) - _KNOWN:
        raise Unsayable(f"fields {sorted(extra)}")
    reasoning, text = dict(body.get("reasoning") or {}), dict(body.get("text") or {})
    effort, wanted = reasoning.pop("effort", None), text.pop("format", None)
    functions = [tool for tool in body.get("tools") or [] if tool["type"] == "function"]
    others = [tool for tool in body.get("tools") or [] if tool["type"] != "function"]
    options = {name: body[name] for name in _VERBATIM if name in body}
    options |= {name: value for name, value in (("reasoning", reasoning), ("text", text), ("tools", others)) if value}
    if body.get("include"):
        options["include"] = body["include"]
    controls = {name: body[name] for name in _PLAIN_CONTROLS if body.get(name) is not None}
    return ProviderRequest(
        model=ModelRef(model_id=body["model"]),
        messages=_messages(body),
        tools=tuple(_tool(tool) for tool in functions),
        tool_choice=_choice(body.get("tool_choice", "auto"), functions),
        response_format=_format(wanted),
        reasoning=ReasoningOff() if effort == "none" else ReasoningEffort(effort) if effort else None,
        metadata=body.get("metadata") or {},
        provider_options={"openai": options},
        **controls,
    )


def _messages(body: dict[str, Any]) -> tuple[Message, ...]:
    messages: list[Message] = []
    said: list[dict[str, Any]] = []

    def close_turn() -> None:
        if said:
            messages.append(decoded({"status": "completed", "output": list(said), "usage": {}}).message)
            said.clear()

    for item in expected_items(body):
        if item["type"] in _SAID_BY_THE_MODEL or item.get("role") == "assistant":
            said.append({**item, "arguments": json.dumps(item["arguments"])} if "arguments" in item else item)
            continue
        close_turn()
        if item["type"] == "function_call_output":
            messages.append(Message(role=MessageRole.TOOL, content=(_result(item),)))
        else:
            messages.append(Message(role=item["role"], content=tuple(_part(piece) for piece in item["content"])))
    close_turn()
    return tuple(messages)


def _result(item: dict[str, Any]) -> ToolResultPart:
    output = item["output"]
    content = ToolResultText(output) if isinstance(output, str) else ToolResultParts([_part(piece) for piece in output])
    return ToolResultPart(ToolResult(tool_call_id=item["call_id"], content=content))


def _part(piece: dict[str, Any]) -> ContentPart:
    kind = piece["type"]
    if kind == "input_text":
        return TextPart(piece["text"], cache=CacheBoundary() if "prompt_cache_breakpoint" in piece else None)
    if kind == "input_image":
        return ImagePart(source=_source(piece.get("image_url"), piece.get("file_id")), detail=piece.get("detail"))
    if kind == "input_file":
        data = piece.get("file_data") or piece.get("file_url")
        return DocumentPart(source=_source(data, piece.get("file_id")), name=piece.get("filename"))
    raise Unsayable(kind)


def _source(address: str | None, file_id: str | None) -> MediaSource:
    if address is None:
        return ProviderFile(file_id=file_id or "")
    if not address.startswith("data:"):
        return MediaUrl(url=address)
    head, _, data = address.partition(";base64,")
    return InlineData(media_type=head.removeprefix("data:"), data=b64decode(data))


def _tool(tool: dict[str, Any]) -> ToolDefinition:
    if extra := set(tool) - {"type", "name", "description", "parameters", "strict"}:
        raise Unsayable(f"tool fields {sorted(extra)}")
    return ToolDefinition(
        name=tool["name"],
        description=tool.get("description"),
        parameters_schema=tool.get("parameters") or {"type": "object", "properties": {}},
        strict=tool.get("strict"),
    )


def _choice(choice: Any, functions: list[dict[str, Any]]) -> ToolChoice:
    if isinstance(choice, str) and (functions or choice == "auto"):
        return _CHOICES[choice]
    if isinstance(choice, dict) and choice["type"] == "function":
        return ToolChoiceSpecific(choice["name"])
    raise Unsayable("a choice among tools of the provider")


def _format(wanted: dict[str, Any] | None) -> ResponseFormat:
    if wanted is None or wanted["type"] == "text":
        return TextFormat()
    if wanted["type"] == "json_object":
        return JsonObjectFormat()
    if extra := set(wanted) - {"type", "name", "schema", "strict"}:
        raise Unsayable(f"format fields {sorted(extra)}")
    return JsonSchemaFormat(name=wanted["name"], schema=wanted["schema"], strict=wanted.get("strict") or False)


# ── what the body should hold ───────────────────────────────────────────────────────────────


def expected_items(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The captured input in the long form: typed items, content as lists, arguments as values, no server ids."""
    given = body["input"]
    items: list[dict[str, Any]] = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if body.get("instructions"):
        items = [{"role": "system", "content": body["instructions"]}, *items]
    return [_long_form(item) for item in items]


def comparable(item: dict[str, Any]) -> dict[str, Any]:
    """An encoded item with its arguments as a value, since key order is not the provider's."""
    return {**item, "arguments": json.loads(item["arguments"])} if "arguments" in item else item


def sendable(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without reasoning that only a server which stores answers could look up, and without empty texts."""
    return [item for item in items if _has_substance(item)]


def _has_substance(item: dict[str, Any]) -> bool:
    if item["type"] == "reasoning":
        return bool(item.get("encrypted_content") or item.get("content"))
    return item.get("role") != "assistant" or any(
        piece.get("text") or piece.get("refusal") for piece in item["content"]
    )


def _long_form(item: dict[str, Any]) -> dict[str, Any]:
    kind = item.get("type") or "message"
    if kind == "message":
        return _long_message(item)
    if kind == "reasoning":
        return {
            name: item[name]
            for name in ("type", "id", "summary", "content", "encrypted_content")
            if item.get(name) is not None
        }
    if kind == "function_call" and "caller" not in item:
        kept = {name: item[name] for name in ("type", "call_id", "name", "namespace") if name in item}
        return {**kept, "arguments": json.loads(item["arguments"])}
    if kind == "function_call_output" and "caller" not in item:
        return {"type": kind, "call_id": item["call_id"], "output": item["output"]}
    raise Unsayable(kind)


def _long_message(item: dict[str, Any]) -> dict[str, Any]:
    role = "system" if item["role"] == "developer" else item["role"]
    kind = "output_text" if role == "assistant" else "input_text"
    content = [{"type": kind, "text": item["content"]}] if isinstance(item["content"], str) else item["content"]
    pieces = [
        {name: value for name, value in piece.items() if name not in {"annotations", "logprobs"}} for piece in content
    ]
    phase = {"phase": item["phase"]} if item.get("phase") else {}
    return {"type": "message", "role": role, "content": pieces, **phase}
