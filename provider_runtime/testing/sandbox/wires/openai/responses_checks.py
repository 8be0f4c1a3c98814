"""What the Responses API insists on. Each function raises ``Refused`` for the first thing that is wrong."""

import re
from typing import Any, Final

from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.sandbox.traffic import Arrival, Refused
from provider_runtime.testing.sandbox.wires.openai.checks import (
    check_bearer,
    check_count,
    check_function,
    check_labels,
    check_number,
    check_schema_format,
    checked_object,
    mentions_json,
)
from provider_runtime.testing.sandbox.wires.wire import NO_SUCH_MODEL, words

SCOPE: Final = "openai_responses"
ENCRYPTED: Final = "reasoning.encrypted_content"
_FIELDS: Final = words(
    "background context_management conversation include input instructions max_output_tokens max_tool_calls metadata "
    "model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options "
    "prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text "
    "tool_choice tools top_logprobs top_p truncation user"
)
_NEEDS_A_STORE: Final = ("previous_response_id", "conversation", "prompt")
_INPUT_PARTS: Final = frozenset({"input_text", "input_image", "input_file"})
_OUTPUT_PARTS: Final = frozenset({"output_text", "refusal"})
_ROLES: Final = frozenset({"user", "system", "developer", "assistant"})
_EFFORTS: Final = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})
REASONING_MODEL: Final = re.compile(r"(?:o\d|gpt-5(?!.*chat))")
_ALWAYS_REASONS: Final = re.compile(r"(?:o\d|gpt-5(?![.\d]|.*chat))")


def checked(arrival: Arrival, stamps: Stamps) -> dict[str, Any]:
    """The body of a request for a response, found right. A plain text as ``input`` becomes a message."""
    check_bearer(arrival)
    body = checked_object(arrival)
    for name in body:
        if name not in _FIELDS:
            raise Refused(f"Unknown parameter: '{name}'.", code="unknown_parameter", param=name)
    for name in ("model", "input"):
        if not body.get(name):
            raise _missing(name)
    if body["model"] == NO_SUCH_MODEL:
        raise Refused(f"The requested model '{NO_SUCH_MODEL}' does not exist.", code="model_not_found", param="model")
    if body.get("stream"):
        raise Refused("the sandbox does not stream", code="unsupported_value", param="stream")
    for name in _NEEDS_A_STORE:
        if body.get(name):
            raise Refused(f"the sandbox stores nothing, so '{name}' finds nothing", code="not_found", param=name)
    check_labels(body)
    check_count(body, "max_output_tokens", 16)
    _check_sampling(body)
    _check_tools(body)
    if isinstance(body["input"], str):
        body["input"] = [{"type": "message", "role": "user", "content": body["input"]}]
    _check_format(body)
    _check_input(body["input"], stamps)
    return body


def _check_sampling(body: dict[str, Any]) -> None:
    check_number(body, "temperature", 0, 2)
    check_number(body, "top_p", 0, 1)
    reasoning = body.get("reasoning") or {}
    effort = reasoning.get("effort")
    if effort is not None and effort not in _EFFORTS:
        raise Refused(f"Invalid value: '{effort}'.", code="invalid_value", param="reasoning.effort")
    if (
        effort is not None
        and not REASONING_MODEL.match(body["model"])
        and body["model"].startswith(("gpt-", "chatgpt-"))
    ):
        raise _unsupported("reasoning.effort")
    if ENCRYPTED in (body.get("include") or ()) and not REASONING_MODEL.match(body["model"]):
        raise Refused("Encrypted content is not supported with this model.", param="include")
    for name in ("temperature", "top_p"):
        if body.get(name) is not None and _ALWAYS_REASONS.match(body["model"]):
            raise _unsupported(name)


def _check_tools(body: dict[str, Any]) -> None:
    names: list[str] = []
    for number, tool in enumerate(body.get("tools") or ()):
        if not isinstance(tool, dict) or not isinstance(tool.get("type"), str):
            raise _missing(f"tools[{number}].type")
        if tool["type"] == "function":
            check_function(tool, f"tools[{number}]", names)
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "function" and choice.get("name") not in names:
        raise Refused(f"Tool choice '{choice.get('name')}' not found in 'tools' parameter.", param="tool_choice")
    if isinstance(choice, str) and choice not in {"auto", "none", "required"}:
        raise Refused(f"Invalid value: '{choice}'.", code="invalid_value", param="tool_choice")
    if choice == "required" and not body.get("tools"):
        raise Refused("Tool choice 'required' must be specified with 'tools' parameter.", param="tool_choice")


