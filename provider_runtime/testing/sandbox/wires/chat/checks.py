"""What Chat Completions insists on, whoever serves it. Each function raises ``Refused`` for the first fault."""

from typing import Any, Final

from provider_runtime.testing.sandbox.traffic import Refused
from provider_runtime.testing.sandbox.wires.openai.checks import (
    check_count,
    check_function,
    check_labels,
    check_number,
    check_schema_format,
    mentions_json,
)
from provider_runtime.testing.sandbox.wires.wire import words

OPENAI_FIELDS: Final = words(
    "audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages "
    "metadata modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key "
    "prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier "
    "stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity "
    "web_search_options"
)
OPENAI_MESSAGE: Final = words("role content name tool_calls tool_call_id refusal audio function_call")
_MOST_STOPS: Final = 4
_TEXT: Final = frozenset({"text"})
_SAID: Final = {
    "system": _TEXT,
    "developer": _TEXT,
    "user": frozenset({"text", "image_url", "input_audio", "file", "document_url", "video_url"}),
    "assistant": frozenset({"text", "refusal", "thinking", "image_url"}),
    "tool": frozenset({"text", "image_url", "file"}),
}


def check_fields(body: dict[str, Any], fields: frozenset[str]) -> None:
    """No field that the API does not know."""
    for name in body:
        if name not in fields:
            raise Refused(f"Unrecognized request argument supplied: {name}", param=name)


def check_controls(body: dict[str, Any]) -> None:
    """Numbers, stops and labels; the sandbox answers once, and all at once."""
    check_number(body, "temperature", 0, 2)
    check_number(body, "top_p", 0, 1)
    check_number(body, "frequency_penalty", -2, 2)
    check_number(body, "presence_penalty", -2, 2)
    check_count(body, "max_tokens", 1)
    check_count(body, "max_completion_tokens", 1)
    check_labels(body)
    if len(stops_of(body)) > _MOST_STOPS:
        raise Refused(f"Invalid 'stop': at most {_MOST_STOPS} sequences", code="array_above_max_length", param="stop")
    if body.get("stream") or body.get("n") not in {None, 1}:
        raise Refused("the sandbox neither streams nor answers more than once", code="unsupported_value")


def stops_of(body: dict[str, Any]) -> list[str]:
    """The stop sequences, however they are written."""
    stop = body.get("stop")
    return [stop] if isinstance(stop, str) else list(stop or ())


def check_tools(body: dict[str, Any]) -> None:
    """The tools, and the choice among them."""
    names: list[str] = []
    for number, tool in enumerate(body.get("tools") or ()):
        if not isinstance(tool, dict) or tool.get("type") != "function":
            raise Refused(f"Invalid value: tools[{number}].type must be 'function'", code="invalid_value")
        check_function(tool.get("function"), f"tools[{number}].function", names)
    choice = body.get("tool_choice")
    if choice is None:
        return
    if not names:
        raise Refused("'tool_choice' is only allowed when 'tools' are specified", param="tool_choice")
    if isinstance(choice, str):
        if choice not in {"auto", "none", "required"}:
            raise Refused(f"Invalid value: '{choice}'.", code="invalid_value", param="tool_choice")
    elif choice["function"]["name"] not in names:
        raise Refused(f"Tool choice '{choice['function']['name']}' not found in 'tools'", param="tool_choice")


def check_format(body: dict[str, Any]) -> None:
    """The form of the answer."""
    wanted = body.get("response_format")
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_schema" and isinstance(wanted.get("json_schema"), dict):
        check_schema_format(wanted["json_schema"], "response_format.json_schema")
    elif kind == "json_object":
        if not mentions_json(body["messages"]):
            raise Refused("'messages' must contain the word 'json' to use 'response_format' of type 'json_object'")
    elif kind != "text":
        raise Refused("Invalid 'response_format'", code="invalid_value", param="response_format")


def check_messages(messages: object, allowed: frozenset[str] | None) -> None:
    """The conversation. ``allowed``: the only fields a message may have; ``None``: any."""
    if not isinstance(messages, list) or not messages:
        raise Refused("Invalid 'messages': at least one is required", code="empty_array", param="messages")
    unanswered: list[str] = []
    for number, message in enumerate(messages):
        place = f"messages.[{number}]"
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _SAID:
            raise Refused(f"Invalid value: '{role}'.", code="invalid_value", param=f"{place}.role")
        for name in message:
            if allowed is not None and name not in allowed:
                raise Refused(f"Additional properties are not allowed ('{name}' was unexpected) - '{place}'")
        if unanswered and role != "tool":
            raise _unanswered(unanswered)
        _check_content(message, role, place)
        if role == "tool":
            _check_result(message, unanswered, place)
        elif role == "assistant":
            unanswered = [_checked_call(call, place) for call in message.get("tool_calls") or ()]
    if unanswered:
        raise _unanswered(unanswered)


def _check_content(message: dict[str, Any], role: str, place: str) -> None:
    content = message.get("content")
    if isinstance(content, str):
        return
    if content is None:
        if role == "assistant" and (message.get("tool_calls") or message.get("refusal") or message.get("audio")):
            return
        raise Refused(f"Invalid value for 'content': expected a text, got null. - '{place}'", param=place)
    if not isinstance(content, list):
        raise Refused("Invalid type for 'content'", code="invalid_type", param=place)
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in _SAID[role]:
            raise Refused(
                f"Invalid value: '{kind}' is no content of a {role} message", code="invalid_value", param=place
            )
        if kind == "text" and not isinstance(part.get("text"), str):
            raise Refused(f"Missing required parameter: '{place}.content.text'.", code="missing_required_parameter")


def _check_result(message: dict[str, Any], unanswered: list[str], place: str) -> None:
    call_id = message.get("tool_call_id")
    if call_id not in unanswered:
        raise Refused(
            f"{place}: a message of role 'tool' must answer a 'tool_calls' entry of the assistant message before it",
            param=f"{place}.role",
        )
    unanswered.remove(call_id)


def _checked_call(call: Any, place: str) -> str:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Refused(f"Missing required parameter: '{place}.tool_calls.function.name'.", param=place)
    if not isinstance(function.get("arguments"), str):
        raise Refused(f"Invalid type for '{place}.tool_calls.function.arguments'", code="invalid_type", param=place)
    if not isinstance(call.get("id"), str) or not call["id"]:
        raise Refused(f"Missing required parameter: '{place}.tool_calls.id'.", param=place)
    call_id: str = call["id"]
    return call_id


def _unanswered(call_ids: list[str]) -> Refused:
    return Refused(
        "An assistant message with 'tool_calls' must be followed by tool messages that answer each 'tool_call_id'; "
        f"without an answer: {', '.join(call_ids)}",
        param="messages",
    )
