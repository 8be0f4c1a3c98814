"""Anthropic's Messages API: ``/v1/messages`` and ``/v1/models``."""

from typing import Any, Final

from attrs import frozen

from provider_runtime.domain.catalog.providers import ProviderKind
from provider_runtime.testing.sandbox.counting import tokens_in
from provider_runtime.testing.sandbox.model import Ending, Prompt, Reply, Tool, Wanted, reply_to
from provider_runtime.testing.sandbox.stamps import LETTERS, Stamps
from provider_runtime.testing.sandbox.traffic import Answer, Arrival, Refused, as_json
from provider_runtime.testing.sandbox.wires.anthropic.checks import check_access, checked
from provider_runtime.testing.sandbox.wires.anthropic.turns import SCOPE, blocks_of
from provider_runtime.testing.sandbox.wires.wire import request_id

_MESSAGES: Final = "/v1/messages"
_MODELS: Final = "/v1/models"
# Text that the vendor documents for testing: it makes a model hide its reasoning.
_REDACT: Final = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING"
_STOP_REASONS: Final = {
    Ending.STOP: "end_turn",
    Ending.STOP_SEQUENCE: "stop_sequence",
    Ending.LENGTH: "max_tokens",
    Ending.TOOL_CALLS: "tool_use",
}
_FAILURES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_LISTED: Final = (
    ("claude-opus-4-6", "Claude Opus 4.6", "2026-02-05T00:00:00Z", 200_000, 128_000),
    ("claude-sonnet-4-5", "Claude Sonnet 4.5", "2025-09-29T00:00:00Z", 200_000, 64_000),
    ("claude-haiku-4-5", "Claude Haiku 4.5", "2025-10-15T00:00:00Z", 200_000, 64_000),
)


@frozen
class AnthropicMessages:
    """Stands in for ``api.anthropic.com``."""

    kind = ProviderKind.ANTHROPIC

    def serves(self, arrival: Arrival) -> bool:
        """Its own path, and everything that carries its headers."""
        return arrival.path == _MESSAGES or "anthropic-version" in arrival.headers or "x-api-key" in arrival.headers

    def answer(self, arrival: Arrival, stamps: Stamps) -> Answer:
        if (arrival.method, arrival.path) == ("GET", _MODELS):
            check_access(arrival)
            return as_json(200, _model_list(), _headers(arrival, stamps))
        if (arrival.method, arrival.path) != ("POST", _MESSAGES):
            raise Refused("Not found", status=404, kind="not_found_error")
        body = checked(arrival, stamps)
        prompt = _prompt(body)
        reply = reply_to(prompt)
        value = _message(body, prompt, reply, arrival, stamps)
        return as_json(200, value, _headers(arrival, stamps))

    def refusal(self, refused: Refused, arrival: Arrival, stamps: Stamps) -> Answer:
        headers = _headers(arrival, stamps)
        if 400 <= refused.status < 500 and refused.status != 429:
            headers["x-should-retry"] = "false"
        error = {"type": refused.kind, "message": refused.message}
        return as_json(refused.status, {"type": "error", "error": error, "request_id": headers["request-id"]}, headers)

    def failure(self, status: int) -> Refused:
        kind = _FAILURES.get(status, "api_error" if status >= 500 else "invalid_request_error")
        return Refused(f"Sandbox: a scripted {kind}", status=status, kind=kind)


# ── reading ─────────────────────────────────────────────────────────────────────────────────


def _prompt(body: dict[str, Any]) -> Prompt:
    turns = [(message["role"], blocks_of(message)) for message in body["messages"]]
    said = [blocks for role, blocks in turns if role == "user"]
    last = said[-1]
    texts = [block["text"] for blocks in said for block in blocks if block["type"] == "text"]
    own = [block["text"] for block in last if block["type"] == "text"]
    choice = body.get("tool_choice") or {"type": "auto"}
    wanted = (body.get("output_config") or {}).get("format")
    return Prompt(
        model=body["model"],
        text=" ".join(own) or (texts[-1] if texts else ""),
        media=sum(block["type"] in {"image", "document"} for block in last),
        results=tuple(_result_text(block) for block in last if block["type"] == "tool_result"),
        tools=tuple(Tool(name=tool["name"], schema=tool.get("input_schema") or {}) for tool in body.get("tools") or ()),
        may_call=choice["type"] != "none",
        must_call=choice["type"] in {"any", "tool"},
        named=choice.get("name"),
        several_calls=not choice.get("disable_parallel_tool_use", False),
        wanted=Wanted.JSON_SCHEMA if wanted else Wanted.TEXT,
        schema=wanted["schema"] if wanted else None,
        think=_thinks(body),
        max_tokens=body["max_tokens"],
        stop=tuple(body.get("stop_sequences") or ()),
        input_tokens=tokens_in(body.get("system"), body["messages"], body.get("tools")),
    )


