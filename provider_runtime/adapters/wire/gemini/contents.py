"""A conversation as the API wants it: the system apart, two roles, results in the order of the calls."""

from typing import Any, Final

from attrs import define, field

from provider_runtime.adapters.wire.gemini.encoding import OUR_CALL, WIRE, Encoding, Part
from provider_runtime.adapters.wire.gemini.media import media_part
from provider_runtime.adapters.wire.gemini.results import function_response
from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.errors import IntentUnsupported
from provider_runtime.domain.json_values import JsonObject

Turn = dict[str, Any]
# What the API documents for a call that no Gemini model made; without it, a history with such a
# call is answered with 400. Source: ai.google.dev, "Thought signatures".
FOREIGN_CALL: Final = "skip_thought_signature_validator"
_USER: Final = MessageRole.USER
_ASSISTANT: Final = MessageRole.ASSISTANT
_TOOL: Final = MessageRole.TOOL


@define
class _Said:
    """The conversation so far.

    ``calls`` tells of each call id the tool's name and the place in its turn; ``answered`` are the
    places that the results at the head of the last turn answer.
    """

    turns: list[Turn] = field(factory=list)
    calls: dict[str, tuple[str, int]] = field(factory=dict)
    answered: list[int] = field(factory=list)

    def add(self, role: str, parts: list[Part]) -> None:
        if self.turns and self.turns[-1]["role"] == role:
            self.turns[-1]["parts"] += parts
        else:
            self.turns.append({"role": role, "parts": parts})
            self.answered.clear()

    def add_result(self, order: int, part: Part) -> None:
        """Results stand before everything else in their turn, in the order of the calls."""
        self.add("user", [])
        place = sum(1 for other in self.answered if other <= order)
        self.answered.insert(place, order)
        self.turns[-1]["parts"].insert(place, part)


def system_and_contents(messages: tuple[Message, ...], encoding: Encoding) -> tuple[list[Part], list[Turn]]:
    """The leading system messages as parts, and everything after them as turns.

    Turns of one role become one turn. Raises ``RequestInvalid`` for a message that says nothing or
    a result without a call, ``IntentUnsupported`` for parts that the wire cannot carry.
    """
    system: list[Part] = []
    said = _Said()
    for index, message in enumerate(messages):
        role, plain = message.role, message.plain_text
        if plain and (role is _USER or role is _ASSISTANT):  # as most turns are
            said.add("user" if role is _USER else "model", [{"text": plain}])
            continue
        encoding.index = index
        if role is _USER:
            said.add("user", _filled(_by_user(message, encoding), encoding))
        elif role is _ASSISTANT:
            parts = _by_model(message, said, encoding)
            if parts:
                said.add("model", parts)
            else:
                encoding.warn(
                    WarningCode.HANDOFF_EMPTY_MESSAGE_DROPPED, f"message {index} has nothing to send and was left out"
                )
        elif role is _TOOL:
            _add_results(message, said, encoding)
        elif said.turns:
            raise encoding.unsupported(
                f"messages[{index}]",
                "this wire takes system messages only before everything else",
                "Put it first, or hand the conversation over with hand_off.",
            )
        else:
            system += _by_system(message, encoding)
    if not said.turns:
        raise encoding.invalid("messages", "nobody but the system says anything", "Add a user message.")
    if encoding.family.signed_calls:
        _sign_foreign_calls(said.turns)
    return system, said.turns


def _filled(parts: list[Part], encoding: Encoding) -> list[Part]:
    if not parts:
        raise encoding.invalid(
            f"messages[{encoding.index}]", "the message says nothing", "Give it content, or leave it out."
        )
    return parts


def _misplaced(part: object, encoding: Encoding) -> IntentUnsupported:
    return encoding.unsupported(encoding.place, f"the wire has no place for a {type(part).__name__} here")


# ── user and system ─────────────────────────────────────────────────────────────────────────


def _by_user(message: Message, encoding: Encoding) -> list[Part]:
    parts: list[Part] = []
    for number, part in enumerate(message.content):
        encoding.number = number
        if isinstance(part, TextPart):
            _add_text(parts, part, encoding)
        elif isinstance(part, ImagePart | DocumentPart | AudioPart):
            parts.append(media_part(part, encoding))
        else:
            raise _misplaced(part, encoding)
    return parts


