"""An answer as a canonical response: what can be read is kept, what cannot is a warning or a typed error."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from provider_runtime.adapters.wire.answers import structured_output, text_of, tool_call_part
from provider_runtime.adapters.wire.chat_completions.answer_parts import parts_of
from provider_runtime.adapters.wire.chat_completions.dialect import Dialect
from provider_runtime.adapters.wire.chat_completions.errors import (
    REQUEST_IDS,
    broken,
    error_of,
    json_of,
    looks_like_an_error,
)
from provider_runtime.adapters.wire.chat_completions.reasoning import extra_signature
from provider_runtime.adapters.wire.chat_completions.usage import read_cost, read_usage
from provider_runtime.adapters.wire.failures import request_id_of
from provider_runtime.adapters.wire.reading import an_object, filled
from provider_runtime.adapters.wire.writing import body_bytes
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.parts import ContentPart
from provider_runtime.domain.conversation.request import TextFormat
from provider_runtime.domain.conversation.response import (
    CallWarning,
    FinishReason,
    ProviderResponse,
    answered,
)
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.errors import Delivery, ProtocolError
from provider_runtime.domain.json_values import EMPTY_OBJECT
from provider_runtime.ports.http import HttpReply

# Members of an enum are looked up by its metaclass, which takes long.
_STOP: Final = FinishReason.STOP
_TOOL_CALLS: Final = FinishReason.TOOL_CALLS
_OTHER: Final = FinishReason.OTHER
_NUMBERS: Final = (int, float)
_FINISH: Final[Mapping[str, FinishReason]] = MappingProxyType(
    {
        "stop": FinishReason.STOP,
        "end_turn": FinishReason.STOP,
        "eos": FinishReason.STOP,
        "eos_token": FinishReason.STOP,
        "stop_sequence": FinishReason.STOP,
        "completed": FinishReason.STOP,
        "length": FinishReason.LENGTH,
        "max_tokens": FinishReason.LENGTH,
        "max_output_tokens": FinishReason.LENGTH,
        "model_length": FinishReason.LENGTH,
        "tool_calls": FinishReason.TOOL_CALLS,
        "function_call": FinishReason.TOOL_CALLS,
        "tool_use": FinishReason.TOOL_CALLS,
        "content_filter": FinishReason.CONTENT_FILTER,
        "safety": FinishReason.CONTENT_FILTER,
        "refusal": FinishReason.CONTENT_FILTER,
        "sensitive": FinishReason.CONTENT_FILTER,
        "insufficient_system_resource": FinishReason.ERROR,
        "network_error": FinishReason.ERROR,
    }
)


def decode_answer(reply: HttpReply, prepared: PreparedExchange, dialect: Dialect) -> ProviderResponse:
    """A 2xx answer as a response.

    Raises ``SerializationError`` for what is no JSON, ``ProtocolError`` naming the field for what
    cannot be understood, and what ``error_of`` returns for an error under a 2xx status.
    """
    body = json_of(reply, prepared.provider, prepared.model_id)
    if not isinstance(body, dict):
        raise _broken("body", "the answer is no JSON object", reply, prepared)
    choices = body.get("choices")
    if body.get("error") or (not choices and looks_like_an_error(body)):
        raise error_of(reply, prepared.provider, prepared.model_id)
    if not isinstance(choices, list) or not choices:
        raise _broken("choices", "there is no choice", reply, prepared)
    choice = choices[0]
    warnings: list[CallWarning] = []
    if len(choices) > 1:
        warnings.append(warn(WarningCode.EXTRA_CHOICES_IGNORED, f"{len(choices) - 1} further choices were ignored"))
    message = _message_of(choice, reply, prepared)
    parts = parts_of(message, body, prepared.provider, warnings)
    called = _add_tool_calls(parts, message, reply, prepared, warnings)
    if not parts:
        warnings.append(warn(WarningCode.EMPTY_OUTPUT, "the answer holds nothing"))
    reported = body.get("usage")
    wanted = (
        None if type(prepared.wanted) is TextFormat else structured_output(prepared.wanted, text_of(parts), warnings)
    )
    return answered(
        content=parts,
        structured_output=wanted,
        provider=prepared.provider,
        model=filled(body.get("model")) or "<unknown-model>",
        finish_reason=_finish_of(choice, called=called, warnings=warnings),
        usage=read_usage(reported, warnings),
        cost=read_cost(reported, dialect.cost),
        warnings=warnings,
        response_id=filled(body.get("id")),
        provider_request_id=request_id_of(reply.headers, *REQUEST_IDS),
    )


def _message_of(choice: object, reply: HttpReply, prepared: PreparedExchange) -> dict[str, Any]:
    if not isinstance(choice, dict):
        raise _broken("choices[0]", "the choice is no object", reply, prepared)
    if choice.get("error"):
        error = error_of(_only(choice["error"], reply), prepared.provider, prepared.model_id)
        error.delivery = Delivery.AMBIGUOUS  # it failed while generating: what came before may be billed
        raise error
    if choice.get("finish_reason") == "error":
        raise _broken("choices[0].finish_reason", "the provider broke off with an error", reply, prepared)
    message = choice.get("message")
    if isinstance(message, dict):
        # An object is the parsed value, which Cloudflare answers where JSON was asked for.
        if isinstance(message.get("content"), _NUMBERS) and isinstance(prepared.wanted, TextFormat):
            raise _broken("choices[0].message.content", "the content is a number, not text", reply, prepared)
        return message
    if isinstance(choice.get("text"), str):
        return {"content": choice["text"]}
    if choice.get("finish_reason") == "content_filter":
        return EMPTY_OBJECT  # Azure leaves out what its filter took
    raise _broken("choices[0].message", "the choice has no message", reply, prepared)


def _only(error: object, reply: HttpReply) -> HttpReply:
    return HttpReply(status=reply.status, headers=reply.headers, body=body_bytes({"error": error}))


def _add_tool_calls(
    parts: list[ContentPart],
    message: dict[str, Any],
    reply: HttpReply,
    prepared: PreparedExchange,
    warnings: list[CallWarning],
) -> bool:
    """Whether there are any. Ids that are missing or come twice are made anew: results need to find their call."""
    calls = message.get("tool_calls")
    if not calls:
        if "function_call" not in message or not filled(an_object(message["function_call"]).get("name")):
            return False
        calls = [{"function": message["function_call"]}]  # what tool calls were before there were several
    elif not isinstance(calls, list):
        raise _broken("choices[0].message.tool_calls", "the tool calls are no list", reply, prepared)
    whole = extra_signature(message, prepared.provider)
    taken: set[str] = set()
    for position, call in enumerate(calls):
        fields = an_object(call)
        function = an_object(fields.get("function") or fields.get("custom"))
        part = tool_call_part(
            _fresh_id(fields.get("id"), position, taken),
            function.get("name"),
            function.get("arguments", function.get("input")),
            position=position,
            warnings=warnings,
            signature=("extra_content" in fields and extra_signature(fields, prepared.provider))
            or (None if taken else whole),
        )
        if part is not None:
            taken.add(part.tool_call.id)
            parts.append(part)
    return bool(taken)


def _fresh_id(given: object, position: int, taken: set[str]) -> str:
    """The id as given, or a new one where it is missing or was used in this turn already."""
    if isinstance(given, str) and given and given not in taken:
        return given
    new = filled(given) or (str(given) if type(given) is int else f"call_{position}")
    while new in taken:
        new = f"{new}_{position}"
    return new


def _finish_of(choice: dict[str, Any], *, called: bool, warnings: list[CallWarning]) -> FinishReason:
    """Why it ended. Servers say ``stop`` with tool calls too: what is there beats what is said."""
    said = choice.get("finish_reason")
    if type(said) is not str or not said:
        said = filled(an_object(choice.get("finish_details")).get("type"))
    reason = _FINISH.get(said.lower()) if said else _OTHER
    if reason is None:
        warnings.append(warn(WarningCode.UNKNOWN_FINISH_REASON, "the finish reason is none of the known ones"))
        reason = _OTHER
    if called:
        return _TOOL_CALLS if reason is _STOP or reason is _OTHER else reason
    return _OTHER if reason is _TOOL_CALLS else reason


def _broken(field: str, message: str, reply: HttpReply, prepared: PreparedExchange) -> ProtocolError:
    return broken(field, message, reply, prepared.provider, prepared.model_id)
