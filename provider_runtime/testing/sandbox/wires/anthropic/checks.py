"""What the Messages API insists on. Each function raises ``Refused`` for the first thing that is wrong."""

import re
from typing import Any, Final

from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.sandbox.traffic import Arrival, Refused, object_in
from provider_runtime.testing.sandbox.wires.anthropic.turns import check_messages, check_system
from provider_runtime.testing.sandbox.wires.wire import NO_SUCH_MODEL, WRONG_KEY, words

VERSIONS: Final = ("2023-06-01", "2026-10-21")
_LARGEST_BODY: Final = 32 * 1024 * 1024
_SMALLEST_BUDGET: Final = 1024
_MOST_MARKS: Final = 4
_FIELDS: Final = words(
    "cache_control container inference_geo max_tokens messages metadata model output_config service_tier "
    "stop_sequences stream system temperature thinking tool_choice tools top_k top_p"
)
_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_CHOICES: Final = frozenset({"auto", "any", "tool", "none"})


def checked(arrival: Arrival, stamps: Stamps) -> dict[str, Any]:
    """The body of a request for a message, found right."""
    check_access(arrival)
    if len(arrival.body) > _LARGEST_BODY:
        raise Refused("the request is larger than 32 MB", status=413, kind="request_too_large")
    body = object_in(arrival.body)
    if body is None:
        raise Refused("the body is not a JSON object")
    for name in body:
        if name not in _FIELDS:
            raise Refused(f"{name}: Extra inputs are not permitted", param=name)
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            raise Refused(f"{name}: Field required", param=name)
    if body["model"] == NO_SUCH_MODEL or not isinstance(body["model"], str):
        raise Refused(f"model: {body['model']}", status=404, kind="not_found_error")
    if body.get("stream"):
        raise Refused("stream: the sandbox does not stream")
    _check_numbers(body, arrival)
    _check_tools(body)
    _check_format(body)
    _check_thinking(body)
    check_system(body)
    check_messages(body, stamps)
    if _marks(body) > _MOST_MARKS:
        raise Refused(f"at most {_MOST_MARKS} blocks may carry cache_control; {_marks(body)} do")
    return body


def check_access(arrival: Arrival) -> None:
    """The key and the version, which every request carries."""
    key = arrival.credential
    if key is None:
        raise Refused("x-api-key header is required", status=401, kind="authentication_error")
    if key == WRONG_KEY:
        raise Refused("invalid x-api-key", status=401, kind="authentication_error")
    version = arrival.headers.get("anthropic-version")
    if version is None:
        raise Refused("anthropic-version: header is required")
    if version not in VERSIONS:
        raise Refused("anthropic-version: this version is not known")


# ── fields ──────────────────────────────────────────────────────────────────────────────────


def _check_numbers(body: dict[str, Any], arrival: Arrival) -> None:
    if type(body["max_tokens"]) is not int or body["max_tokens"] < 1:
        raise Refused("max_tokens: must be a whole number from 1", param="max_tokens")
    for name, highest in (("temperature", 1), ("top_p", 1), ("top_k", None)):
        value = body.get(name)
        if value is None:
            continue
        if arrival.headers["anthropic-version"] != VERSIONS[0]:
            raise Refused(f"{name}: not supported by this version of the API", param=name)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise Refused(f"{name}: must be a number from 0", param=name)
        if highest is not None and value > highest:
            raise Refused(f"{name}: must be at most {highest}", param=name)
    for stop in body.get("stop_sequences") or ():
        if not isinstance(stop, str) or not stop.strip():
            raise Refused("stop_sequences: each must hold something besides white space")


def _check_tools(body: dict[str, Any]) -> None:
    names: list[str] = []
    for number, tool in enumerate(body.get("tools") or ()):
        name = tool.get("name") if isinstance(tool, dict) else None
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Refused(f"tools.{number}.name: must be 1 to 128 letters, digits, '_' or '-'")
        if tool.get("type", "custom") == "custom":
            schema = tool.get("input_schema")
            if not isinstance(schema, dict) or schema.get("type") != "object":
                raise Refused(f"tools.{number}.custom.input_schema: must be a schema of type object")
            if tool.get("strict") and not _is_closed(schema):
                raise Refused(f"tools.{number}.custom: strict schemas need additionalProperties false")
        names.append(name)
    if len(set(names)) != len(names):
        raise Refused("tools: Tool names must be unique.")
    choice = body.get("tool_choice")
    if choice is None:
        return
    if not isinstance(choice, dict) or choice.get("type") not in _CHOICES:
        raise Refused("tool_choice.type: must be auto, any, tool or none")
    if not names and choice["type"] != "none":
        raise Refused("tool_choice: may only be given together with tools")
    if choice["type"] == "tool" and choice.get("name") not in names:
        raise Refused(f"tool_choice.name: tool '{choice.get('name')}' is not among the tools")


def _check_format(body: dict[str, Any]) -> None:
    config = body.get("output_config")
    if config is None:
        return
    wanted = config.get("format") if isinstance(config, dict) else {}
    if wanted is None:
        return
    if (
        not isinstance(wanted, dict)
        or wanted.get("type") != "json_schema"
        or not isinstance(wanted.get("schema"), dict)
    ):
        raise Refused("output_config.format: must be of type json_schema, with a schema")
    if not _is_closed(wanted["schema"]):
        raise Refused("output_config.format.schema: each object needs additionalProperties set to false")


def _is_closed(schema: object) -> bool:
    """Whether every object in ``schema`` says that it takes no other properties."""
    if isinstance(schema, list):
        return all(_is_closed(item) for item in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return False
    return all(_is_closed(item) for item in schema.values())


def _check_thinking(body: dict[str, Any]) -> None:
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if kind not in {"enabled", "adaptive", "disabled", "between_tools"}:
        raise Refused("thinking.type: must be enabled, adaptive, disabled or between_tools")
    if kind == "enabled":
        budget = thinking.get("budget_tokens")
        if type(budget) is not int or budget < _SMALLEST_BUDGET:
            raise Refused(f"thinking.budget_tokens: must be at least {_SMALLEST_BUDGET}")
        if budget >= body["max_tokens"]:
            raise Refused("`max_tokens` must be greater than `thinking.budget_tokens`")
        if (body.get("tool_choice") or {}).get("type") in {"any", "tool"}:
            raise Refused("thinking may not be on when tool_choice forces tool use")
    if kind in {"enabled", "adaptive"} and (body.get("temperature", 1) != 1 or "top_k" in body):
        raise Refused("temperature and top_k may not be set when thinking is on")


def _marks(value: object) -> int:
    if isinstance(value, list):
        return sum(_marks(item) for item in value)
    if not isinstance(value, dict):
        return 0
    # Schemas and arguments may have a property of that name, which is no mark.
    inside = (item for name, item in value.items() if name not in {"input_schema", "input"})
    return ("cache_control" in value) + sum(_marks(item) for item in inside)
