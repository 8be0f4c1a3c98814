"""A canonical request as the body of ``POST /v1/responses``: stateless, whole, in a fixed order of fields."""

from typing import Any, Final

from provider_runtime.adapters.wire.codec import Encoded
from provider_runtime.adapters.wire.openai_responses.controls import (
    add_options,
    add_reasoning,
    add_sampling,
    refuse_what_cannot_be_said,
)
from provider_runtime.adapters.wire.openai_responses.draft import Draft
from provider_runtime.adapters.wire.openai_responses.families import family_for
from provider_runtime.adapters.wire.openai_responses.input_items import input_items
from provider_runtime.adapters.wire.writing import body_bytes
from provider_runtime.domain.conversation.parts import TextPart
from provider_runtime.domain.conversation.request import JsonObjectFormat, JsonSchemaFormat, ProviderRequest
from provider_runtime.domain.conversation.tools import (
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.errors import RequestInvalid
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import JsonObject, JsonValue

PATH: Final = "/v1/responses"

# Keywords that strict mode refuses, or whose branches would have to be judged together.
_LOOSE: Final = frozenset(
    {
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "if",
        "then",
        "else",
        "dependentRequired",
        "dependentSchemas",
        "patternProperties",
        "unevaluatedProperties",
    }
)


def encode_request(request: ProviderRequest, provider: ProviderId) -> Encoded:
    """The request as bytes. Raises ``IntentUnsupported`` and ``RequestInvalid``; sends nothing."""
    refuse_what_cannot_be_said(request)
    draft = Draft(provider=provider, family=family_for(request.model.model_id))
    body: dict[str, Any] = {
        "model": request.model.model_id,
        "input": None,  # keeps its place; the checks below come first
        "store": False,
        "stream": False,
        "text": {"format": _format(request)},
    }
    add_reasoning(body, request, draft)
    add_sampling(body, request, draft)
    if request.metadata:
        body["metadata"] = request.metadata
    _add_tools(body, request, draft)
    body["input"] = input_items(request.messages, draft)
    if not body["input"]:
        raise RequestInvalid(field="messages", message="nothing is left to send", remedy="Add what the user says.")
    options = request.options_for(provider)
    if options:
        add_options(body, options)
    return Encoded(PATH, body_bytes(body), tuple(draft.warnings))


def _format(request: ProviderRequest) -> dict[str, Any]:
    wanted = request.response_format
    if isinstance(wanted, JsonSchemaFormat):
        return {"type": "json_schema", "name": wanted.name, "schema": wanted.schema, "strict": wanted.strict}
    if isinstance(wanted, JsonObjectFormat):
        if not _mentions_json(request):
            raise RequestInvalid(
                field="response_format",
                message="the API wants the word JSON somewhere in the conversation when a JSON object is asked for",
                remedy="Say in a message that the answer shall be JSON, or give a schema.",
            )
        return {"type": "json_object"}
    return {"type": "text"}


def _mentions_json(request: ProviderRequest) -> bool:
    return any(
        isinstance(part, TextPart) and "json" in part.text.lower()
        for message in request.messages
        for part in message.content
    )


# ── tools ───────────────────────────────────────────────────────────────────────────────────


def _add_tools(body: dict[str, Any], request: ProviderRequest, draft: Draft) -> None:
    choice = request.tool_choice
    if not request.tools:
        if isinstance(choice, ToolChoiceRequired | ToolChoiceSpecific):
            raise RequestInvalid(
                field="tool_choice",
                message="a tool call is insisted on, but no tool is defined",
                remedy="Add tools, or drop tool_choice.",
            )
        return
    body["tools"] = [_tool(tool, draft) for tool in request.tools]
    if isinstance(choice, ToolChoiceSpecific):
        if all(tool.name != choice.name for tool in request.tools):
            raise RequestInvalid(
                field="tool_choice", message="the tool insisted on is not defined", remedy="Define it in tools."
            )
        body["tool_choice"] = {"type": "function", "name": choice.name}
    elif isinstance(choice, ToolChoiceRequired):
        body["tool_choice"] = "required"
    else:
        body["tool_choice"] = "none" if isinstance(choice, ToolChoiceNone) else "auto"
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls


def _tool(tool: ToolDefinition, draft: Draft) -> dict[str, Any]:
    draft.drop_cache_mark(tool.cache, "a tool definition")
    strict = tool.strict
    if strict is None:
        strict = _is_strict_object(tool.parameters_schema) and _is_strict(tool.parameters_schema)
        if not strict:
            draft.warn(
                WarningCode.TOOL_SCHEMA_NOT_STRICT_COMPATIBLE,
                f"the schema of tool {tool.name} leaves room that strict mode does not allow; strict is off",
            )
    shape: dict[str, Any] = {"type": "function", "name": tool.name}
    if tool.description is not None:
        shape["description"] = tool.description
    shape["parameters"] = tool.parameters_schema
    shape["strict"] = strict
    return shape


def _is_strict(schema: JsonValue) -> bool:
    """Whether strict mode takes ``schema``: closed objects all the way down, every property required."""
    if not isinstance(schema, JsonObject):
        return schema is not True  # `true` allows anything; other scalars are no schemas and harm nothing
    if not _LOOSE.isdisjoint(schema):
        return False
    if _describes_object(schema) and not _is_strict_object(schema):
        return False
    for name in ("properties", "$defs", "definitions"):
        children = schema.get(name)
        if isinstance(children, JsonObject) and not all(_is_strict(child) for child in children.values()):
            return False
    return "items" not in schema or _is_strict(schema["items"])


def _describes_object(schema: JsonObject) -> bool:
    kind = schema.get("type")
    return kind == "object" or "properties" in schema or (isinstance(kind, tuple) and "object" in kind)


def _is_strict_object(schema: JsonObject) -> bool:
    properties, required = schema.get("properties"), schema.get("required")
    if not _describes_object(schema) or schema.get("additionalProperties") is not False:
        return False
    names = set(properties) if isinstance(properties, JsonObject) else set()
    listed = {name for name in required if isinstance(name, str)} if isinstance(required, tuple) else set()
    return names <= listed
