"""A conversation made fit for another provider, with a report of what that cost.

Nothing that carries meaning is lost on the way: reasoning of another provider becomes tagged
text, tool-call ids are rewritten into the target's alphabet, one to one. What only the maker can
read (signatures, hidden reasoning) is left out and reported.
Source: semantics A.10; specification, "Handoff returns a loss report".
"""

import re
from hashlib import sha256
from typing import Final

from attrs import evolve, field, frozen

from provider_runtime.domain.conversation.markers import Signature
from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    ContentPart,
    DocumentPart,
    ImagePart,
    MediaPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultContent,
    ToolResultPart,
    ToolResultParts,
)
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.identity import OPENAI, OPENROUTER, ProviderId
from provider_runtime.domain.json_values import JsonObject
from provider_runtime.domain.values import sealed

_SYSTEM: Final = MessageRole.SYSTEM  # members of an enum are looked up by its metaclass, which takes long
_WRAPPED: Final = "INVALID_JSON"  # the key under which arguments go that a model failed to write as an object
_OPENAI_FAMILY: Final = frozenset({OPENAI, OPENROUTER})


@frozen(kw_only=True, slots=False)  # made anew for each call, and slots take twice the time to fill
class HandoffTarget:
    """What a wire can take back from a conversation.

    ``plain_thinking``: reasoning text without a signature may be sent as reasoning, so long as
    it comes from the same family of providers. ``upstream``: whom a router will ask for this model,
    as far as the model's name tells. ``object_arguments``: the
    arguments of a tool call must be an object. ``system_anywhere``: system messages may stand
    after the first turn. ``tool_id``: a regular expression that a whole tool-call id must match;
    ``tool_id_length`` is the length given to rewritten ids.
    """

    provider: ProviderId
    wire: str
    upstream: str | None = None
    plain_thinking: bool = False
    object_arguments: bool = False
    system_anywhere: bool = True
    tool_id: "re.Pattern[str]" = re.compile(r"[\s\S]+")
    tool_id_length: int = 24


@sealed(kw_only=True)
class Handoff:
    """The conversation for the target, and a warning for each thing rewritten or left out."""

    messages: tuple[Message, ...]
    losses: tuple[CallWarning, ...] = field(default=())


def family_of(provider: ProviderId | None) -> str | None:
    """Providers of one family understand each other's reasoning. Unknown makers have none."""
    if provider is None:
        return None
    return "openai-compatible" if provider in _OPENAI_FAMILY else str(provider)


def normalize_handoff_messages(messages: tuple[Message, ...], target: ProviderId) -> tuple[Message, ...]:
    """Reasoning of other families as tagged text; everything else as it is.

    Pure and idempotent; order and number of messages stay. ``run`` does more: see ``hand_off``.
    """
    family = family_of(target)
    return tuple(
        evolve(message, content=tuple(_tagged_if_foreign(part, family) for part in message.content))
        if message.role is MessageRole.ASSISTANT
        else message
        for message in messages
    )


def _tagged_if_foreign(part: ContentPart, family: str | None) -> ContentPart:
    if isinstance(part, ThinkingPart) and family_of(part.provider) != family:
        return _as_tagged_text(part)
    return part


def hand_off(messages: tuple[Message, ...], target: HandoffTarget) -> Handoff:
    """The conversation as ``target`` can take it. Pure, idempotent, order preserving."""
    losses: list[CallWarning] = []
    ids = _tool_ids(messages, target)
    for old, new in ids.items():
        if old != new:
            losses.append(warn(WarningCode.HANDOFF_TOOL_ID_REWRITTEN, f"a tool-call id was rewritten as {new}"))
    kept: list[Message] = []
    for index, message in enumerate(messages):
        placed = message
        if message.role is _SYSTEM:
            placed = _system_in_place(message, index, kept, target, losses)
        if placed.plain_text is not None:  # nothing that a provider could be particular about
            kept.append(placed)
            continue
        parts = tuple(
            part
            for number, original in enumerate(placed.content)
            if (part := _part_for(original, target, ids, f"message {index}, part {number}", losses)) is not None
        )
        if not parts and placed.role is MessageRole.ASSISTANT:
            losses.append(
                warn(WarningCode.HANDOFF_EMPTY_MESSAGE_DROPPED, f"message {index} has nothing to send and was left out")
            )
            continue
        kept.append(placed if parts == placed.content else evolve(placed, content=parts))
    return Handoff(messages=tuple(kept), losses=tuple(losses))


def _system_in_place(
    message: Message, index: int, before: list[Message], target: HandoffTarget, losses: list[CallWarning]
) -> Message:
    if target.system_anywhere:
        return message
    if all(earlier.role is _SYSTEM for earlier in before):
        return message
    losses.append(
        warn(WarningCode.HANDOFF_SYSTEM_AS_USER_TEXT, f"system message {index} was rewritten as marked user text")
    )
    parts = tuple(
        evolve(part, text=f"<system>\n{part.text}\n</system>") if isinstance(part, TextPart) else part
        for part in message.content
    )
    return Message(role=MessageRole.USER, content=parts)


