"""Answers of ``/v1/responses`` and ``/v1/models`` as canonical values: any bytes give one, or a typed error."""

from typing import Any, Final

import msgspec

from provider_runtime.adapters.wire.answers import structured_output
from provider_runtime.adapters.wire.failures import request_id_of
from provider_runtime.adapters.wire.openai_responses.errors import REQUEST_ID_HEADERS, error_of, failure_of
from provider_runtime.adapters.wire.openai_responses.families import family_for
from provider_runtime.adapters.wire.openai_responses.output_items import Answer, read_items
from provider_runtime.adapters.wire.reading import Count, NotJson, a_count, an_object, counts, filled, objects, parse
from provider_runtime.domain.catalog.models import ModelInfo, ProviderCapabilities
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.parts import TextPart, ToolCallPart
from provider_runtime.domain.conversation.response import FinishReason, ProviderResponse, answered
from provider_runtime.domain.conversation.usage import Usage, counted
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.errors import ProtocolError, ProviderError, SerializationError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.http import HttpReply

UNKNOWN_MODEL: Final = "<unknown-model>"
_FINISHED: Final = ("completed", "incomplete", None)  # some servers leave the status out
_NOT_REPORTED: Final = Usage()
_CUT_SHORT: Final = {
    "max_output_tokens": (FinishReason.LENGTH, WarningCode.INCOMPLETE_MAX_OUTPUT_TOKENS),
    "max_tokens": (FinishReason.LENGTH, WarningCode.INCOMPLETE_MAX_OUTPUT_TOKENS),
    "content_filter": (FinishReason.CONTENT_FILTER, WarningCode.INCOMPLETE_CONTENT_FILTER),
}
# Names under which servers of this API list the size of a model's context.
_CONTEXT_SIZES: Final = ("context_window", "context_length", "max_model_len")
_MAX_TOKENS: Final = 2**32 - 1


def decode_response(reply: HttpReply, prepared: PreparedExchange) -> ProviderResponse:
    """A 2xx answer as a response.

    Raises ``SerializationError`` for what is no JSON, ``ProtocolError`` naming the field that cannot
    be understood, and the error that the provider reports inside a good status.
    """
    request_id = request_id_of(reply.headers, *REQUEST_ID_HEADERS)
    body = _body(reply, prepared.provider, prepared.model_id, request_id)
    status = body.get("status")
    if body.get("error") or status == "failed":
        raise _failure(reply, body, prepared, request_id)
    items = body.get("output")
    if status not in _FINISHED:
        raise _protocol_error(reply, prepared, request_id, "status", "the response is not finished")
    if not isinstance(items, list):
        raise _protocol_error(reply, prepared, request_id, "output", "the response has no list of output items")
    answer = read_items(items, prepared.provider)
    if not answer.parts:
        answer.warn(WarningCode.EMPTY_OUTPUT, "the answer is empty")
    finish = _finish_reason(body, status, answer)
    usage = _usage(body.get("usage"), answer)
    return answered(
        content=tuple(answer.parts),
        structured_output=structured_output(prepared.wanted, answer.texts, answer.warnings),
        provider=prepared.provider,
        model=filled(body.get("model")) or UNKNOWN_MODEL,
        finish_reason=finish,
        usage=usage,
        warnings=tuple(answer.warnings),
        response_id=filled(body.get("id")),
        provider_request_id=request_id,
    )


def _body(reply: HttpReply, provider: ProviderId, model: str | None, request_id: str | None) -> dict[str, Any]:
    try:
        body = parse(reply.body)
    except NotJson as fault:
        raise SerializationError(
            message="the answer is not JSON",
            provider=provider,
            model=model,
            request_id=request_id,
            status_code=reply.status,
        ) from fault
    if not isinstance(body, dict):
        raise ProtocolError(
            message="the answer is not a JSON object",
            field="$",
            provider=provider,
            model=model,
            request_id=request_id,
            status_code=reply.status,
        )
    return body


def _failure(
    reply: HttpReply, body: dict[str, Any], prepared: PreparedExchange, request_id: str | None
) -> ProviderError:
    if not body.get("error"):
        return _protocol_error(reply, prepared, request_id, "error", "the response failed and does not say why")
    if "output" not in body and "status" not in body:
        return error_of(reply, prepared.provider, prepared.model_id)  # an error envelope under a good status
    return failure_of(reply, body, prepared.provider, prepared.model_id)


