"""An answer as the body of a chat completion."""

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
    MediaUrl,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from provider_runtime.domain.conversation.response import FinishReason, ProviderResponse
from provider_runtime.domain.conversation.usage import Usage

_FINISH: Final = {
    FinishReason.STOP: "stop",
    FinishReason.LENGTH: "length",
    FinishReason.TOOL_CALLS: "tool_calls",
    FinishReason.CONTENT_FILTER: "content_filter",
}


def chat_answer(response: ProviderResponse, record: LineRecord) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body, and what there was no place for in it."""
    left_out: list[str] = []
    message = _message(response.output.content, left_out)
    finish = _FINISH.get(response.finish_reason)
    body = {
        "id": response.response_id or f"chatcmpl-{record.call_id}",
        "object": "chat.completion",
        "created": created_at(record),
        "model": response.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish or "stop"}],
        "usage": _usage(response.usage),
    }
    unsaid = {} if finish else {"finish_reason": response.finish_reason.value}
    return body, {**besides(left_out), **unsaid}


def _message(parts: tuple[ContentPart, ...], left_out: list[str]) -> dict[str, Any]:
    said: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    for part in parts:
        if isinstance(part, TextPart):
            said["content"] = (said["content"] or "") + part.text
            for citation in part.citations:
                if (cited := url_citation(citation)) is None:
                    left_out.append("citation")
                else:
                    said.setdefault("annotations", []).append({"type": "url_citation", "url_citation": cited})
        elif isinstance(part, RefusalPart):
            said["refusal"] = (said["refusal"] or "") + part.text
        elif isinstance(part, ToolCallPart):
            called = {"name": part.tool_call.name, "arguments": arguments_text(part.tool_call)}
            call = {"id": part.tool_call.id, "type": "function", "function": called}
            said.setdefault("tool_calls", []).append(call)
        elif isinstance(part, ThinkingPart) and part.text:
            said["reasoning_content"] = said.get("reasoning_content", "") + part.text
        elif isinstance(part, ImagePart) and (address := _address(part)) is not None:
            said.setdefault("images", []).append({"type": "image_url", "image_url": {"url": address}})
        else:
            left_out.append("thinking" if isinstance(part, ThinkingPart) else type(part).__name__)
    return said


def _address(part: ImagePart) -> str | None:
    source = part.source
    if isinstance(source, InlineData):
        return f"data:{source.media_type};base64,{b64encode(source.data).decode()}"
    return source.url if isinstance(source, MediaUrl) else None


def _usage(usage: Usage) -> dict[str, Any] | None:
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    return {
        "prompt_tokens": usage.input_tokens or 0,
        "completion_tokens": usage.output_tokens or 0,
        "total_tokens": usage.total,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_input_tokens or 0,
            "audio_tokens": usage.input_audio_tokens or 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens or 0,
            "audio_tokens": usage.output_audio_tokens or 0,
        },
    }
