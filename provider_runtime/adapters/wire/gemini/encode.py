"""A canonical request as the body of ``POST /v1beta/models/{model}:generateContent``."""

import re
from typing import Any, Final

from provider_runtime.adapters.wire.codec import Encoded
from provider_runtime.adapters.wire.gemini.contents import system_and_contents
from provider_runtime.adapters.wire.gemini.controls import generation_config
from provider_runtime.adapters.wire.gemini.encoding import Encoding
from provider_runtime.adapters.wire.gemini.families import family_of_model
from provider_runtime.adapters.wire.gemini.schemas import adapted
from provider_runtime.adapters.wire.writing import body_bytes
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.tools import (
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import JsonObject, JsonValue

# The id is a part of the address: nothing that could end the segment or begin a query gets in.
_MODEL_ID: Final = re.compile(r"(?:(models|tunedModels)/)?([A-Za-z0-9][A-Za-z0-9._@-]{0,127})")
_TOOL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
_DECLARATIONS: Final = ("functionDeclarations", "function_declarations")
_SNAKE: Final = re.compile(r"_([a-z])")


def encode_request(request: ProviderRequest, provider: ProviderId) -> Encoded:
    """The request as bytes. Raises ``IntentUnsupported`` or ``RequestInvalid``."""
    model = request.model.model_id
    encoding = Encoding(provider=provider, model=model, family=family_of_model(model))
    path = _path(model, encoding)
    system, turns = system_and_contents(request.messages, encoding)
    if turns[-1]["role"] == "model" and not encoding.family.prefill:
        raise encoding.unsupported(
            "messages", "this model does not continue its own message", "End with a user or tool message."
        )
    body: dict[str, Any] = {}
    if system:
        body["systemInstruction"] = {"parts": system}
    body["contents"] = turns
    if request.tools:
        _add_tools(request, body, encoding)
    config = generation_config(request, encoding)
    if config:
        body["generationConfig"] = config
    if request.metadata:
        encoding.warn(WarningCode.DROPPED_UNSUPPORTED_METADATA_KEYS, "this wire takes no metadata")
    body["store"] = False  # keep it out of the project's logs, whatever the project's setting
    if request.provider_options:
        _add_options(request.options_for(provider), body, encoding)
    return Encoded(path, body_bytes(body), tuple(encoding.warnings))


def _path(model: str, encoding: Encoding) -> str:
    found = _MODEL_ID.fullmatch(model)
    if found is None:
        raise encoding.invalid(
            "model", "the model id becomes a part of the address and cannot stand there", "Check the model id."
        )
    return f"/v1beta/{found[1] or 'models'}/{found[2]}:generateContent"


# ── tools ───────────────────────────────────────────────────────────────────────────────────


def _add_tools(request: ProviderRequest, body: dict[str, Any], encoding: Encoding) -> None:
    declared = [_declaration(tool, f"tools[{number}]", encoding) for number, tool in enumerate(request.tools)]
    body["tools"] = [{"functionDeclarations": declared}]
    calling = _calling_config(request)
    if calling is not None:
        body["toolConfig"] = {"functionCallingConfig": calling}
    if request.parallel_tool_calls is False:
        encoding.dropped("parallel_tool_calls", "the wire has no such control")


def _declaration(tool: ToolDefinition, place: str, encoding: Encoding) -> dict[str, Any]:
    if not _TOOL_NAME.fullmatch(tool.name):
        raise encoding.unsupported(
            f"{place}.name",
            "a tool name must be 1 to 128 letters, digits, '_', '.', ':' and '-', and begin with a letter or '_'",
            "Rename the tool.",
        )
    encoding.no_boundary(tool.cache, place)
    declared: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        declared["description"] = tool.description
    schema = tool.parameters_schema
    if schema.get("type", "object") != "object":
        raise encoding.unsupported(f"{place}.parameters_schema", "the arguments of a tool must be a JSON object")
    held = adapted(schema)
    if held.lost:
        told = ", ".join(sorted(held.lost))
        code = WarningCode.SCHEMA_CONSTRAINTS_NOT_ENFORCED
        if tool.strict:
            code = WarningCode.TOOL_SCHEMA_NOT_STRICT_COMPATIBLE
        encoding.warn(code, f"{place}: not known to this wire: {told}")
    if not _asks_nothing(held.schema):
        declared["parametersJsonSchema"] = {"type": "object", **held.schema}
    return declared


def _asks_nothing(schema: dict[str, Any]) -> bool:
    """Whether a tool takes no arguments, which is said by saying nothing."""
    return not schema.get("properties") and schema.keys() <= {"type", "properties", "title", "required"}


def _calling_config(request: ProviderRequest) -> dict[str, Any] | None:
    choice = request.tool_choice
    if isinstance(choice, ToolChoiceAuto):
        # The API checks the arguments of all tools or of none.
        return {"mode": "VALIDATED"} if any(tool.strict for tool in request.tools) else None
    if isinstance(choice, ToolChoiceNone):
        return {"mode": "NONE"}
    if isinstance(choice, ToolChoiceSpecific):
        return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    return {"mode": "ANY"}


# ── options ─────────────────────────────────────────────────────────────────────────────────


def _add_options(options: JsonObject, body: dict[str, Any], encoding: Encoding) -> None:
    """Add the caller's own fields, inside objects that are there already too.

    None may say a second time what the request says, in either spelling that the API reads.
    Server tools are no second saying: they stand beside the request's own tools.
    """
    extra = options.get("tools")
    if "tools" in body and isinstance(extra, tuple) and not any(_declares(tool) for tool in extra):
        body["tools"] += extra
        options = JsonObject({name: value for name, value in options.items() if name != "tools"})
    _merge(options, body, f"provider_options.{encoding.provider}", encoding)


def _declares(tool: JsonValue) -> bool:
    return not isinstance(tool, JsonObject) or not tool.keys().isdisjoint(_DECLARATIONS)


def _merge(options: JsonObject, into: dict[str, Any], place: str, encoding: Encoding) -> None:
    for name, value in options.items():
        known = _SNAKE.sub(lambda letter: letter[1].upper(), name)
        there = into.get(known)
        if isinstance(there, dict) and isinstance(value, JsonObject) and known != "responseJsonSchema":
            _merge(value, there, f"{place}.{name:.40}", encoding)
        elif known in into or (known == "model" and "contents" in into):
            raise encoding.invalid(
                f"{place}.{name:.40}",
                "the request itself says this; an option may not say otherwise",
                "Use the canonical field, or leave it unset.",
            )
        else:
            into[name] = value
