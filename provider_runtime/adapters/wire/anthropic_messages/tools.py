"""What a model is held to: tool definitions, the choice among them, schemas that can be enforced."""

import re
from typing import Any, Final

from attrs import define

from provider_runtime.adapters.wire.anthropic_messages.encoding import Block, Encoding
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.tools import (
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.json_values import JsonObject

_TOOL_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")


def tool_blocks(tools: tuple[ToolDefinition, ...], encoding: Encoding) -> list[Block]:
    """The tool definitions. Raises ``IntentUnsupported`` for a name or a schema that the API refuses."""
    return [_tool(tool, f"tools[{number}]", encoding) for number, tool in enumerate(tools)]


def _tool(tool: ToolDefinition, place: str, encoding: Encoding) -> Block:
    if not _TOOL_NAME.fullmatch(tool.name):
        raise encoding.unsupported(
            f"{place}.name", "a tool name must be 1 to 128 letters, digits, '_' and '-'", "Rename the tool."
        )
    block: Block = {"name": tool.name}
    if tool.description is not None:
        block["description"] = tool.description
    block["input_schema"] = _input_schema(tool.parameters_schema, place, encoding)
    if tool.strict:
        _insist(tool, block, place, encoding)
    return encoding.mark(block, tool.cache)


def _input_schema(schema: dict[str, Any], place: str, encoding: Encoding) -> dict[str, Any]:
    kind = schema.get("type")
    if kind == "object":
        return schema
    if kind is None:  # arguments are always an object; the API wants it said
        return {"type": "object", **schema}
    raise encoding.unsupported(f"{place}.parameters_schema", "the arguments of a tool must be a JSON object")


def _insist(tool: ToolDefinition, block: Block, place: str, encoding: Encoding) -> None:
    if not encoding.family.structured:
        encoding.dropped(f"{place}.strict", "this model does not enforce schemas")
        return
    held = enforceable(tool.parameters_schema)
    if held.open_object or held.loosened:
        encoding.warn(
            WarningCode.TOOL_SCHEMA_NOT_STRICT_COMPATIBLE, f"{place}: the schema cannot be enforced; sent as a guide"
        )
        return
    block["input_schema"] = _input_schema(held.schema, place, encoding)
    block["strict"] = True


def tool_choice(request: ProviderRequest, encoding: Encoding) -> Block:
    """How freely the model may choose; for a request that has tools.

    Raises ``IntentUnsupported`` where a call is insisted on and the model cannot be forced.
    """
    choice = request.tool_choice
    if isinstance(choice, ToolChoiceNone):
        return {"type": "none"}
    one_at_most = request.parallel_tool_calls is False
    if isinstance(choice, ToolChoiceAuto):
        return {"type": "auto", "disable_parallel_tool_use": True} if one_at_most else {"type": "auto"}
    if not encoding.family.forced_tools:
        raise encoding.unsupported(
            "tool_choice", "this model cannot be made to call a tool", "Use ToolChoiceAuto and say so in the prompt."
        )
    if isinstance(choice, ToolChoiceSpecific):
        # "Exactly this tool" is one call, unless several were asked for.
        block: Block = {"type": "tool", "name": choice.name}
        one_at_most = request.parallel_tool_calls is not True
    else:
        block = {"type": "any"}
    if one_at_most:
        block["disable_parallel_tool_use"] = True
    return block


def is_forced(request: ProviderRequest) -> bool:
    """Whether the request insists on a tool call."""
    return bool(request.tools) and isinstance(request.tool_choice, ToolChoiceRequired | ToolChoiceSpecific)


# ── schemas ─────────────────────────────────────────────────────────────────────────────────

# Answered with 400 in an enforced schema. Source: platform.claude.com, "Structured outputs",
# JSON Schema limitations.
_UNENFORCED: Final = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
    }
)
_NAMED: Final = frozenset({"properties", "$defs", "definitions"})
_LISTED: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE: Final = frozenset({"items", "additionalProperties"})


@define(kw_only=True)
class Enforceable:
    """A schema as the API can enforce it.

    Objects are closed where the author left that open: whatever satisfies the closed schema
    satisfies the given one. ``loosened``: a constraint that the API refuses was left out.
    ``open_object``: an object must take unnamed properties, which cannot be enforced at all.
    """

    schema: dict[str, Any]
    loosened: bool = False
    open_object: bool = False


def enforceable(schema: JsonObject) -> Enforceable:
    """``schema`` with closed objects and without what the API refuses."""
    held = Enforceable(schema={})
    held.schema = _held(schema, held, close=True)
    return held


def _held(value: Any, held: Enforceable, *, close: bool) -> Any:
    if not isinstance(value, dict):
        held.open_object = held.open_object or value is True
        return value
    kept: dict[str, Any] = {}
    for key, item in value.items():
        if key in _UNENFORCED or (key == "minItems" and item not in (0, 1)):
            held.loosened = True
        elif key in _NAMED and isinstance(item, dict):
            kept[key] = {name: _held(one, held, close=True) for name, one in item.items()}
        elif key in _LISTED and isinstance(item, tuple):
            # Closed branches of allOf would exclude each other's properties.
            kept[key] = [_held(one, held, close=key != "allOf") for one in item]
        elif key in _SINGLE:
            kept[key] = _held(item, held, close=True)
        else:
            kept[key] = item
    kind = value.get("type")
    if kind == "object" or (isinstance(kind, tuple) and "object" in kind):
        held.open_object = held.open_object or value.get("additionalProperties", False) is not False
        if close:
            kept.setdefault("additionalProperties", False)
    return kept
