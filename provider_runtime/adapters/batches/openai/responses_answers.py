"""An answer as the body of a response of the Responses API."""

from base64 import b64encode
from typing import Any, Final

from provider_runtime.adapters.batches.openai.shared_answers import (
    arguments_text,
    besides,
    created_at,
    url_citation,
)
from provider_runtime.domain.batches.lines import LineRecord
from provider_runtime.domain.conversation.parts import (
    ContentPart,
    ImagePart,
    InlineData,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from provider_runtime.domain.conversation.response import FinishReason, ProviderResponse
from provider_runtime.domain.conversation.usage import Usage

_INCOMPLETE: Final = {FinishReason.LENGTH: "max_output_tokens", FinishReason.CONTENT_FILTER: "content_filter"}
_UNSAID: Final = frozenset({FinishReason.ERROR, FinishReason.OTHER})


def responses_answer(response: ProviderResponse, record: LineRecord) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body, and what there was no place for in it. Settings of the request are not repeated."""
    left_out: list[str] = []
    cut = _INCOMPLETE.get(response.finish_reason)
    body = {
        "id": response.response_id or f"resp_{record.call_id}",
        "object": "response",
        "created_at": created_at(record),
        "status": "completed" if cut is None else "incomplete",
        "incomplete_details": None if cut is None else {"reason": cut},
        "error": None,
        "model": response.model,
        "output": _items(response.output.content, left_out),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": _usage(response.usage),
    }
    unsaid = {"finish_reason": response.finish_reason.value} if response.finish_reason in _UNSAID else {}
    return body, {**besides(left_out), **unsaid}


def _items(parts: tuple[ContentPart, ...], left_out: list[str]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for part in parts:
        number = len(items)
        if isinstance(part, TextPart | RefusalPart):
            _message(items)["content"].append(_piece(part, left_out))
        elif isinstance(part, ToolCallPart):
            call = part.tool_call
            called = {"call_id": call.id, "name": call.name, "arguments": arguments_text(call), "status": "completed"}
            items.append({"type": "function_call", "id": f"fc_{number}", **called})
        elif isinstance(part, ThinkingPart) and part.text:
            summary = [{"type": "summary_text", "text": part.text}]
            items.append({"type": "reasoning", "id": f"rs_{number}", "summary": summary})
        elif isinstance(part, ImagePart) and isinstance(part.source, InlineData):
            drawn = {"status": "completed", "result": b64encode(part.source.data).decode()}
            items.append({"type": "image_generation_call", "id": f"ig_{number}", **drawn})
        else:
            left_out.append("thinking" if isinstance(part, ThinkingPart) else type(part).__name__)
    return items


def _message(items: list[dict[str, Any]]) -> dict[str, Any]:
    if not items or items[-1]["type"] != "message":
        head = {"type": "message", "id": f"msg_{len(items)}", "role": "assistant", "status": "completed"}
        items.append({**head, "content": []})
    return items[-1]


def _piece(part: TextPart | RefusalPart, left_out: list[str]) -> dict[str, Any]:
    if isinstance(part, RefusalPart):
        return {"type": "refusal", "refusal": part.text}
    notes = []
    for citation in part.citations:
        if (cited := url_citation(citation)) is None:
            left_out.append("citation")
        else:
            notes.append({"type": "url_citation", **cited})
    return {"type": "output_text", "text": part.text, "annotations": notes}


def _usage(usage: Usage) -> dict[str, Any] | None:
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    return {
        "input_tokens": usage.input_tokens or 0,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens or 0,
            "cache_write_tokens": usage.cache_write_tokens or 0,
        },
        "output_tokens": usage.output_tokens or 0,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": usage.total,
    }
