"""An answer of ``generateContent`` as a canonical response. Takes what it can, and says what it skipped."""

import re
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

import msgspec

from provider_runtime.adapters.wire.answers import structured_output, text_of, tool_call_part
from provider_runtime.adapters.wire.failures import a_name, request_id_of
from provider_runtime.adapters.wire.gemini.citations import citations_of
from provider_runtime.adapters.wire.gemini.encoding import OUR_CALL, WIRE
from provider_runtime.adapters.wire.gemini.errors import answered_error, answered_object
from provider_runtime.adapters.wire.gemini.media import media_made
from provider_runtime.adapters.wire.reading import Count, a_count, a_list, an_object, counts, filled, objects
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.markers import Signature
from provider_runtime.domain.conversation.parts import ContentPart, TextPart, ThinkingPart, ToolCallPart
from provider_runtime.domain.conversation.request import TextFormat
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
from provider_runtime.domain.json_values import JsonObject
from provider_runtime.ports.http import HttpReply

_FILTERED: Final = (
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MODEL_ARMOR",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
)
_FAILED: Final = (
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
)
# Members of an enum are looked up by its metaclass, which takes long.
_STOP: Final = FinishReason.STOP
_CONTENT_FILTER: Final = FinishReason.CONTENT_FILTER
_ERROR: Final = FinishReason.ERROR
_FINISH: Final[Mapping[object, FinishReason]] = MappingProxyType(
    {
        "STOP": FinishReason.STOP,
        "MAX_TOKENS": FinishReason.LENGTH,
        **dict.fromkeys(("OTHER", "LANGUAGE", "NO_IMAGE", "IMAGE_OTHER"), FinishReason.OTHER),
        **dict.fromkeys(_FILTERED, FinishReason.CONTENT_FILTER),
        **dict.fromkeys(_FAILED, FinishReason.ERROR),
    }
)
# Clients may ask for enums as numbers. Beyond five the two services that speak this wire disagree.
_BY_NUMBER: Final = ("FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER")
_AUDIO: Final = ("AUDIO", 4)
_STAMP: Final = re.compile(r"[A-Za-z0-9_-]{8,40}")


def decode_answer(reply: HttpReply, prepared: PreparedExchange) -> ProviderResponse:
    """A 2xx answer as a response. A prompt that was blocked is an answer too: an empty one.

    Raises ``SerializationError`` for what is not JSON, ``ProtocolError`` for JSON without
    candidates, and the typed error for an error that a proxy put under 200.
    """
    body = answered_object(reply, prepared.provider, prepared.model_id)
    warnings: list[CallWarning] = []
    candidates = body.get("candidates")
    blocked = None
    if isinstance(candidates, list) and candidates:
        candidate = an_object(candidates[0])
        if len(candidates) > 1:
            warnings.append(warn(WarningCode.EXTRA_CHOICES_IGNORED, "only the first candidate was read"))
    else:
        candidate = {}
        blocked = _why_blocked(body, reply, prepared)
    parts = _parts(candidate, body, reply, prepared.provider, warnings)
    if not any(type(part) is not TextPart or part.text for part in parts):
        warnings.append(warn(WarningCode.EMPTY_OUTPUT, "the answer is empty"))
    finish = _withheld("prompt", blocked, warnings) if blocked else _finish_reason(candidate, warnings)
    if finish is _STOP and any(type(part) is ToolCallPart for part in parts):
        finish = FinishReason.TOOL_CALLS
    wanted = prepared.wanted
    value = None if type(wanted) is TextFormat else structured_output(wanted, text_of(parts), warnings)
    return answered(
        content=parts,
        structured_output=value,
        provider=prepared.provider,
        model=filled(body.get("modelVersion")) or prepared.model_id,
        finish_reason=finish,
        usage=decode_usage(body.get("usageMetadata"), warnings),
        warnings=warnings,
        response_id=filled(body.get("responseId")),
        provider_request_id=request_id_of(reply.headers),
    )


def _why_blocked(body: dict[str, Any], reply: HttpReply, prepared: PreparedExchange) -> str | None:
    """What the prompt was blocked for, if it was; raises where an answer without candidates is none."""
    if body.get("error") is not None:
        raise answered_error(body, reply, prepared.provider, prepared.model_id)
    blocked = an_object(body.get("promptFeedback")).get("blockReason")
    if blocked is not None:
        return a_name(blocked) or "unnamed"
    if "candidates" in body:
        return None
    raise ProtocolError(
        message="the answer has no candidates",
        field="candidates",
        provider=prepared.provider,
        model=prepared.model_id,
        request_id=request_id_of(reply.headers),
        status_code=reply.status,
    )


def _finish_reason(candidate: dict[str, Any], warnings: list[CallWarning]) -> FinishReason:
    reason = candidate.get("finishReason")
    if type(reason) is int and 0 <= reason < len(_BY_NUMBER):
        reason = _BY_NUMBER[reason]
    finish = _FINISH.get(reason) if isinstance(reason, str) else None
    if finish is None:
        name = "none" if reason is None else a_name(reason) or "unnamed"
        warnings.append(warn(WarningCode.UNKNOWN_FINISH_REASON, f"the finish reason is not known: {name}"))
        return FinishReason.OTHER
    if finish is _CONTENT_FILTER:
        return _withheld("answer", str(reason), warnings)
    if finish is _ERROR:
        warnings.append(warn(WarningCode.GENERATION_FAILED, f"the model broke off: {reason}"))
    return finish