def _part_for(
    part: ContentPart, target: HandoffTarget, ids: dict[str, str], place: str, losses: list[CallWarning]
) -> ContentPart | None:
    if isinstance(part, ThinkingPart):
        return _thinking_for(part, target, place, losses)
    if isinstance(part, ToolCallPart):
        return _call_for(part, target, ids, place, losses)
    if isinstance(part, ToolResultPart):
        result = part.tool_result
        new_id = ids.get(result.tool_call_id, result.tool_call_id)
        content = _result_content_for(result.content, target, place, losses)
        if new_id == result.tool_call_id and content is result.content:
            return part
        return evolve(part, tool_result=evolve(result, tool_call_id=new_id, content=content))
    if isinstance(part, TextPart | ImagePart | DocumentPart | AudioPart):
        return _media_for(part, target, place, losses)
    return part


def _result_content_for(
    content: ToolResultContent, target: HandoffTarget, place: str, losses: list[CallWarning]
) -> ToolResultContent:
    if not isinstance(content, ToolResultParts):
        return content
    parts = tuple(_media_for(part, target, place, losses) for part in content.parts)
    return content if parts == content.parts else ToolResultParts(parts)


def _media_for(part: MediaPart, target: HandoffTarget, place: str, losses: list[CallWarning]) -> MediaPart:
    if isinstance(part, TextPart | ImagePart) and part.signature is not None:
        signature = _signature_for(part.signature, target, place, losses)
        return part if signature is part.signature else evolve(part, signature=signature)
    return part


def _call_for(
    part: ToolCallPart, target: HandoffTarget, ids: dict[str, str], place: str, losses: list[CallWarning]
) -> ToolCallPart:
    call = part.tool_call
    signature = _signature_for(call.signature, target, place, losses)
    arguments = call.arguments_json
    if target.object_arguments and not isinstance(arguments, JsonObject):
        losses.append(
            warn(WarningCode.HANDOFF_ARGUMENTS_WRAPPED, f"{place}: arguments that are no object were put into one")
        )
        arguments = JsonObject({_WRAPPED: arguments})
    if ids[call.id] == call.id and signature is call.signature and arguments is call.arguments_json:
        return part
    return ToolCallPart(evolve(call, id=ids[call.id], signature=signature, arguments_json=arguments))


def _thinking_for(
    part: ThinkingPart, target: HandoffTarget, place: str, losses: list[CallWarning]
) -> ContentPart | None:
    if part.signature is not None and _is_at_home(part.signature, target):
        return part
    readable = part.text.strip() and not part.redacted
    if readable and target.plain_thinking and family_of(part.provider) == family_of(target.provider):
        if part.signature is None:
            return part
        losses.append(
            warn(WarningCode.HANDOFF_SIGNATURE_DROPPED, f"{place}: a signature of {part.provider} was left out")
        )
        return evolve(part, signature=None)
    if readable:
        losses.append(
            warn(
                WarningCode.HANDOFF_THINKING_AS_TEXT,
                f"{place}: reasoning of {part.provider or 'an unknown provider'} became text",
            )
        )
        return _as_tagged_text(part)
    losses.append(
        warn(
            WarningCode.HANDOFF_THINKING_DROPPED,
            f"{place}: hidden reasoning of {part.provider or 'an unknown provider'} was left out",
        )
    )
    return None


def _is_at_home(signature: Signature, target: HandoffTarget) -> bool:
    if not signature.belongs_to(target.provider, target.wire):
        return False
    return signature.upstream is None or signature.upstream == target.upstream


def _as_tagged_text(part: ThinkingPart) -> TextPart:
    return TextPart(f"<thinking>{part.text}</thinking>")


def _signature_for(
    signature: Signature | None, target: HandoffTarget, place: str, losses: list[CallWarning]
) -> Signature | None:
    if signature is None or _is_at_home(signature, target):
        return signature
    losses.append(
        warn(WarningCode.HANDOFF_SIGNATURE_DROPPED, f"{place}: a signature of {signature.provider} was left out")
    )
    return None


def _tool_ids(messages: tuple[Message, ...], target: HandoffTarget) -> dict[str, str]:
    """Each tool-call id with the one it gets: fitting ids keep theirs, no two ids meet."""
    seen = {call.id: None for message in messages if message.plain_text is None for call in message.tool_calls}
    taken = {old for old in seen if target.tool_id.fullmatch(old)}
    ids: dict[str, str] = {}
    for old in seen:
        if old in taken:
            ids[old] = old
            continue
        attempt = 0
        while (
            new := sha256(f"{attempt}:{old}".encode(errors="replace")).hexdigest()[: target.tool_id_length]
        ) in taken:
            attempt += 1
        taken.add(new)
        ids[old] = new
    return ids
