"""Ollama's own chat, as its server answers it under ``/api``."""

from typing import Any, Final

import msgspec
from attrs import frozen

from provider_runtime.domain.catalog.providers import ProviderKind
from provider_runtime.testing.sandbox.counting import tokens_in
from provider_runtime.testing.sandbox.model import Ending, Prompt, Reply, Tool, Wanted, reply_to
from provider_runtime.testing.sandbox.stamps import LETTERS, Stamps
from provider_runtime.testing.sandbox.traffic import Answer, Arrival, Refused, as_json
from provider_runtime.testing.sandbox.wires.ollama.checks import check_key, checked, thinks

_PREFIX: Final = "/api/"
_CHAT: Final = "/api/chat"
_TAGS: Final = "/api/tags"
_WINDOW: Final = 4096  # tokens, where the request names no other
_KEPT: Final = 5  # tokens at the front of a prompt that a cut spares
_LISTED: Final = (
    ("qwen3:4b", "qwen3", "4.0B", 262_144, ("completion", "tools", "thinking")),
    ("gpt-oss:20b", "gptoss", "20.9B", 131_072, ("completion", "tools", "thinking")),
    ("gemma3:4b", "gemma3", "4.3B", 131_072, ("completion", "vision")),
)


@frozen
class OllamaChat:
    """Stands in for a server on one's own machine, and for its vendor's cloud, which asks for a key."""

    kind = ProviderKind.OLLAMA

    def serves(self, arrival: Arrival) -> bool:
        """Everything under ``/api/`` that OpenRouter, which is asked before, leaves."""
        return arrival.path.startswith(_PREFIX)

    def answer(self, arrival: Arrival, stamps: Stamps) -> Answer:
        check_key(arrival)
        if (arrival.method, arrival.path) == ("GET", _TAGS):
            return as_json(200, {"models": [_card(*model) for model in _LISTED]}, {})
        if arrival.path not in {_CHAT, _TAGS}:
            return Answer(status=404, body=b"404 page not found", headers={"content-type": "text/plain"})
        if (arrival.method, arrival.path) != ("POST", _CHAT):
            return Answer(status=405, body=b"405 method not allowed", headers={"content-type": "text/plain"})
        body = checked(arrival)
        if not body["messages"]:
            return as_json(200, _told(body, arrival, {"content": ""}, "load"), {})
        prompt = _prompt(body)
        reply = reply_to(prompt)
        message = _message(reply, arrival, stamps)
        reason = "length" if reply.ending is Ending.LENGTH else "stop"
        counts = {"prompt_eval_count": prompt.input_tokens, "eval_count": reply.output_tokens}
        durations = {"total_duration": 3_000_000, "load_duration": 1_000_000}
        # Go leaves out what is zero.
        metrics = {name: count for name, count in (durations | counts).items() if count}
        return as_json(200, _told(body, arrival, message, reason) | metrics, {})

    def refusal(self, refused: Refused, arrival: Arrival, stamps: Stamps) -> Answer:  # noqa: ARG002 - no ids here
        return as_json(refused.status, {"error": refused.message}, {})

    def failure(self, status: int) -> Refused:
        return Refused(f"Sandbox: a scripted failure with status {status}", status=status)


# ── reading ─────────────────────────────────────────────────────────────────────────────────


def _prompt(body: dict[str, Any]) -> Prompt:
    messages, options = body["messages"], body.get("options") or {}
    said = [message for message in messages if message["role"] == "user"]
    last = said[-1] if said else {}
    wanted = body.get("format")
    return Prompt(
        model=body["model"],
        text=last.get("content", ""),
        media=len(last.get("images") or ()),
        results=_results(messages),
        tools=tuple(
            Tool(name=tool["function"]["name"], schema=tool["function"]["parameters"])
            for tool in body.get("tools") or ()
        ),
        may_call=not wanted,  # what the model writes is held to the form, and a call is not of that form
        wanted=Wanted.JSON_OBJECT if wanted == "json" else Wanted.JSON_SCHEMA if wanted else Wanted.TEXT,
        schema=wanted if isinstance(wanted, dict) else None,
        think=thinks(body),
        max_tokens=_limit(options),
        stop=tuple(options.get("stop") or ()),
        input_tokens=_evaluated(body, tokens_in(messages, body.get("tools")), options.get("num_ctx", _WINDOW)),
    )


def _results(messages: list[dict[str, Any]]) -> tuple[str, ...]:
    """What tools answered, if that is what came last."""
    results: list[str] = []
    for message in reversed(messages):
        if message["role"] != "tool":
            break
        results.insert(0, message["content"])
    return tuple(results)


def _limit(options: dict[str, Any]) -> int:
    most: int = options.get("num_predict", -1)
    return most if most >= 0 else Prompt(model="", text="").max_tokens


def _evaluated(body: dict[str, Any], tokens: int, window: int) -> int:
    """The tokens of the prompt that the model sees: all, or the front and half of the rest of the window."""
    if tokens < window:
        return tokens
    if body.get("truncate", True):
        return window - (window - _KEPT) // 2
    told = {
        "code": 400,
        "message": f"request ({tokens} tokens) exceeds the available context size ({window} tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": tokens,
        "n_ctx": window,
    }
    # The runner's own error, passed on as a text.
    raise Refused(msgspec.json.encode({"error": told}).decode())


# ── writing ─────────────────────────────────────────────────────────────────────────────────


def _message(reply: Reply, arrival: Arrival, stamps: Stamps) -> dict[str, Any]:
    message: dict[str, Any] = {"content": reply.text}
    if reply.thinking:
        message["thinking"] = reply.thinking
    if reply.calls:
        message["tool_calls"] = [
            {
                "id": "call_" + stamps.name(8, LETTERS, "call", str(number), arrival.body).lower(),
                "function": {"index": number, "name": call.name, "arguments": call.arguments},
            }
            for number, call in enumerate(reply.calls)
        ]
    return message


def _told(body: dict[str, Any], arrival: Arrival, message: dict[str, Any], reason: str) -> dict[str, Any]:
    return {
        "model": body["model"],
        "created_at": arrival.received_at.isoformat().replace("+00:00", "Z"),
        "message": {"role": "assistant", **message},
        "done": True,
        "done_reason": reason,
    }


def _card(name: str, family: str, size: str, window: int, abilities: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": name,
        "model": name,
        "modified_at": "2026-11-01T00:00:00Z",
        "size": 2_500_000_000,
        "digest": "0" * 64,
        "details": {
            "format": "gguf",
            "family": family,
            "families": [family],
            "parameter_size": size,
            "quantization_level": "Q4_K_M",
            "context_length": window,
        },
        "capabilities": abilities,
    }