def _withheld(what: str, reason: str, warnings: list[CallWarning]) -> FinishReason:
    warnings.append(warn(WarningCode.MODEL_REFUSAL, f"the provider withheld the {what} ({reason})"))
    return FinishReason.CONTENT_FILTER


# ── parts ───────────────────────────────────────────────────────────────────────────────────


def _parts(
    candidate: dict[str, Any], body: dict[str, Any], reply: HttpReply, provider: ProviderId, warnings: list[CallWarning]
) -> list[ContentPart]:
    given = a_list(an_object(candidate.get("content")).get("parts"))
    sourced = "groundingMetadata" in candidate or "citationMetadata" in candidate
    cited = citations_of(candidate, given) if sourced else {}
    parts: list[ContentPart] = []
    unknown: dict[str, None] = {}
    for position, item in enumerate(given):
        part = an_object(item)
        opaque = part.get("thoughtSignature")
        signature = Signature(provider=provider, wire=WIRE, value=opaque) if opaque and type(opaque) is str else None
        text = part.get("text")
        call = part.get("functionCall")
        if isinstance(text, str) and part.get("thought") is not True:
            if text or signature:  # an empty text may carry a signature, which must go back
                parts.append(TextPart(text, citations=cited.get(position, ()), signature=signature))
        elif isinstance(call, dict):
            name = call.get("id") or f"{OUR_CALL}{_stamp(body, reply)}-{position}"
            called = _tool_call(call, name, position, signature, warnings)
            if called is not None:
                parts.append(called)
        elif isinstance(text, str) or part.keys() <= {"thought", "thoughtSignature"}:
            parts += _without_content(part, text, signature, provider)
        elif (media := media_made(part, signature)) is not None:
            parts.append(media)
        else:
            kind = next((key for key in part if key not in {"thought", "thoughtSignature"}), None)
            unknown[a_name(kind) or "unnamed"] = None
    warnings += [warn(WarningCode.UNKNOWN_CONTENT_BLOCK, f"parts of type {name} were skipped") for name in unknown]
    return parts


def _without_content(
    part: dict[str, Any], text: str | None, signature: Signature | None, provider: ProviderId
) -> tuple[ContentPart, ...]:
    """A thought, or a part that holds nothing but a signature."""
    if part.get("thought") is not True:
        return (TextPart("", signature=signature),) if signature else ()
    if not text and signature is None:
        return ()
    return (ThinkingPart(text=text or "", signature=signature, redacted=text is None, provider=provider),)


def _tool_call(
    call: dict[str, Any], call_id: object, position: int, signature: Signature | None, warnings: list[CallWarning]
) -> ToolCallPart | None:
    before = len(warnings)
    called = tool_call_part(
        call_id, call.get("name"), call.get("args"), position=position, warnings=warnings, signature=signature
    )
    if called is not None and len(warnings) == before and not isinstance(called.tool_call.arguments_json, JsonObject):
        warnings.append(
            warn(
                WarningCode.TOOL_ARGUMENTS_INVALID_JSON,
                f"the arguments of tool call {position} are no JSON object; kept as they came",
            )
        )
    return called


def _stamp(body: dict[str, Any], reply: HttpReply) -> str:
    """What makes the id of a call that came without one unlike every other in a conversation."""
    given = body.get("responseId")
    if isinstance(given, str) and _STAMP.fullmatch(given):
        return given
    return sha256(reply.body).hexdigest()[:22]


# ── usage ───────────────────────────────────────────────────────────────────────────────────


class _Told(msgspec.Struct, rename="camel"):
    prompt_token_count: Count = None
    candidates_token_count: Count = None
    thoughts_token_count: Count = None
    total_token_count: Count = None
    tool_use_prompt_token_count: Count = None
    cached_content_token_count: Count = None


def decode_usage(value: object, warnings: list[CallWarning]) -> Usage:
    """The tokens of an answer.

    The API counts thinking beside the candidates and the prompts of server tools beside the
    prompt; ``Usage`` counts them inside. It leaves out counts of 0, which the total brings back.
    """
    usage = an_object(value)
    told = counts(usage, _Told)
    prompt, said, thought = told.prompt_token_count, told.candidates_token_count, told.thoughts_token_count
    total = told.total_token_count
    consumed = None if prompt is None else prompt + (told.tool_use_prompt_token_count or 0)
    written = None if said is None and thought is None else (said or 0) + (thought or 0)
    if consumed is not None and total is not None and total >= consumed + (written or 0):
        written = total - consumed  # never less than is billed
    if consumed is None and written is None:
        warnings.append(warn(WarningCode.USAGE_MISSING, "the provider reported no token counts"))
    elif consumed is None or written is None:
        warnings.append(warn(WarningCode.USAGE_PARTIAL, "the provider reported only a part of the token counts"))
    return counted(
        input_tokens=consumed,
        output_tokens=written,
        cached_input_tokens=told.cached_content_token_count,
        reasoning_tokens=thought,
        input_audio_tokens=_audio(usage.get("promptTokensDetails")),
        output_audio_tokens=_audio(usage.get("candidatesTokensDetails")),
        total_tokens=total,
    )


def _audio(details: object) -> int | None:
    """The tokens of sound among the counts by modality; ``None`` where there is no such count."""
    for detail in objects(details):
        if detail.get("modality") in _AUDIO:
            return a_count(detail.get("tokenCount")) or 0
    return None