def _thinks(body: dict[str, Any]) -> bool:
    asked = (body.get("thinking") or {}).get("type")
    return asked in {"enabled", "adaptive"} or (asked is None and "thinking" in body["model"])


def _result_text(block: dict[str, Any]) -> str:
    content = block.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content if isinstance(part, dict))


# ── writing ─────────────────────────────────────────────────────────────────────────────────


def _message(body: dict[str, Any], prompt: Prompt, reply: Reply, arrival: Arrival, stamps: Stamps) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if reply.thinking:
        content.append(_thinking_block(body, prompt, reply.thinking, stamps))
    for number, call in enumerate(reply.calls):
        call_id = "toolu_" + stamps.name(24, LETTERS, "call", str(number), arrival.body)
        content.append({"type": "tool_use", "id": call_id, "name": call.name, "input": call.arguments})
    if reply.text:
        content.append({"type": "text", "text": reply.text})
    return {
        "id": "msg_" + stamps.name(24, LETTERS, "answer", arrival.body),
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": _STOP_REASONS[reply.ending],
        "stop_sequence": reply.stop_sequence,
        "usage": _usage(body, prompt, reply),
    }


def _thinking_block(body: dict[str, Any], prompt: Prompt, thought: str, stamps: Stamps) -> dict[str, Any]:
    if _REDACT in prompt.text:
        return {"type": "redacted_thinking", "data": stamps.sealed(SCOPE, thought)}
    if (body.get("thinking") or {}).get("display") == "omitted":
        return {"type": "thinking", "thinking": "", "signature": stamps.sealed(SCOPE, thought)}
    return {"type": "thinking", "thinking": thought, "signature": stamps.signature(SCOPE, thought)}


def _usage(body: dict[str, Any], prompt: Prompt, reply: Reply) -> dict[str, Any]:
    """Counters as this vendor keeps them: what is read from or written to the cache stands beside the input."""
    marked, for_an_hour = _marked_tokens(body)
    spoken = any(message["role"] == "assistant" for message in body["messages"])
    written, read = (0, marked) if spoken else (marked, 0)
    return {
        "input_tokens": prompt.input_tokens - marked,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 0 if for_an_hour else written,
            "ephemeral_1h_input_tokens": written if for_an_hour else 0,
        },
        "output_tokens": reply.output_tokens,
        "output_tokens_details": {"thinking_tokens": reply.thinking_tokens},
        "service_tier": "standard",
    }


def _marked_tokens(body: dict[str, Any]) -> tuple[int, bool]:
    """The tokens up to the last cache mark (tools, then system, then messages), and whether it lasts an hour."""
    system = body.get("system")
    blocks = [*(body.get("tools") or ()), *(system if isinstance(system, list) else [system] if system else [])]
    for message in body["messages"]:
        blocks += blocks_of(message)
    marks = [number for number, block in enumerate(blocks) if isinstance(block, dict) and "cache_control" in block]
    if not marks:
        return 0, False
    last = blocks[marks[-1]]["cache_control"]
    return tokens_in(blocks[: marks[-1] + 1]), isinstance(last, dict) and last.get("ttl") == "1h"


def _model_list() -> dict[str, Any]:
    data = [
        {
            "type": "model",
            "id": model,
            "display_name": name,
            "created_at": created,
            "max_input_tokens": window,
            "max_tokens": longest,
        }
        for model, name, created, window, longest in _LISTED
    ]
    return {"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]}


def _headers(arrival: Arrival, stamps: Stamps) -> dict[str, str]:
    now = arrival.received_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "request-id": request_id(arrival, stamps),
        "anthropic-ratelimit-requests-limit": "10000",
        "anthropic-ratelimit-requests-remaining": "9999",
        "anthropic-ratelimit-requests-reset": now,
        "anthropic-ratelimit-tokens-limit": "12000000",
        "anthropic-ratelimit-tokens-remaining": "11991000",
        "anthropic-ratelimit-tokens-reset": now,
    }