def _by_system(message: Message, encoding: Encoding) -> list[Part]:
    parts: list[Part] = []
    for number, part in enumerate(message.content):
        encoding.number = number
        if not isinstance(part, TextPart):
            raise _misplaced(part, encoding)
        _add_text(parts, part, encoding)
    return parts


def _add_text(parts: list[Part], part: TextPart, encoding: Encoding) -> None:
    """The text; one that is empty and unsigned is passed over, since it says nothing."""
    if part.cache is not None:
        encoding.no_boundary(part.cache, encoding.place)
    if part.citations:
        encoding.warn(WarningCode.DROPPED_CITATIONS, f"{encoding.place}: this wire takes no citations back")
    written: Part = {"text": part.text}
    if part.signature is not None:
        encoding.sign(written, part.signature)
    if part.text or len(written) > 1:
        parts.append(written)


# ── the model ───────────────────────────────────────────────────────────────────────────────


def _by_model(message: Message, said: _Said, encoding: Encoding) -> list[Part]:
    parts: list[Part] = []
    calls = 0
    for number, part in enumerate(message.content):
        encoding.number = number
        if isinstance(part, TextPart):
            _add_text(parts, part, encoding)
        elif isinstance(part, ToolCallPart):
            parts.append(_function_call(part, encoding))
            said.calls[part.tool_call.id] = (part.tool_call.name, calls)
            calls += 1
        elif isinstance(part, ThinkingPart):
            _add_thought(parts, part, encoding)
        elif isinstance(part, RefusalPart):
            _add_text(parts, TextPart(part.text), encoding)
        elif isinstance(part, ImagePart | AudioPart):
            parts.append(media_part(part, encoding))
        else:
            raise _misplaced(part, encoding)
    return parts


def _function_call(part: ToolCallPart, encoding: Encoding) -> Part:
    call = part.tool_call
    if not isinstance(call.arguments_json, JsonObject):
        raise encoding.unsupported(
            f"{encoding.place}.tool_call.arguments_json",
            "the arguments of a tool call must be a JSON object",
            "Correct the arguments, or leave the call and its result out.",
        )
    function: dict[str, Any] = {}
    if not call.id.startswith(OUR_CALL):
        function["id"] = call.id
    function["name"] = call.name
    function["args"] = call.arguments_json
    return encoding.sign({"functionCall": function}, call.signature)


def _add_thought(parts: list[Part], part: ThinkingPart, encoding: Encoding) -> None:
    signature = part.signature
    ours = part.provider == encoding.provider if signature is None else signature.belongs_to(encoding.provider, WIRE)
    if not ours or not (part.text or signature):
        encoding.warn(WarningCode.DROPPED_THINKING_ON_ENCODE, f"{encoding.place}: thinking of another provider")
        return
    written: Part = {} if part.redacted else {"text": part.text}
    written["thought"] = True
    parts.append(encoding.sign(written, signature))


def _sign_foreign_calls(turns: list[Turn]) -> None:
    """Of several calls at once only the first is signed, so only a first one without needs the placeholder."""
    for turn in turns:
        if turn["role"] == "model":
            first = next((part for part in turn["parts"] if "functionCall" in part), None)
            if first is not None and "thoughtSignature" not in first:
                first["thoughtSignature"] = FOREIGN_CALL


# ── tools ───────────────────────────────────────────────────────────────────────────────────


def _add_results(message: Message, said: _Said, encoding: Encoding) -> None:
    beside: list[Part] = []
    for number, part in enumerate(message.content):
        encoding.number = number
        if not isinstance(part, ToolResultPart):
            raise _misplaced(part, encoding)
        encoding.no_boundary(part.cache, encoding.place)
        call_id = part.tool_result.tool_call_id
        if call_id not in said.calls:
            raise encoding.invalid(
                f"{encoding.place}.tool_result.tool_call_id",
                "no earlier tool call has this id",
                "Send the message with the call before its result.",
            )
        name, order = said.calls[call_id]
        said.add_result(order, function_response(part.tool_result, name, beside, encoding))
    if beside:
        said.add("user", beside)
