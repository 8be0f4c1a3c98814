"""An answer of ``POST /v1/messages`` as a canonical response. Takes what it can, and says what it skipped."""

from collections.abc import Mapping
from json import JSONDecoder
from types import MappingProxyType
from typing import Any, Final

import msgspec

from provider_runtime.adapters.wire.answers import structured_output, text_of, tool_call_part
from provider_runtime.adapters.wire.anthropic_messages.encoding import WIRE
from provider_runtime.adapters.wire.anthropic_messages.errors import answered_error, answered_object, request_id
from provider_runtime.adapters.wire.failures import a_name
from provider_runtime.adapters.wire.reading import Count, a_count, a_text, an_object, counts, filled, objects
from provider_runtime.adapters.wire.writing import canonical_text
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.markers import Signature
from provider_runtime.domain.conversation.parts import Citation, ContentPart, TextPart, ThinkingPart, ToolCallPart
from provider_runtime.domain.conversation.request import JsonObjectFormat, ResponseFormat, TextFormat
from provider_runtime.domain.conversation.response import (
    CallWarning,
    FinishReason,
    ProviderResponse,
    answered,
)
from provider_runtime.domain.conversation.usage import Usage, counted
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.errors import ProtocolError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import JsonObject, JsonValue
from provider_runtime.ports.http import HttpReply

_CONTENT_FILTER: Final = (
    FinishReason.CONTENT_FILTER
)  # members of an enum are looked up by its metaclass, which takes long
_FINISH: Final[Mapping[str, FinishReason]] = MappingProxyType(
    {
        "end_turn": FinishReason.STOP,
        "stop_sequence": FinishReason.STOP,
        "max_tokens": FinishReason.LENGTH,
        "model_context_window_exceeded": FinishReason.LENGTH,
        "tool_use": FinishReason.TOOL_CALLS,
        "refusal": FinishReason.CONTENT_FILTER,
        "pause_turn": FinishReason.OTHER,
    }
)
_JSON: Final = JSONDecoder()


def decode_message(reply: HttpReply, prepared: PreparedExchange) -> ProviderResponse:
    """A 2xx answer as a response.

    Raises ``SerializationError`` for what is not JSON, ``ProtocolError`` for JSON without content,
    and the typed error for an error that a proxy put under 200.
    """
    body = answered_object(reply, prepared.provider, prepared.model_id)
    content = body.get("content")
    if not isinstance(content, list):
        content = _content(body, reply, prepared)
    warnings: list[CallWarning] = []
    parts = _parts(content, prepared.provider, warnings)
    if not parts:
        warnings.append(warn(WarningCode.EMPTY_OUTPUT, "the answer is empty"))
    finish = _finish_reason(body, warnings)
    usage = decode_usage(body.get("usage"), warnings)
    wanted = prepared.wanted
    value = None if type(wanted) is TextFormat else _structured(wanted, parts, warnings)
    return answered(
        content=parts,
        structured_output=value,
        provider=prepared.provider,
        model=filled(body.get("model")) or prepared.model_id,
        finish_reason=finish,
        usage=usage,
        warnings=warnings,
        response_id=filled(body.get("id")),
        provider_request_id=request_id(reply, body),
    )


def _content(body: dict[str, Any], reply: HttpReply, prepared: PreparedExchange) -> list[Any]:
    """The content blocks of an answer that has no list of them, or why there are none."""
    if body.get("error") is not None or body.get("type") == "error":
        raise answered_error(body, reply, prepared.provider, prepared.model_id)
    content = body.get("content")
    if isinstance(content, str):  # the short form that requests may use; some servers answer with it
        return [{"type": "text", "text": content}]
    if content is None and "content" in body:
        return []
    raise ProtocolError(
        message="the answer has no list of content blocks",
        field="content",
        provider=prepared.provider,
        model=prepared.model_id,
        request_id=request_id(reply, body),
        status_code=reply.status,
    )


# ── content blocks ──────────────────────────────────────────────────────────────────────────


def _parts(content: list[Any], provider: ProviderId, warnings: list[CallWarning]) -> list[ContentPart]:
    parts: list[ContentPart] = []
    unknown: dict[str, None] = {}
    for position, block in enumerate(content):
        kind = a_text(block.get("type")) if isinstance(block, dict) else None
        if kind == "text":
            text = block.get("text")
            if isinstance(text, str):
                if text:
                    parts.append(_text_part(text, block, provider))
                continue
        elif kind == "tool_use":
            call = _tool_call(block, position, warnings)
            if call is not None:
                parts.append(call)
            continue
        elif kind in {"thinking", "redacted_thinking"}:
            parts += _thinking(block, provider)
            continue
        unknown[a_name(kind) or "unnamed"] = None
    warnings += [warn(WarningCode.UNKNOWN_CONTENT_BLOCK, f"blocks of type {name} were skipped") for name in unknown]
    return parts


def _text_part(text: str, block: dict[str, Any], provider: ProviderId) -> TextPart:
    given = [one for one in objects(block.get("citations")) if one]
    if not given:
        return TextPart(text)
    return TextPart(
        text,
        citations=tuple(_citation(one) for one in given),
        signature=_citations_as_given(given, provider),
    )


