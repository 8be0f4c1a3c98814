"""Captured exchanges of the Messages wire, read in place: every answer, every error, every request we can say."""

import base64
import json
from typing import Any

import pytest
from anthropic_wire import CODEC, a_reply, a_request, codes, prepared
from shared_data import reply_body, require_shared, wire_exchanges

from provider_runtime.domain.conversation.markers import CacheBoundary, Signature
from provider_runtime.domain.conversation.messages import Message, MessageRole, tool_result, user
from provider_runtime.domain.conversation.parts import (
    ContentPart,
    DocumentPart,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResult,
    ToolResultPart,
    ToolResultParts,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import (
    JsonSchemaFormat,
    ModelRef,
    ProviderRequest,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.conversation.tools import (
    ToolCall,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.errors import CredentialsRejected, ErrorCode, ProviderStatusError
from provider_runtime.domain.identity import ANTHROPIC, ProviderId
from provider_runtime.domain.json_values import freeze
from provider_runtime.domain.secrets import safe_text

_EXCHANGES = [
    exchange
    for exchange in wire_exchanges("anthropic", "anthropic-compat", "openrouter", apis=("messages",))
    if exchange["api"] == "messages"
]
_ANSWERED = [exchange for exchange in _EXCHANGES if exchange["response"]["status"] == 200]
_FAILED = [exchange for exchange in _EXCHANGES if exchange["response"]["status"] != 200]
_KNOWN = {"text", "tool_use", "thinking", "redacted_thinking"}


@pytest.fixture(autouse=True)
def _data() -> None:
    require_shared("wire")


def _name(exchange: dict[str, Any]) -> str:
    return str(exchange["id"])


def _asked_model(exchange: dict[str, Any]) -> str:
    return ((exchange["request"] or {}).get("json") or {}).get("model") or "claude-sonnet-4-5"


# ── answers ─────────────────────────────────────────────────────────────────────────────────


def test_there_is_traffic_to_read() -> None:
    assert len(_ANSWERED) >= 250
    assert len(_FAILED) >= 15


def _usage_by_hand(usage: dict[str, Any]) -> tuple[int, int, int | None, int | None, int | None]:
    """Input, output, cached, written, thought: as the API reference explains the fields."""
    rounds = usage.get("iterations") or [usage]

    def total(name: str) -> int | None:
        if all(one.get(name) is None for one in rounds):
            return None
        return max(sum(one.get(name) or 0 for one in rounds), usage.get(name) or 0)

    read, written = total("cache_read_input_tokens"), total("cache_creation_input_tokens")
    thought = (usage.get("output_tokens_details") or {}).get("thinking_tokens")
    return (
        (total("input_tokens") or 0) + (read or 0) + (written or 0),
        total("output_tokens") or 0,
        read,
        written,
        thought,
    )


_FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


@pytest.mark.parametrize("exchange", _ANSWERED, ids=_name)
def test_a_captured_answer_is_read_whole(exchange: dict[str, Any]) -> None:
    body = exchange["response"]["json"]
    response = CODEC.decode(
        a_reply(reply_body(exchange), **exchange["response"]["headers"]), prepared(provider=ProviderId("acme"))
    )
    blocks = body["content"]
    assert response.text == "".join(block["text"] for block in blocks if block["type"] == "text")
    assert response.thinking == "".join(block["thinking"] for block in blocks if block["type"] == "thinking")
    assert [(call.id, call.name, call.arguments_json) for call in response.tool_calls] == [
        (block["id"], block["name"], freeze(block["input"])) for block in blocks if block["type"] == "tool_use"
    ]
    assert response.finish_reason.value == _FINISHES[body["stop_reason"]]
    assert (response.model, response.response_id) == (body["model"], body["id"])
    usage = response.usage
    counts = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    )
    assert counts == _usage_by_hand(body["usage"])
    assert usage.total_tokens == counts[0] + counts[1]
    unknown = {block["type"] for block in blocks} - _KNOWN
    assert codes(response).count("unknown_content_block") == len(unknown)
    assert set(codes(response)) <= {"unknown_content_block", "empty_output"}
    assert ("empty_output" in codes(response)) == (response.output.content == ())
    cited = [block for block in blocks if block["type"] == "text" and block.get("citations")]
    kept = [part for part in response.output.content if isinstance(part, TextPart) and part.citations]
    assert [len(part.citations) for part in kept] == [len(block["citations"]) for block in cited]


@pytest.mark.parametrize(
    "exchange",
    [
        one
        for one in _ANSWERED
        if {block["type"] for block in one["response"]["json"]["content"]} & {"thinking", "redacted_thinking"}
    ],
    ids=_name,
)
def test_captured_thinking_goes_back_byte_by_byte(exchange: dict[str, Any]) -> None:
    came = [
        {key: value for key, value in block.items() if key != "caller" and "encrypted_index" not in str(value)}
        for block in exchange["response"]["json"]["content"]
        if block["type"] in _KNOWN and not (block["type"] == "text" and not block["text"].strip())
    ]
    response = CODEC.decode(a_reply(reply_body(exchange)), prepared())
    results = [tool_result(call, "ok") for call in response.tool_calls] or [user("go on")]
    request = a_request(user("Hi"), response.message, *results, model=_asked_model(exchange))
    body = json.loads(CODEC.encode(request, ANTHROPIC).body)
    signed = [block for block in came if block["type"] != "thinking" or block.get("signature")]
    turns = {turn["role"]: turn["content"] for turn in body["messages"]}
    assert json.dumps(turns.get("assistant", []), sort_keys=True) == json.dumps(signed, sort_keys=True)


# ── errors ──────────────────────────────────────────────────────────────────────────────────

_CODES = {
    400: {ErrorCode.INVALID_REQUEST, ErrorCode.CONTEXT_TOO_LONG},
    401: {ErrorCode.CREDENTIALS_REJECTED},
    403: {ErrorCode.PERMISSION_DENIED},
    404: {ErrorCode.NOT_FOUND},
    413: {ErrorCode.REQUEST_TOO_LARGE},
    429: {ErrorCode.RATE_LIMITED},
    500: {ErrorCode.SERVER_ERROR},
    503: {ErrorCode.OVERLOADED},
    529: {ErrorCode.OVERLOADED},
}


@pytest.mark.parametrize("exchange", _FAILED, ids=_name)
def test_a_captured_error_is_typed(exchange: dict[str, Any]) -> None:
    told = exchange["response"]
    reply = a_reply(reply_body(exchange), told["status"], **told["headers"])
    error = CODEC.decode_error(reply, ANTHROPIC, "m")
    assert isinstance(error, CredentialsRejected if told["status"] == 401 else ProviderStatusError)
    assert error.code in _CODES[told["status"]]
    assert (error.code is ErrorCode.CONTEXT_TOO_LONG) == ("prompt is too long" in told["json"]["error"]["message"])
    assert error.message == safe_text(told["json"]["error"]["message"])
    assert error.request_id == (told["headers"].get("request-id") or told["json"].get("request_id"))


# ── requests ────────────────────────────────────────────────────────────────────────────────


class _Inexpressible(Exception):
    """The captured request uses something that has no canonical form."""


_OURS = {
    "model", "messages", "max_tokens", "system", "tools", "tool_choice", "temperature", "top_p", "top_k", "thinking",
    "stop_sequences", "output_config", "metadata", "stream",
}  # fmt: skip


def _only(given: dict[str, Any], *allowed: str) -> dict[str, Any]:
    if set(given) - set(allowed):
        raise _Inexpressible(sorted(set(given) - set(allowed)))
    return given


def _cache(block: dict[str, Any]) -> CacheBoundary | None:
    control = block.get("cache_control")
    return CacheBoundary(ttl=control.get("ttl", "5m")) if control else None


def _source(source: dict[str, Any]) -> Any:
    if source["type"] == "base64":
        return InlineData(media_type=source["media_type"], data=base64.b64decode(source["data"] + "=="))
    if source["type"] == "text":
        return InlineData(media_type=source["media_type"], data=source["data"].encode())
    return MediaUrl(url=source["url"]) if source["type"] == "url" else ProviderFile(file_id=source["file_id"])


def _signed(value: str) -> Signature:
    return Signature(provider=ANTHROPIC, wire="anthropic_messages", value=value)


def _part(block: dict[str, Any]) -> ContentPart:
    match block["type"]:
        case "text":
            _only(block, "type", "text", "cache_control")
            return TextPart(block["text"], cache=_cache(block))
        case "image":
            return ImagePart(
                source=_source(_only(block, "type", "source", "cache_control")["source"]), cache=_cache(block)
            )
        case "document":
            _only(block, "type", "source", "cache_control", "title")
            return DocumentPart(source=_source(block["source"]), name=block.get("title"), cache=_cache(block))
        case "thinking":
            return ThinkingPart(text=block["thinking"], signature=_signed(block["signature"]), provider=ANTHROPIC)
        case "redacted_thinking":
            return ThinkingPart(redacted=True, signature=_signed(block["data"]), provider=ANTHROPIC)
        case "tool_use":
            call = ToolCall(id=block["id"], name=block["name"], arguments_json=block["input"])
            return ToolCallPart(call)
    raise _Inexpressible(block["type"])


def _result(block: dict[str, Any]) -> ToolResultPart:
    _only(block, "type", "tool_use_id", "content", "is_error", "cache_control")
    given = block.get("content") or ""
    content = ToolResultText(given) if isinstance(given, str) else ToolResultParts(tuple(_part(one) for one in given))
    result = ToolResult(tool_call_id=block["tool_use_id"], content=content, is_error=block.get("is_error", False))
    return ToolResultPart(result, cache=_cache(block))


def _as_blocks(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _messages(turn: dict[str, Any]) -> list[Message]:
    blocks = _as_blocks(turn["content"])
    results = [_result(block) for block in blocks if block["type"] == "tool_result"]
    said = [_part(block) for block in blocks if block["type"] != "tool_result"]
    tool = [Message(role=MessageRole.TOOL, content=results)] if results else []
    return tool + ([Message(role=turn["role"], content=said)] if said else [])


_CHOICES = {"auto": ToolChoiceAuto, "none": ToolChoiceNone, "any": ToolChoiceRequired}


def _tool(tool: dict[str, Any]) -> ToolDefinition:
    if "type" in tool and tool["type"] != "custom":
        raise _Inexpressible(tool["type"])
    _only(tool, "type", "name", "description", "input_schema", "strict", "cache_control")
    return ToolDefinition(
        name=tool["name"],
        description=tool.get("description"),
        parameters_schema=tool["input_schema"],
        strict=tool.get("strict"),
        cache=_cache(tool),
    )


def _reasoning(body: dict[str, Any]) -> Any:
    thinking = body.get("thinking") or {}
    effort = (body.get("output_config") or {}).get("effort")
    match thinking.get("type"):
        case "enabled" if effort is None:
            return ReasoningBudget(thinking["budget_tokens"])
        case "disabled" if effort is None:
            return ReasoningOff()
        case "adaptive" if effort is not None:
            return ReasoningEffort(effort)
        case None if effort is None:
            return None
    raise _Inexpressible("thinking")


def _canonical(body: dict[str, Any]) -> ProviderRequest:
    """The canonical request that says the same as a captured one."""
    _only(body, *_OURS)
    system = [Message(role=MessageRole.SYSTEM, content=[_part(one)]) for one in _as_blocks(body.get("system") or [])]
    choice = body.get("tool_choice") or {"type": "auto"}
    single = choice.get("disable_parallel_tool_use")
    config = body.get("output_config") or {}
    schema = (config.get("format") or {}).get("schema")
    return ProviderRequest(
        model=ModelRef(model_id=body["model"]),
        messages=system + [message for turn in body["messages"] for message in _messages(turn)],
        tools=[_tool(tool) for tool in body.get("tools") or []],
        tool_choice=ToolChoiceSpecific(choice["name"]) if choice["type"] == "tool" else _CHOICES[choice["type"]](),
        parallel_tool_calls=False if single else (True if choice["type"] == "tool" else None),
        max_output_tokens=body.get("max_tokens"),
        temperature=body.get("temperature"),
        top_p=body.get("top_p"),
        top_k=body.get("top_k"),
        stop=body.get("stop_sequences") or (),
        metadata=body.get("metadata") or {},
        reasoning=_reasoning(body),
        **({"response_format": JsonSchemaFormat(name="answer", schema=schema)} if schema else {}),
    )


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """A body in the one form that equal meanings share: blocks, no defaults, turns of one role joined."""
    plain = {key: value for key, value in body.items() if value not in (None, [], {}) and key != "stream"}
    turns: list[dict[str, Any]] = []
    for turn in body["messages"]:
        blocks = [_plain_block(block) for block in _as_blocks(turn["content"])]
        if turns and turns[-1]["role"] == turn["role"]:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": turn["role"], "content": blocks})
    for turn in turns:
        turn["content"].sort(key=lambda block: block["type"] != "tool_result")
    plain["messages"] = turns
    if "system" in plain:
        plain["system"] = [_plain_block(block) for block in _as_blocks(plain["system"])]
    if "tools" in plain:
        plain["tools"] = [
            _plain_block({key: value for key, value in tool.items() if key != "type" and value not in (None, False)})
            for tool in plain["tools"]
        ]
        choice = dict(plain.get("tool_choice") or {"type": "auto"})
        if not choice.get("disable_parallel_tool_use"):
            choice.pop("disable_parallel_tool_use", None)
        plain["tool_choice"] = choice
    else:
        plain.pop("tool_choice", None)
    return plain


def _plain_block(block: dict[str, Any]) -> dict[str, Any]:
    defaults = {"is_error": False, "caller": {"type": "direct"}}
    plain = {key: value for key, value in block.items() if value not in (None, "") and value != defaults.get(key)}
    if plain.get("cache_control", {}).get("ttl") == "5m":
        plain["cache_control"] = {"type": "ephemeral"}
    if isinstance(plain.get("source"), dict) and "data" in plain["source"]:
        plain["source"] = plain["source"] | {"data": plain["source"]["data"].rstrip("=")}
    if isinstance(plain.get("content"), list):
        plain["content"] = [_plain_block(inner) for inner in plain["content"]]
    return plain


def _asked(exchanges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in exchanges if (one["request"] or {}).get("json") and one["request"]["json"].get("model")]


def test_captured_requests_are_written_as_their_senders_wrote_them() -> None:
    same, differing = 0, {}
    for exchange in _asked(_ANSWERED):
        given = exchange["request"]["json"]
        try:
            request = _canonical(given)
        except (_Inexpressible, ValueError):
            continue
        encoded = CODEC.encode(request, ANTHROPIC)
        if encoded.warnings:  # the sender used what this model does not take, or gave no limit
            continue
        if _plain(json.loads(encoded.body)) == _plain(given):
            same += 1
        else:
            differing[exchange["id"]] = (_plain(json.loads(encoded.body)), _plain(given))
    assert differing == {}
    assert same >= 150
