"""OpenRouter: Chat Completions under ``/api/v1``, with signed reasoning details and the cost of each call.

Its prices here are made up and the same for every model, in US dollars for a million tokens: 1 for
input, 0.10 for cached input, 5 for output.
"""

from typing import Any, Final

import msgspec
from attrs import frozen

from provider_runtime.domain.catalog.providers import ProviderKind
from provider_runtime.testing.sandbox.counting import cached_unasked, tokens_in
from provider_runtime.testing.sandbox.model import Prompt, Reply, reply_to
from provider_runtime.testing.sandbox.stamps import LETTERS, Stamps
from provider_runtime.testing.sandbox.traffic import Answer, Arrival, Refused, as_json, object_in
from provider_runtime.testing.sandbox.wires.chat.checks import OPENAI_FIELDS, OPENAI_MESSAGE, check_fields
from provider_runtime.testing.sandbox.wires.chat.completions import (
    check_conversation,
    finish_reason,
    message_of,
    prompt_of,
)
from provider_runtime.testing.sandbox.wires.wire import NO_SUCH_MODEL, WRONG_KEY, words

_PREFIX: Final = "/api/v1"
_FIELDS: Final = OPENAI_FIELDS | words(
    "cache_control debug image_config include_reasoning min_p models plugins provider reasoning repetition_penalty "
    "route session_id stop_server_tools_when structured_outputs top_a top_k trace transforms usage"
)
_MESSAGE: Final = OPENAI_MESSAGE | {"reasoning", "reasoning_details", "annotations", "images"}
_UPSTREAM: Final = "upstream"  # the kind of a refusal that came from behind OpenRouter
_PROVIDERS: Final = {"anthropic": "Anthropic", "openai": "OpenAI", "google": "Google AI Studio"}
_KEEP_ALIVE: Final = b"\n         \n"  # real bodies begin with blank lines, sent while the model works
_TENTHS_OF_MICROS: Final = 10_000_000
_LISTED: Final = (
    ("anthropic/claude-sonnet-4.5", "Anthropic: Claude Sonnet 4.5", 200_000, 64_000),
    ("openai/gpt-5-mini", "OpenAI: GPT-5 Mini", 400_000, 128_000),
    ("meta-llama/llama-3.3-70b-instruct", "Meta: Llama 3.3 70B Instruct", 131_072, 16_384),
)


@frozen
class OpenRouter:
    """Stands in for ``openrouter.ai``."""

    kind = ProviderKind.OPENROUTER

    def serves(self, arrival: Arrival) -> bool:
        return arrival.path.startswith(f"{_PREFIX}/")

    def answer(self, arrival: Arrival, stamps: Stamps) -> Answer:
        if (arrival.method, arrival.path) == ("GET", f"{_PREFIX}/models"):
            return as_json(200, _model_list(), {})  # open to anybody, as the real one
        if arrival.path != f"{_PREFIX}/chat/completions":
            raise Refused("Not Found", status=404)
        if arrival.method != "POST":
            raise Refused("Method Not Allowed", status=405)
        body = _checked(arrival, stamps)
        prompt = prompt_of(body, body["model"], think=_asks_to_think(body))
        reply = reply_to(prompt)
        value = _completion(body, prompt, reply, arrival, stamps)
        return as_json(200, value, {"x-generation-id": value["id"]}, before=_KEEP_ALIVE)

    def refusal(self, refused: Refused, arrival: Arrival, stamps: Stamps) -> Answer:  # noqa: ARG002 - no ids here
        error: dict[str, Any] = {"message": refused.message, "code": refused.status}
        if refused.kind == _UPSTREAM:
            cause = {"type": "error", "error": {"type": "invalid_request_error", "message": refused.message}}
            raw = msgspec.json.encode(cause).decode()
            error = {
                "message": "Provider returned error",
                "code": refused.status,
                "metadata": {"raw": raw, "provider_name": refused.param},
            }
        return as_json(refused.status, {"error": error, "user_id": "user_sandbox"}, {})

    def failure(self, status: int) -> Refused:
        return Refused(f"Sandbox: a scripted failure with status {status}", status=status)


# ── reading ─────────────────────────────────────────────────────────────────────────────────


def _checked(arrival: Arrival, stamps: Stamps) -> dict[str, Any]:
    if arrival.credential is None:
        raise Refused("No credentials were found in the request", status=401)
    if arrival.credential == WRONG_KEY:
        raise Refused("No user goes with this key", status=401)
    body = object_in(arrival.body)
    if body is None:
        raise Refused("Invalid JSON in the request body")
    check_fields(body, _FIELDS)
    if "model" not in body and body.get("models"):
        body["model"] = body["models"][0]
    if body.get("model") == NO_SUCH_MODEL:
        raise Refused(f"{NO_SUCH_MODEL} is not a valid model ID")
    check_conversation(body, _MESSAGE)
    for number, message in enumerate(body["messages"]):
        for detail in message.get("reasoning_details") or ():
            _check_detail(detail, body["model"], number, stamps)
    return body


def _check_detail(detail: dict[str, Any], model: str, number: int, stamps: Stamps) -> None:
    """Reasoning must come back to the provider it came from, as it was."""
    vendor = _vendor(model)
    kind, signature = detail.get("type"), detail.get("signature")
    if kind == "reasoning.text" and (vendor == "anthropic" or signature is not None):
        sound = stamps.has_signed(_scope(vendor), detail.get("text") or "", signature)
    elif kind == "reasoning.encrypted":
        sound = stamps.opened(_scope(vendor), detail.get("data")) is not None
    else:
        sound = kind in {"reasoning.text", "reasoning.summary"}
    if not sound:
        raise Refused(
            f"messages.{number}: Invalid `signature` in `thinking` block", kind=_UPSTREAM, param=_provider(vendor)
        )


