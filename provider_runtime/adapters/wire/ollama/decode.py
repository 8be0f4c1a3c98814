"""An answer as a canonical response: what can be read is kept, what cannot is a warning or a typed error."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from provider_runtime.adapters.wire.answers import structured_output, text_of, tool_call_part
from provider_runtime.adapters.wire.failures import request_id_of
from provider_runtime.adapters.wire.ollama.answers import answer_of
from provider_runtime.adapters.wire.ollama.errors import broken
from provider_runtime.adapters.wire.reading import a_count, an_object, filled
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.parts import ContentPart, ImagePart, InlineData, TextPart, ThinkingPart
from provider_runtime.domain.conversation.response import (
    CallWarning,
    FinishReason,
    ProviderResponse,
    answered,
)
from provider_runtime.domain.conversation.usage import Usage, counted
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.ports.http import HttpReply

_FINISH: Final[Mapping[str, FinishReason]] = MappingProxyType(
    {
        "stop": FinishReason.STOP,
        "length": FinishReason.LENGTH,
        "tool_calls": FinishReason.STOP,  # the calls themselves say so, or nothing does
        "load": FinishReason.OTHER,  # the model was loaded, or unloaded, and said nothing
        "unload": FinishReason.OTHER,
    }
)
# How pictures begin; what is left is taken for the form that models paint in.
_PICTURES: Final = ((b"\xff\xd8", "image/jpeg"), (b"RIFF", "image/webp"), (b"GIF8", "image/gif"))
_PAINTED: Final = "image/png"
_WINDOW: Final = re.compile(rb'"options":\{"num_ctx":([0-9]{1,10})[,}]')
_KEPT_AT_THE_FRONT: Final = (4, 5)  # tokens that a cut spares: four, and one that begins the text


def decode_answer(reply: HttpReply, prepared: PreparedExchange, *, cloud_models: bool) -> ProviderResponse:
    """A 2xx answer as a response. Raises like ``answer_of``, and ``ProtocolError`` where there is no message."""
    body = answer_of(reply, prepared)
    message = body.get("message")
    if not isinstance(message, dict):
        raise broken("message", "the answer has no message", reply, prepared.provider, prepared.model_id)
    warnings: list[CallWarning] = []
    parts = _parts_of(message, prepared, warnings)
    called = _add_tool_calls(parts, message, reply, prepared, warnings)
    if not parts:
        warnings.append(warn(WarningCode.EMPTY_OUTPUT, "the answer holds nothing"))
    if not cloud_models and body.get("remote_host"):
        # A model of the cloud under a name of one's own: only the answer tells.
        warnings.append(warn(WarningCode.ANOTHER_MODEL_ANSWERED, "the server passed the call on to another machine"))
    usage = _usage_of(body, warnings)
    if prepared.reasoning_asked and not any(isinstance(part, ThinkingPart) for part in parts):
        warnings.append(warn(WarningCode.REASONING_NOT_USED, "reasoning was asked for, and none is in the answer"))
    if usage.input_tokens and _looks_cut(usage.input_tokens, window_asked(prepared.body)):
        warnings.append(
            warn(WarningCode.PROMPT_TRUNCATED, "the prompt counts as many tokens as are kept of one that is too long")
        )
    return answered(
        content=parts,
        structured_output=structured_output(prepared.wanted, text_of(parts), warnings),
        provider=prepared.provider,
        model=filled(body.get("model")) or "<unknown-model>",
        finish_reason=_finish_of(body.get("done_reason"), called=called, warnings=warnings),
        usage=usage,
        warnings=warnings,
        provider_request_id=request_id_of(reply.headers),
    )


def _parts_of(message: dict[str, Any], prepared: PreparedExchange, warnings: list[CallWarning]) -> list[ContentPart]:
    """Reasoning, text and images, in that order: the wire keeps them apart."""
    parts: list[ContentPart] = []
    thinking = message.get("thinking")
    if isinstance(thinking, str) and thinking:
        parts.append(ThinkingPart(text=thinking, provider=prepared.provider))
    content = message.get("content")
    if isinstance(content, str):
        # Reasoning between <think> tags stays text: only the model's template knows the tags.
        if content:
            parts.append(TextPart(content))
    elif content is not None:
        warnings.append(_skipped("content that is no text"))
    images = message.get("images")
    if isinstance(images, list):
        for image in images:
            data = _bytes_of(image)
            if data:
                kind = next((name for start, name in _PICTURES if data.startswith(start)), _PAINTED)
                parts.append(ImagePart(source=InlineData(media_type=kind, data=data)))
            else:
                warnings.append(_skipped("an image that is not base64"))
    return parts


def _bytes_of(text: object) -> bytes | None:
    try:
        return b64decode(text, validate=True) if isinstance(text, str) else None
    except (NotBase64, ValueError):
        return None


def _skipped(what: str) -> CallWarning:
    return warn(WarningCode.UNKNOWN_CONTENT_BLOCK, f"{what} was skipped")


def _add_tool_calls(
    parts: list[ContentPart],
    message: dict[str, Any],
    reply: HttpReply,
    prepared: PreparedExchange,
    warnings: list[CallWarning],
) -> bool:
    """Whether there are any. Ids that are missing (older servers) or come twice are made anew."""
    calls = message.get("tool_calls")
    if not calls:
        return False
    if not isinstance(calls, list):
        raise broken("message.tool_calls", "the tool calls are no list", reply, prepared.provider, prepared.model_id)
    taken: set[str] = set()
    for position, call in enumerate(calls):
        fields = an_object(call)
        function = an_object(fields.get("function"))
        new_id = filled(fields.get("id")) or f"call_{position}"
        while new_id in taken:
            new_id = f"{new_id}_{position}"
        part = tool_call_part(
            new_id, function.get("name"), function.get("arguments"), position=position, warnings=warnings
        )
        if part is not None:
            taken.add(new_id)
            parts.append(part)
    return bool(taken)


def _finish_of(said: object, *, called: bool, warnings: list[CallWarning]) -> FinishReason:
    """Why it ended. The server says ``stop`` with tool calls too: what is there beats what is said."""
    reason = _FINISH.get(said) if isinstance(said, str) else None
    if reason is None:
        reason = FinishReason.OTHER
        if filled(said):
            warnings.append(warn(WarningCode.UNKNOWN_FINISH_REASON, "the finish reason is none of the known ones"))
    return FinishReason.TOOL_CALLS if called and reason is not FinishReason.LENGTH else reason


def _usage_of(body: dict[str, Any], warnings: list[CallWarning]) -> Usage:
    """The two counters there are. Zero is left out, and so is the prompt where all of it was cached."""
    given, made = a_count(body.get("prompt_eval_count")), a_count(body.get("eval_count"))
    if given is None and made is None:
        warnings.append(warn(WarningCode.USAGE_MISSING, "the provider reported no usage"))
    elif given is None or made is None:
        warnings.append(warn(WarningCode.USAGE_PARTIAL, "the provider left out a part of the usage"))
    return counted(input_tokens=given, output_tokens=made)


def window_asked(body: bytes) -> int | None:
    """The context window that a request asked for; the encoder writes it first in the last object."""
    place = body.rfind(b'"options":{')
    found = _WINDOW.match(body, place) if place >= 0 else None
    return int(found[1]) if found else None


def _looks_cut(given: int, window: int | None) -> bool:
    """Whether the prompt fills the window, or the part of it that the server keeps of a longer one.

    Servers before 0.12 cut a long prompt whatever ``truncate`` says. What they keep is known: the
    window itself, or the front and half of the rest, so that there is room for an answer. Of 4096
    that is 2050 or 2051; of 8192, 4099. Source: ollama issues 6026, 10368, 17944; its server's log.
    """
    if window is None:
        return False
    return given >= window - 1 or any(given == window - (window - kept) // 2 for kept in _KEPT_AT_THE_FRONT)