def _protocol_error(
    reply: HttpReply, prepared: PreparedExchange, request_id: str | None, field: str, message: str
) -> ProtocolError:
    return ProtocolError(
        message=message,
        field=field,
        provider=prepared.provider,
        model=prepared.model_id,
        request_id=request_id,
        status_code=reply.status,
    )


def _finish_reason(body: dict[str, Any], status: object, answer: Answer) -> FinishReason:
    if status == "incomplete":
        reason = filled(an_object(body.get("incomplete_details")).get("reason"))
        if reason is None:
            answer.warn(WarningCode.INCOMPLETE_MISSING_REASON, "the answer is incomplete and does not say why")
            return FinishReason.OTHER
        finish, code = _CUT_SHORT.get(reason, (FinishReason.OTHER, WarningCode.INCOMPLETE_UNKNOWN_REASON))
        answer.warn(code, "the answer is incomplete")
        return finish
    if status is None:
        answer.warn(WarningCode.UNKNOWN_FINISH_REASON, "the answer does not say whether it is complete")
    for part in reversed(answer.parts):
        if isinstance(part, ToolCallPart):
            return FinishReason.TOOL_CALLS
        if isinstance(part, TextPart) and part.text.strip():
            break
    return FinishReason.STOP


class _Input(msgspec.Struct):
    cached_tokens: Count = None
    cache_write_tokens: Count = None
    audio_tokens: Count = None


class _Output(msgspec.Struct):
    reasoning_tokens: Count = None
    audio_tokens: Count = None


class _Told(msgspec.Struct):
    """Everything is counted inside the two sums: cached and written tokens are input, reasoning is output."""

    input_tokens: Count = None
    output_tokens: Count = None
    total_tokens: Count = None
    input_tokens_details: _Input | None = None
    output_tokens_details: _Output | None = None


_NO_INPUT: Final = _Input()
_NO_OUTPUT: Final = _Output()


def _usage(shape: object, answer: Answer) -> Usage:
    if not isinstance(shape, dict):
        answer.warn(WarningCode.USAGE_MISSING, "the answer does not say what it consumed")
        return _NOT_REPORTED
    told = counts(shape, _Told)
    into, out = told.input_tokens_details or _NO_INPUT, told.output_tokens_details or _NO_OUTPUT
    return counted(
        input_tokens=told.input_tokens,
        output_tokens=told.output_tokens,
        total_tokens=told.total_tokens,
        cached_input_tokens=into.cached_tokens,
        cache_write_tokens=into.cache_write_tokens,
        input_audio_tokens=into.audio_tokens,
        reasoning_tokens=out.reasoning_tokens,
        output_audio_tokens=out.audio_tokens,
    )


# ── models ──────────────────────────────────────────────────────────────────────────────────


def decode_models(reply: HttpReply, provider: ProviderId, capabilities: ProviderCapabilities) -> tuple[ModelInfo, ...]:
    """The listed models in the provider's order, each id once. Raises like ``decode_response``."""
    request_id = request_id_of(reply.headers, *REQUEST_ID_HEADERS)
    body = _body(reply, provider, None, request_id)
    listed = body.get("data")
    if not isinstance(listed, list):
        if body.get("error"):
            raise error_of(reply, provider, None)
        raise ProtocolError(
            message="the answer has no list of models",
            field="data",
            provider=provider,
            request_id=request_id,
            status_code=reply.status,
        )
    models: dict[str, ModelInfo] = {}
    for entry in objects(listed):
        model_id = filled(entry.get("id"))
        if model_id is not None and model_id.strip() and model_id not in models:
            models[model_id] = ModelInfo(
                provider=provider,
                model_id=model_id,
                display_name=filled(entry.get("display_name")),
                context_window=_context_window(entry),
                supports_tools=capabilities.supports_tools,
                supports_structured_output=capabilities.supports_structured_output,
                supports_reasoning=family_for(model_id).reasons,
            )
    return tuple(models.values())


def _context_window(entry: dict[str, Any]) -> int | None:
    for name in _CONTEXT_SIZES:
        size = a_count(entry.get(name))
        if size and size <= _MAX_TOKENS:
            return size
    return None
