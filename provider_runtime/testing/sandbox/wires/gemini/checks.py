"""What generateContent insists on. Each function raises ``Refused`` for the first thing that is wrong."""

import re
from typing import Any, Final

from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.sandbox.traffic import Arrival, Refused, object_in
from provider_runtime.testing.sandbox.wires.gemini.turns import check_contents, check_system
from provider_runtime.testing.sandbox.wires.wire import NO_SUCH_MODEL, WRONG_KEY, words

_FIELDS: Final = words(
    "contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent store"
)
_CONFIG: Final = words(
    "temperature topP topK maxOutputTokens stopSequences seed presencePenalty frequencyPenalty candidateCount "
    "responseMimeType responseSchema responseJsonSchema responseModalities thinkingConfig mediaResolution "
    "responseLogprobs logprobs speechConfig imageConfig"
)
_KEYWORDS: Final = words(
    "$id $defs $ref $anchor type format title description enum items prefixItems minItems maxItems minimum maximum "
    "anyOf oneOf properties additionalProperties required default propertyOrdering"
)
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
_MODES: Final = frozenset({"AUTO", "ANY", "NONE", "VALIDATED"})
_LEVELS: Final = frozenset({"MINIMAL", "LOW", "MEDIUM", "HIGH"})
_MAX_STOPS: Final = 5
# From the third generation on models are told a level, not a budget, and insist on their signatures.
_BY_LEVEL: Final = re.compile(r"gemini-(?:[3-9]|flash|pro)")


def checked(arrival: Arrival, model: str, stamps: Stamps) -> dict[str, Any]:
    """The body of a request for content, found right."""
    check_access(arrival)
    if model == NO_SUCH_MODEL:
        raise Refused(
            f"models/{model} is not found for API version v1beta, or is not supported for generateContent.",
            status=404,
            kind="NOT_FOUND",
        )
    body = object_in(arrival.body)
    if body is None:
        raise _bad("Invalid JSON payload received.")
    _only(body, _FIELDS, "")
    _check_config(body, model)
    _check_tools(body)
    check_system(body)
    check_contents(body, stamps, signed_calls=_BY_LEVEL.match(model) is not None)
    return body


def check_access(arrival: Arrival) -> None:
    """The key, which every request carries in its own header: a missing one is 403, a wrong one 400."""
    key = arrival.headers.get("x-goog-api-key")
    if not key:
        raise Refused("Method doesn't allow unregistered callers.", status=403, kind="PERMISSION_DENIED")
    if key == WRONG_KEY:
        raise Refused(
            "API key not valid. Please pass a valid API key.", kind="INVALID_ARGUMENT", code="API_KEY_INVALID"
        )


def _bad(message: str) -> Refused:
    return Refused(message, kind="INVALID_ARGUMENT")


def _only(given: dict[str, Any], known: frozenset[str], place: str) -> None:
    for name in given:
        if name not in known:
            raise _bad(f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.')


# ── fields ──────────────────────────────────────────────────────────────────────────────────


def _check_config(body: dict[str, Any], model: str) -> None:
    config = body.get("generationConfig")
    if config is None:
        return
    if not isinstance(config, dict):
        raise _bad("Invalid value at 'generation_config'")
    _only(config, _CONFIG, " at 'generation_config'")
    for name, least, most in (("temperature", 0, 2), ("topP", 0, 1), ("topK", 1, 2**31), ("maxOutputTokens", 1, 2**31)):
        value = config.get(name)
        if value is not None and (isinstance(value, bool) or not least <= value <= most):
            raise _bad(f"Invalid value at 'generation_config.{name}'")
    stops = config.get("stopSequences") or []
    if len(stops) > _MAX_STOPS or not all(isinstance(stop, str) and stop for stop in stops):
        raise _bad(f"generation_config.stop_sequences: at most {_MAX_STOPS} texts")
    schema = config.get("responseJsonSchema")
    if schema is not None:
        if config.get("responseMimeType") != "application/json":
            raise _bad("response_json_schema needs response_mime_type application/json")
        _check_schema(schema, "generation_config.response_json_schema")
    if config.get("responseMimeType") == "application/json" and body.get("tools") and not _BY_LEVEL.match(model):
        raise _bad("Function calling with a response mime type: 'application/json' is unsupported")
    _check_thinking(config.get("thinkingConfig"), model)


def _check_thinking(thinking: Any, model: str) -> None:
    if thinking is None:
        return
    _only(thinking, words("thinkingBudget thinkingLevel includeThoughts"), " at 'generation_config.thinking_config'")
    level, budget = thinking.get("thinkingLevel"), thinking.get("thinkingBudget")
    if level is not None and budget is not None:
        raise _bad("You can only set one of thinking budget and thinking level.")
    if level is not None and (level not in _LEVELS or not _BY_LEVEL.match(model)):
        raise _bad("Thinking level is not supported for this model.")
    if budget is not None and type(budget) is not int:
        raise _bad("Invalid value at 'generation_config.thinking_config.thinking_budget'")


def _check_tools(body: dict[str, Any]) -> None:
    names: list[str] = []
    for tool in body.get("tools") or ():
        for declared in tool.get("functionDeclarations") or ():
            _only(declared, words("name description parameters parametersJsonSchema response behavior"), " at 'tools'")
            name = declared.get("name")
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise _bad("Invalid function name. Must start with a letter or an underscore.")
            schema = declared.get("parametersJsonSchema")
            if schema is not None:
                if not isinstance(schema, dict) or schema.get("type") != "object":
                    raise _bad(f"{name}: parameters schema should be of type OBJECT")
                _check_schema(schema, f"tools.{name}")
            names.append(name)
    if len(set(names)) != len(names):
        raise _bad("Duplicate function declaration found.")
    config = (body.get("toolConfig") or {}).get("functionCallingConfig")
    if config is None:
        return
    allowed = config.get("allowedFunctionNames") or []
    if config.get("mode", "AUTO") not in _MODES:
        raise _bad("Invalid value at 'tool_config.function_calling_config.mode'")
    if allowed and config["mode"] not in {"ANY", "VALIDATED"}:
        raise _bad("allowed_function_names should only be set when the mode is ANY or VALIDATED")
    if not set(allowed) <= set(names):
        raise _bad("allowed_function_names should be among the function declarations")
    if not names and config["mode"] == "ANY":
        raise _bad("Forced function calling needs function declarations")


def _check_schema(schema: Any, place: str) -> None:
    if not isinstance(schema, dict):
        raise _bad(f"{place}: a schema must be an object")
    _only(schema, _KEYWORDS, f" at '{place}'")
    if "$ref" in schema and not all(name.startswith("$") for name in schema):
        raise _bad(f"{place}: nothing may stand beside $ref")
    for name in ("properties", "$defs"):
        for inner in schema.get(name, {}).values():
            _check_schema(inner, place)
    for name in ("anyOf", "oneOf", "prefixItems"):
        for inner in schema.get(name, ()):
            _check_schema(inner, place)
    if "items" in schema:
        _check_schema(schema["items"], place)