def _asks_to_think(body: dict[str, Any]) -> bool:
    asked = body.get("reasoning") or {}
    effort = asked.get("effort") or body.get("reasoning_effort")
    if effort == "none" or asked.get("enabled") is False:
        return False
    return bool(effort or asked or body.get("include_reasoning")) or body["model"].endswith(":thinking")


# ── writing ─────────────────────────────────────────────────────────────────────────────────


def _completion(body: dict[str, Any], prompt: Prompt, reply: Reply, arrival: Arrival, stamps: Stamps) -> dict[str, Any]:
    vendor = _vendor(prompt.model)
    created = int(arrival.received_at.timestamp())
    message = message_of(reply, arrival, stamps, call_prefix="toolu_bdrk_" if vendor == "anthropic" else "call_")
    for number, call in enumerate(message.get("tool_calls", ())):
        call["index"] = number
    shown = bool(reply.thinking) and not (body.get("reasoning") or {}).get("exclude")
    message |= {"refusal": None, "reasoning": reply.thinking if shown else None}
    if shown:
        message["reasoning_details"] = _details(vendor, reply.thinking, arrival, stamps)
    reason = finish_reason(reply)
    choice = {"logprobs": None, "finish_reason": reason, "native_finish_reason": reason, "index": 0, "message": message}
    return {
        "id": f"gen-{created}-{stamps.name(20, LETTERS, 'answer', arrival.body)}",
        "object": "chat.completion",
        "created": created,
        "model": prompt.model,
        "provider": _provider(vendor),
        "system_fingerprint": None,
        "choices": [choice],
        "usage": _usage(body, prompt, reply),
    }


def _details(vendor: str, thought: str, arrival: Arrival, stamps: Stamps) -> list[dict[str, Any]]:
    """The reasoning as the provider behind OpenRouter gives it: signed text, or a summary beside sealed text."""
    scope = _scope(vendor)
    sealed = {"type": "reasoning.encrypted", "data": stamps.sealed(scope, thought), "index": 0}
    if vendor == "openai":
        item = "rs_" + stamps.name(50, LETTERS, "reasoning", arrival.body)
        summary = {"type": "reasoning.summary", "summary": thought, "format": "openai-responses-v1", "index": 0}
        return [summary, {**sealed, "id": item, "format": "openai-responses-v1"}]
    if vendor == "google":
        text = {"type": "reasoning.text", "text": thought, "format": "google-gemini-v1", "index": 0}
        return [text, {**sealed, "format": "google-gemini-v1"}]
    kind = "anthropic-claude-v1" if vendor == "anthropic" else "unknown"
    signature = stamps.signature(scope, thought)
    return [{"type": "reasoning.text", "text": thought, "signature": signature, "format": kind, "index": 0}]


def _usage(body: dict[str, Any], prompt: Prompt, reply: Reply) -> dict[str, Any]:
    read, written = cached_unasked(prompt.prior_tokens), 0
    marked = _marked_tokens(body["messages"])
    if marked:
        read, written = (marked, 0) if prompt.prior_tokens else (0, marked)
    asked = (prompt.input_tokens - read) * 10 + read
    answered = reply.output_tokens * 50
    return {
        "prompt_tokens": prompt.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": prompt.input_tokens + reply.output_tokens,
        "cost": (asked + answered) / _TENTHS_OF_MICROS,
        "is_byok": False,
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written, "audio_tokens": 0},
        "cost_details": {
            "upstream_inference_cost": (asked + answered) / _TENTHS_OF_MICROS,
            "upstream_inference_prompt_cost": asked / _TENTHS_OF_MICROS,
            "upstream_inference_completions_cost": answered / _TENTHS_OF_MICROS,
        },
        "completion_tokens_details": {"reasoning_tokens": reply.thinking_tokens, "image_tokens": 0},
    }


def _marked_tokens(messages: list[dict[str, Any]]) -> int:
    """The tokens of the conversation up to the last message with a cache mark; 0 without one."""
    marked = [number for number, message in enumerate(messages) if _is_marked(message.get("content"))]
    return tokens_in(messages[: marked[-1] + 1]) if marked else 0


def _is_marked(content: object) -> bool:
    return isinstance(content, list) and any("cache_control" in part for part in content)


def _vendor(model: str) -> str:
    return model.partition("/")[0]


def _provider(vendor: str) -> str:
    return _PROVIDERS.get(vendor, "Sandbox")


def _scope(vendor: str) -> str:
    return f"openrouter:{vendor}"


def _model_list() -> dict[str, Any]:
    return {
        "data": [
            {
                "id": model,
                "canonical_slug": model,
                "name": name,
                "created": 1_764_547_200,
                "context_length": window,
                "architecture": {"modality": "text->text", "input_modalities": ["text"], "output_modalities": ["text"]},
                "pricing": {"prompt": "0.000001", "completion": "0.000005", "input_cache_read": "0.0000001"},
                "top_provider": {"context_length": window, "max_completion_tokens": longest, "is_moderated": False},
                "per_request_limits": None,
                "supported_parameters": ["max_tokens", "reasoning", "response_format", "stop", "tool_choice", "tools"],
            }
            for model, name, window, longest in _LISTED
        ]
    }