def _check_format(body: dict[str, Any]) -> None:
    wanted = (body.get("text") or {}).get("format") or {"type": "text"}
    kind = wanted.get("type")
    if kind == "json_schema":
        check_schema_format(wanted, "text.format")
    elif kind == "json_object":
        if not mentions_json([body["input"], body.get("instructions")]):
            raise Refused(
                "the input must contain the word 'json' for 'text.format' of type 'json_object'", param="input"
            )
    elif kind != "text":
        raise Refused(f"Invalid value: '{kind}'.", code="invalid_value", param="text.format.type")


# ── the conversation ────────────────────────────────────────────────────────────────────────


def _check_input(items: object, stamps: Stamps) -> None:
    if not isinstance(items, list):
        raise Refused("Invalid type for 'input': expected a text or a list", code="invalid_type", param="input")
    unanswered: list[str] = []
    for number, item in enumerate(items):
        place = f"input[{number}]"
        kind = item.get("type", "message") if isinstance(item, dict) else None
        if kind == "message":
            _check_message(item, place)
        elif kind == "function_call":
            if not all(isinstance(item.get(name), str) for name in ("call_id", "name", "arguments")):
                raise _missing(f"{place}.call_id, name or arguments")
            unanswered.append(item["call_id"])
        elif kind == "function_call_output":
            _check_output(item, place, unanswered)
        elif kind == "reasoning":
            _check_reasoning(item, items[number + 1 : number + 2], place, stamps)
        else:
            raise Refused(f"Invalid value: '{kind}'.", code="invalid_value", param=f"{place}.type")
    if unanswered:
        raise Refused(f"No tool output found for function call {unanswered[0]}.", param="input")


def _check_message(item: dict[str, Any], place: str) -> None:
    role = item.get("role")
    if role not in _ROLES:
        raise Refused(f"Invalid value: '{role}'.", code="invalid_value", param=f"{place}.role")
    content = item.get("content")
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise _missing(f"{place}.content")
    allowed = _OUTPUT_PARTS if role == "assistant" else _INPUT_PARTS
    for number, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in allowed:
            raise Refused(
                f"Invalid value: '{kind}'. Supported values are: {', '.join(sorted(allowed))}.",
                code="invalid_value",
                param=f"{place}.content[{number}]",
            )
        if kind in {"input_text", "output_text"} and not isinstance(part.get("text"), str):
            raise _missing(f"{place}.content[{number}].text")


def _check_output(item: dict[str, Any], place: str, unanswered: list[str]) -> None:
    call_id = item.get("call_id")
    if call_id not in unanswered:
        raise Refused(f"No tool call found for function call output with call_id {call_id}.", param="input")
    if not isinstance(item.get("output"), str | list):
        raise _missing(f"{place}.output")
    unanswered.remove(call_id)


def _check_reasoning(item: dict[str, Any], following: list[Any], place: str, stamps: Stamps) -> None:
    token = item.get("encrypted_content")
    if not isinstance(item.get("summary"), list):
        raise _missing(f"{place}.summary")
    if token is None:
        raise Refused(
            f"Item with id '{item.get('id')}' not found: items are not kept when `store` is false.",
            status=404,
            param="input",
        )
    if stamps.opened(SCOPE, token) is None:
        raise Refused(
            "The encrypted content could not be verified: it was changed, or made elsewhere.",
            code="invalid_encrypted_content",
        )
    if "id" in item and not (following and is_the_models(following[0])):
        raise Refused(f"Item '{item['id']}' of type 'reasoning' was provided without its required following item.")


def is_the_models(item: Any) -> bool:
    """Whether the model itself made this item, as opposed to a user, a developer or a tool."""
    return isinstance(item, dict) and (
        item.get("type") in {"function_call", "reasoning"} or item.get("role") == "assistant"
    )


def _missing(name: str) -> Refused:
    return Refused(f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)


def _unsupported(name: str) -> Refused:
    return Refused(
        f"Unsupported parameter: '{name}' is not supported with this model.", code="unsupported_parameter", param=name
    )
