"""OpenAI's Responses API: ``/v1/responses``, and OpenAI's ``/v1/models``."""

from typing import Any, Final

from attrs import frozen

from provider_runtime.domain.catalog.providers import ProviderKind
from provider_runtime.testing.sandbox.counting import cached_unasked, tokens_in
from provider_runtime.testing.sandbox.model import Ending, Prompt, Reply, Tool, Wanted, reply_to
from provider_runtime.testing.sandbox.stamps import HEX, LETTERS, Stamps
from provider_runtime.testing.sandbox.traffic import Answer, Arrival, Refused, as_json
from provider_runtime.testing.sandbox.wires.openai.checks import check_bearer
from provider_runtime.testing.sandbox.wires.openai.responses_checks import (
    ENCRYPTED,
    REASONING_MODEL,
    SCOPE,
    checked,
    is_the_models,
)
from provider_runtime.testing.sandbox.wires.openai.voice import (
    model_list,
    openai_failure,
    openai_headers,
    openai_refusal,
)

_RESPONSES: Final = "/v1/responses"
_MODELS: Final = "/v1/models"
_MEDIA: Final = frozenset({"input_image", "input_file"})


@frozen
class OpenAIResponses:
    """Stands in for ``api.openai.com``, but for Chat Completions."""

    kind = ProviderKind.OPENAI

    def serves(self, arrival: Arrival) -> bool:
        """Its own paths; those that Anthropic shares are told apart by their headers before."""
        return arrival.path in {_RESPONSES, _MODELS}

    def answer(self, arrival: Arrival, stamps: Stamps) -> Answer:
        if (arrival.method, arrival.path) == ("GET", _MODELS):
            check_bearer(arrival)
            return as_json(200, model_list(), openai_headers(arrival, stamps))
        if arrival.method != "POST" or arrival.path == _MODELS:
            raise Refused(f"Not allowed to {arrival.method} on {arrival.path}.", status=405)
        body = checked(arrival, stamps)
        prompt = _prompt(body)
        value = _response(body, prompt, reply_to(prompt), arrival, stamps)
        return as_json(200, value, openai_headers(arrival, stamps))

    def refusal(self, refused: Refused, arrival: Arrival, stamps: Stamps) -> Answer:
        return openai_refusal(refused, arrival, stamps)

    def failure(self, status: int) -> Refused:
        return openai_failure(status)


# ── reading ─────────────────────────────────────────────────────────────────────────────────


def _prompt(body: dict[str, Any]) -> Prompt:
    items = body["input"]
    said = [item for item in items if item.get("type", "message") == "message" and item["role"] == "user"]
    spoken = [number for number, item in enumerate(items) if is_the_models(item)]
    after = items[spoken[-1] + 1 :] if spoken else items
    choice = body.get("tool_choice") or "auto"
    wanted = (body.get("text") or {}).get("format") or {"type": "text"}
    reasoning = body.get("reasoning") or {}
    return Prompt(
        model=body["model"],
        text=_text(said[-1]["content"]) if said else "",
        media=sum(_media(item["content"]) for item in said[-1:]),
        results=tuple(_text(item["output"]) for item in after if item.get("type") == "function_call_output"),
        tools=tuple(
            Tool(name=tool["name"], schema=tool.get("parameters") or {})
            for tool in body.get("tools") or ()
            if tool["type"] == "function"
        ),
        may_call=choice != "none",
        must_call=choice == "required" or isinstance(choice, dict),
        named=choice.get("name") if isinstance(choice, dict) else None,
        several_calls=body.get("parallel_tool_calls") is not False,
        wanted=Wanted(wanted["type"]),
        schema=wanted.get("schema"),
        think=_thinks(body["model"], reasoning),
        max_tokens=body.get("max_output_tokens") or 128_000,
        input_tokens=tokens_in(body.get("instructions"), items, body.get("tools")),
        prior_tokens=tokens_in(body.get("instructions"), items[: spoken[-1]], body.get("tools")) if spoken else 0,
    )


def _thinks(model: str, reasoning: dict[str, Any]) -> bool:
    effort = reasoning.get("effort")
    return effort != "none" and (effort is not None or REASONING_MODEL.match(model) is not None)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content if isinstance(part, dict))


def _media(content: Any) -> int:
    return sum(part["type"] in _MEDIA for part in content) if isinstance(content, list) else 0


# ── writing ─────────────────────────────────────────────────────────────────────────────────


def _response(body: dict[str, Any], prompt: Prompt, reply: Reply, arrival: Arrival, stamps: Stamps) -> dict[str, Any]:
    cut = reply.ending is Ending.LENGTH
    created = int(arrival.received_at.timestamp())
    return {
        "id": "resp_" + stamps.name(50, HEX, "answer", arrival.body),
        "object": "response",
        "created_at": created,
        "status": "incomplete" if cut else "completed",
        "background": False,
        "completed_at": None if cut else created,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": body["model"],
        "output": _items(body, reply, arrival, stamps),
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None, **(body.get("reasoning") or {})},
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools", []),
        "top_p": body.get("top_p", 1.0),
        "truncation": body.get("truncation", "disabled"),
        "usage": {
            "input_tokens": prompt.input_tokens,
            "input_tokens_details": {"cached_tokens": cached_unasked(prompt.prior_tokens)},
            "output_tokens": reply.output_tokens,
            "output_tokens_details": {"reasoning_tokens": reply.thinking_tokens},
            "total_tokens": prompt.input_tokens + reply.output_tokens,
        },
        "user": body.get("user"),
        "metadata": body.get("metadata") or {},
    }


def _items(body: dict[str, Any], reply: Reply, arrival: Arrival, stamps: Stamps) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if reply.thinking:
        items.append(_reasoning_item(body, reply.thinking, arrival, stamps))
    for number, call in enumerate(reply.calls):
        items.append(
            {
                "id": "fc_" + stamps.name(50, HEX, "item", str(number), arrival.body),
                "type": "function_call",
                "status": "completed",
                "arguments": call.arguments_text,
                "call_id": "call_" + stamps.name(24, LETTERS, "call", str(number), arrival.body),
                "name": call.name,
            }
        )
    if reply.text:
        items.append(
            {
                "id": "msg_" + stamps.name(50, HEX, "message", arrival.body),
                "type": "message",
                "status": "incomplete" if reply.ending is Ending.LENGTH else "completed",
                "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": reply.text}],
                "role": "assistant",
            }
        )
    return items


def _reasoning_item(body: dict[str, Any], thought: str, arrival: Arrival, stamps: Stamps) -> dict[str, Any]:
    asked = (body.get("reasoning") or {}).get("summary")
    item: dict[str, Any] = {
        "id": "rs_" + stamps.name(50, HEX, "reasoning", arrival.body),
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": thought}] if asked else [],
    }
    if ENCRYPTED in (body.get("include") or ()):
        item["encrypted_content"] = stamps.sealed(SCOPE, thought)
    return item