def _citation(given: dict[str, Any]) -> Citation:
    return Citation(
        url=filled(given.get("url")) or filled(given.get("source")),
        title=filled(given.get("document_title")) or filled(given.get("title")),
        cited_text=filled(given.get("cited_text")),
        file_id=filled(given.get("file_id")),
        document_index=a_count(given.get("document_index")),
        start_index=a_count(given.get("start_char_index")),
        end_index=a_count(given.get("end_char_index")),
    )


def _citations_as_given(given: list[dict[str, Any]], provider: ProviderId) -> Signature | None:
    """The citations verbatim, so that they can go back: pages and blocks have no canonical field.

    ``None`` where one points into search results, which are server-tool blocks and not kept.
    """
    if any("encrypted_index" in one for one in given):
        return None
    return Signature(provider=provider, wire=WIRE, value=canonical_text(given))  # type: ignore[arg-type]  # plain JSON


def _thinking(block: dict[str, Any], provider: ProviderId) -> tuple[ThinkingPart, ...]:
    redacted = block["type"] == "redacted_thinking"
    opaque = filled(block.get("data" if redacted else "signature"))
    text = "" if redacted else a_text(block.get("thinking")) or ""
    if opaque is None and not text:
        return ()
    # Text may be empty beside a signature: the block counts all the same and must go back.
    signature = None if opaque is None else Signature(provider=provider, wire=WIRE, value=opaque)
    return (ThinkingPart(text=text, signature=signature, redacted=redacted, provider=provider),)


def _tool_call(block: dict[str, Any], position: int, warnings: list[CallWarning]) -> ToolCallPart | None:
    before = len(warnings)
    part = tool_call_part(block.get("id"), block.get("name"), block.get("input"), position=position, warnings=warnings)
    if part is not None and len(warnings) == before and not isinstance(part.tool_call.arguments_json, JsonObject):
        warnings.append(
            warn(
                WarningCode.TOOL_ARGUMENTS_INVALID_JSON,
                f"the arguments of tool call {position} are no JSON object; kept as they came",
            )
        )
    return part


# ── the rest of the answer ──────────────────────────────────────────────────────────────────


def _finish_reason(body: dict[str, Any], warnings: list[CallWarning]) -> FinishReason:
    reason = body.get("stop_reason")
    finish = _FINISH.get(reason) if isinstance(reason, str) else None
    if finish is None:
        name = "none" if reason is None else a_name(reason) or "unnamed"
        warnings.append(warn(WarningCode.UNKNOWN_STOP_REASON, f"the stop reason is not known: {name}"))
        return FinishReason.OTHER
    if finish is _CONTENT_FILTER:
        category = a_name(an_object(body.get("stop_details")).get("category"))
        warnings.append(
            warn(WarningCode.MODEL_REFUSAL, f"the model declined to answer ({category or 'no category given'})")
        )
    return finish


def _structured(wanted: ResponseFormat, parts: list[ContentPart], warnings: list[CallWarning]) -> JsonValue:
    texts = text_of(parts)
    if isinstance(wanted, JsonObjectFormat):
        # Asked for in words only, so prose or a code fence may stand around the object.
        text = "".join(texts)
        start = text.find("{")
        try:
            _, end = _JSON.raw_decode(text, max(start, 0))
        except (ValueError, RecursionError):
            end = len(text)
        texts = [text[max(start, 0) : end]]
    return structured_output(wanted, texts, warnings)


class _Kept(msgspec.Struct):
    ephemeral_1h_input_tokens: Count = None


class _Thought(msgspec.Struct):
    thinking_tokens: Count = None


class _Told(msgspec.Struct):
    """What a round counts, or all of them."""

    input_tokens: Count = None
    output_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_creation: _Kept | None = None
    output_tokens_details: _Thought | None = None


def decode_usage(value: object, warnings: list[CallWarning]) -> Usage:
    """The tokens of an answer. The API counts cached input beside ``input_tokens``; ``Usage`` counts it inside."""
    usage = an_object(value)
    told = counts(usage, _Told)
    rounds = usage.get("iterations")
    plain, output, read, write, write_1h = _all_rounds(told, rounds) if rounds else _counters(told)
    if plain is None and output is None:
        warnings.append(warn(WarningCode.USAGE_MISSING, "the provider reported no token counts"))
    elif plain is None or output is None:
        warnings.append(warn(WarningCode.USAGE_PARTIAL, "the provider reported only a part of the token counts"))
    consumed = None if plain is None else plain + (read or 0) + (write or 0)
    return counted(
        input_tokens=consumed,
        output_tokens=output,
        cached_input_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=write_1h,
        reasoning_tokens=told.output_tokens_details.thinking_tokens if told.output_tokens_details else None,
        total_tokens=None if consumed is None or output is None else consumed + output,
    )


_Counters = tuple[int | None, ...]  # plain input, output, cache read, cache write, cache write for an hour


def _counters(told: _Told) -> _Counters:
    return (
        told.input_tokens,
        told.output_tokens,
        told.cache_read_input_tokens,
        told.cache_creation_input_tokens,
        told.cache_creation.ephemeral_1h_input_tokens if told.cache_creation else None,
    )


def _all_rounds(told: _Told, rounds: object) -> _Counters:
    """Compaction, advisors and fallbacks are billed rounds that the top-level counts leave out."""
    each = [_counters(counts(one, _Told)) for one in objects(rounds)]
    return tuple(_most(count, [one[number] for one in each]) for number, count in enumerate(_counters(told)))


def _most(top: int | None, each: list[int | None]) -> int | None:
    known = [count for count in each if count is not None]
    return max(sum(known), top or 0) if known else top
