"""A canonical request as the body of ``POST /api/chat``."""

from typing import Any, Final

from provider_runtime.adapters.wire.codec import Encoded
from provider_runtime.adapters.wire.ollama.encoding import Encoding
from provider_runtime.adapters.wire.ollama.families import runs_in_the_cloud
from provider_runtime.adapters.wire.ollama.messages import wire_messages
from provider_runtime.adapters.wire.ollama.options import OllamaSettings
from provider_runtime.adapters.wire.ollama.reasoning import think
from provider_runtime.adapters.wire.writing import body_bytes
from provider_runtime.domain.conversation.request import JsonSchemaFormat, ProviderRequest, TextFormat
from provider_runtime.domain.conversation.tools import (
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject

PATH: Final = "/api/chat"
_LARGEST_SEED: Final = 2**53  # the server reads its options as floats, which round what is larger
# Canonical name, and what the wire calls it.
_CONTROLS: Final = (
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("top_k", "top_k"),
    ("max_output_tokens", "num_predict"),
    ("frequency_penalty", "frequency_penalty"),
    ("presence_penalty", "presence_penalty"),
)
# What canonical fields are called on the wire: provider options may not say it again.
_CANONICAL: Final = frozenset({"model", "messages", "tools", "format", "think", "stream"})
_CANONICAL_OPTIONS: Final = frozenset({"seed", "stop", *(name for _, name in _CONTROLS)})


def encode_request(
    request: ProviderRequest, provider: ProviderId, settings: OllamaSettings, *, cloud_models: bool
) -> Encoded:
    """The request as bytes. Raises ``IntentUnsupported`` or ``RequestInvalid`` naming the field."""
    encoding = Encoding(provider=provider, model_id=request.model.model_id)
    if not encoding.model_id.strip():
        raise encoding.wrong("model.model_id", "the model id is blank", "Name a model.")
    if not cloud_models and runs_in_the_cloud(encoding.model_id):
        raise encoding.cannot(
            "model.model_id",
            "the server passes calls of this model on to the vendor's cloud, and the provider is registered as local",
            "Register the server a second time with tier cloud, and ask that provider.",
        )
    body: dict[str, Any] = {
        "model": encoding.model_id,
        "messages": wire_messages(request.messages, encoding),
    }
    if request.tools or isinstance(request.tool_choice, ToolChoiceRequired | ToolChoiceSpecific):
        _add_tools(request, body, encoding)
    if not isinstance(request.response_format, TextFormat):
        _add_format(request, body, encoding)
    if request.reasoning is not None:
        value = think(request.reasoning, encoding)
        if value is not None:
            body["think"] = value
    if request.metadata:
        encoding.remark(WarningCode.DROPPED_UNSUPPORTED_METADATA_KEYS, "this wire takes no metadata")
    body["stream"] = False
    body.update(settings.fields)
    own = _own_options(request, body, encoding) if request.provider_options else EMPTY_OBJECT
    model_options = _model_options(request, settings, own, encoding)
    if model_options:
        body["options"] = model_options  # last, where ``window_asked`` looks for the context window
    return Encoded(PATH, body_bytes(body), tuple(encoding.warnings))


def _add_tools(request: ProviderRequest, body: dict[str, Any], encoding: Encoding) -> None:
    """Write the tools, or nothing where none may be called: the wire knows no ``tool_choice``."""
    choice = request.tool_choice
    if isinstance(choice, ToolChoiceRequired | ToolChoiceSpecific):
        raise encoding.cannot(
            "tool_choice", "this wire cannot insist on a tool call", "Use ToolChoiceAuto and say so in the prompt."
        )
    if isinstance(choice, ToolChoiceNone):
        return
    body["tools"] = [_tool(tool, f"tools[{number}]", encoding) for number, tool in enumerate(request.tools)]
    if request.parallel_tool_calls is not None:
        encoding.dropped("parallel_tool_calls", "the model alone decides how many tools it calls at once")


def _tool(tool: ToolDefinition, place: str, encoding: Encoding) -> dict[str, Any]:
    if tool.strict:
        encoding.dropped(f"{place}.strict", "this wire does not enforce the arguments of tools")
    encoding.dropped_boundary(tool.cache, place)
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = tool.parameters_schema
    return {"type": "function", "function": function}


def _add_format(request: ProviderRequest, body: dict[str, Any], encoding: Encoding) -> None:
    wanted = request.response_format
    body["format"] = wanted.schema if isinstance(wanted, JsonSchemaFormat) else "json"
    if "tools" in body:
        # The form is a grammar over all that the model writes; a tool call is not of that form.
        encoding.remark(WarningCode.TOOLS_HELD_BACK_BY_FORMAT, "a model held to a JSON form seldom calls a tool here")


def _model_options(
    request: ProviderRequest, settings: OllamaSettings, own: JsonObject, encoding: Encoding
) -> dict[str, Any]:
    """The context window first, then what the record, the caller's options and the request set."""
    written: dict[str, Any] = {}
    if settings.model_options or own:
        merged = {**settings.model_options, **own}
        if "num_ctx" in merged:
            written["num_ctx"] = merged["num_ctx"]
        written.update(merged)
    for control, name in _CONTROLS:
        value = getattr(request, control)
        if value is not None:
            written[name] = value
    if request.seed is not None:
        if abs(request.seed) <= _LARGEST_SEED:
            written["seed"] = request.seed
        else:
            encoding.dropped("seed", "the server would round so large a number")
    if request.stop:
        written["stop"] = request.stop
    return written


def _own_options(request: ProviderRequest, body: dict[str, Any], encoding: Encoding) -> JsonObject:
    """Write the caller's verbatim fields; those meant for ``options`` are returned."""
    own = EMPTY_OBJECT
    for name, value in request.options_for(encoding.provider).items():
        if name in _CANONICAL:
            raise _overrides(f"provider_options.{name:.80}", encoding)
        if name != "options":
            body[name] = value
            continue
        if not isinstance(value, JsonObject):
            raise encoding.wrong("provider_options.options", "the model options are not an object", "Write an object.")
        own = value
        for inner in own:
            if inner in _CANONICAL_OPTIONS:
                raise _overrides(f"provider_options.options.{inner:.80}", encoding)
    return own


def _overrides(place: str, encoding: Encoding) -> Exception:
    return encoding.wrong(
        place, "this option would override a field of the request", "Set the field of the request instead."
    )
