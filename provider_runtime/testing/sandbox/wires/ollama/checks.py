"""What the chat protocol of Ollama insists on. Each function raises ``Refused`` for the first fault.

The real server passes over fields it does not know. The sandbox refuses them: nothing that is sent
should be lost on the way without anybody noticing.
"""

import base64
from typing import Any, Final

from provider_runtime.testing.sandbox.traffic import Arrival, Refused, object_in
from provider_runtime.testing.sandbox.wires.wire import NO_SUCH_MODEL, WRONG_KEY, words

_FIELDS: Final = words(
    "model messages tools format think stream options keep_alive truncate shift logprobs top_logprobs"
)
_MESSAGE: Final = words("role content thinking images tool_calls tool_name tool_call_id")
_WHOLE: Final = words(
    "num_ctx num_keep num_predict num_batch num_gpu main_gpu num_thread seed top_k repeat_last_n mirostat"
)
_NUMBERS: Final = words(
    "temperature top_p min_p typical_p repeat_penalty presence_penalty frequency_penalty mirostat_tau mirostat_eta"
)
_OPTIONS: Final = {
    **dict.fromkeys(_WHOLE, (int, "integer")),
    **dict.fromkeys(_NUMBERS, (int | float, "float32")),
    "stop": (list, "array"),
    "use_mmap": (bool, "boolean"),
}
_LEVELS: Final = ("high", "medium", "low", "max")
_ROLES: Final = frozenset({"system", "user", "assistant", "tool"})
# What some small and old models cannot do, by the beginning of their names.
_NEVER_THINK: Final = ("llama", "gemma3", "qwen2", "mistral")
_NO_TOOLS: Final = ("llama2", "gemma3", "phi3")
_LEVELLED: Final = ("gpt-oss",)


def check_key(arrival: Arrival) -> None:
    """No key is asked for; one that is wrong is refused."""
    if arrival.credential == WRONG_KEY:
        raise Refused("unauthorized", status=401)


def checked(arrival: Arrival) -> dict[str, Any]:
    """The body, if the server would take it."""
    body = object_in(arrival.body)
    if body is None:
        raise Refused("invalid character at the beginning of value")
    _check_fields(body, _FIELDS, "request")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refused("model is required")
    if model.split(":")[0] == NO_SUCH_MODEL:
        raise Refused(f"model '{model}' not found", status=404)
    if body.get("stream") is not False:
        raise Refused("the sandbox does not stream: stream must be false")
    _check_messages(body.get("messages"))
    _check_tools(body)
    _check_think(body)
    _check_options(body.get("options") or {})
    if not isinstance(body.get("format") or {}, dict) and body["format"] != "json":
        raise Refused(f'invalid format: "{body["format"]}"; expected "json" or a valid JSON Schema object')
    for name in ("truncate", "shift"):
        if not isinstance(body.get(name, True), bool):
            raise _mistyped("string", f"ChatRequest.{name}", "bool")
    return body


def thinks(body: dict[str, Any]) -> bool:
    """Whether the model thinks: as it is told, else as such models do."""
    model = body["model"]
    if model.startswith(_LEVELLED):
        return True  # these cannot be told not to
    told = body.get("think")
    return bool(told) if told is not None else any(word in model for word in ("qwen3", "think", "-r1"))


def _check_fields(value: dict[str, Any], fields: frozenset[str], what: str) -> None:
    for name in value:
        if name not in fields:
            raise Refused(f"Sandbox: a {what} has no field '{name}'")


def _check_messages(messages: object) -> None:
    if not isinstance(messages, list):
        raise _mistyped("object", "ChatRequest.messages", "[]api.Message")
    called: dict[str, str] = {}
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise Refused("invalid role: must be one of [system, user, assistant, tool]")
        _check_fields(message, _MESSAGE, "message")
        for name in ("content", "thinking"):
            if not isinstance(message.get(name, ""), str):
                raise _mistyped("array", f"ChatRequest.messages.{name}", "string")
        for image in message.get("images") or ():
            _check_image(image)
        for call in message.get("tool_calls") or ():
            called[call.get("id", "")] = _checked_call(call)
        if message["role"] == "tool":
            _check_result(message, called)


def _check_image(image: object) -> None:
    try:
        base64.b64decode(image, validate=True) if isinstance(image, str) else base64.b64decode(b"?", validate=True)
    except ValueError:
        raise Refused("illegal base64 data at input byte 0") from None


def _checked_call(call: dict[str, Any]) -> str:
    _check_fields(call, frozenset({"id", "function"}), "tool call")
    function = call["function"]
    if not isinstance(function.get("arguments"), dict):
        raise _mistyped(
            "string",
            "ToolCallFunction.messages.tool_calls.function.arguments",
            "api.ToolCallFunctionArguments",
        )
    name: str = function["name"]
    return name


def _check_result(message: dict[str, Any], called: dict[str, str]) -> None:
    """The real server believes anything here; a result that names the wrong tool is still a mistake."""
    if called.get(message.get("tool_call_id", "")) != message.get("tool_name"):
        raise Refused("Sandbox: tool_name and tool_call_id of a result must be those of an earlier call")


def _check_tools(body: dict[str, Any]) -> None:
    tools = body.get("tools") or ()
    if tools and body["model"].startswith(_NO_TOOLS):
        raise Refused(f"registry.ollama.ai/library/{body['model']} does not support tools")
    for tool in tools:
        function = tool["function"]
        if tool["type"] != "function" or not function["name"] or not isinstance(function["parameters"], dict):
            raise Refused("Sandbox: a tool is a function with a name and parameters")
        _check_fields(function, frozenset({"name", "description", "parameters"}), "function")


def _check_think(body: dict[str, Any]) -> None:
    told, model = body.get("think"), body["model"]
    if isinstance(told, str) and told not in _LEVELS:
        raise Refused(f'invalid think value: "{told}" (must be "high", "medium", "low", "max", true, or false)')
    if told and model.startswith(_NEVER_THINK):
        raise Refused(f'"{model}" does not support thinking')
    if isinstance(told, str) and not model.startswith(_LEVELLED):
        raise Refused(f'think value "{told}" is not supported for this model')


def _check_options(options: dict[str, Any]) -> None:
    _check_fields(options, frozenset(_OPTIONS), "set of options")
    for name, value in options.items():
        kind, called = _OPTIONS[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise Refused(f'option "{name}" must be of type {called}')


def _mistyped(given: str, place: str, wanted: str) -> Refused:
    return Refused(f"json: cannot unmarshal {given} into Go struct field {place} of type {wanted}")
