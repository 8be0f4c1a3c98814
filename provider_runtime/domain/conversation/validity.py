"""What every provider insists on, checked once: who may say what, and each tool result after its call."""

from typing import Final

from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    ContentPart,
    DocumentPart,
    ImagePart,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.tools import ToolChoiceRequired, ToolChoiceSpecific
from provider_runtime.domain.errors import RequestInvalid

_ALLOWED: Final[dict[MessageRole, tuple[type[ContentPart], ...]]] = {
    MessageRole.SYSTEM: (TextPart,),
    MessageRole.USER: (TextPart, ImagePart, DocumentPart, AudioPart),
    MessageRole.ASSISTANT: (TextPart, ImagePart, AudioPart, ThinkingPart, ToolCallPart, RefusalPart),
    MessageRole.TOOL: (ToolResultPart,),
}
_TOOL: Final = MessageRole.TOOL  # members of an enum are looked up by its metaclass, which takes long
_ASSISTANT: Final = MessageRole.ASSISTANT
_NOBODY_ASKS: Final = frozenset({MessageRole.SYSTEM, MessageRole.ASSISTANT})


def fault_of_request(request: ProviderRequest) -> RequestInvalid | None:
    """The first thing in ``request`` that no provider could make sense of, or ``None``.

    Checked: which parts a role may hold, empty messages, each tool result answers a call of the
    turn before it exactly once, each call is answered before the conversation goes on, somebody
    besides the model has spoken, and a tool that is insisted on is defined.
    """
    fault = _fault_of_choice(request)
    return fault if fault is not None or request.texts_alone else _fault_of_messages(request.messages)


def _fault_of_choice(request: ProviderRequest) -> RequestInvalid | None:
    choice = request.tool_choice
    if isinstance(choice, ToolChoiceRequired) and not request.tools:
        return _invalid(
            "tool_choice", "a tool call is required, but no tool is defined", "Add tools, or drop tool_choice."
        )
    if isinstance(choice, ToolChoiceSpecific) and choice.name not in {tool.name for tool in request.tools}:
        return _invalid("tool_choice", f"tool {choice.name!r} is not among the defined tools", "Define it in tools.")
    return None


def _fault_of_messages(messages: tuple[Message, ...]) -> RequestInvalid | None:
    if all(message.role in _NOBODY_ASKS for message in messages):
        return _invalid("messages", "nobody asks anything: there is no user message", "Add what the user says.")
    open_calls: set[str] = set()
    for index, message in enumerate(messages):
        if message.plain_text is not None and message.role is not _TOOL and not open_calls:
            continue  # a text, where a text may stand
        place = f"messages[{index}]"
        fault = _fault_of_parts(message, place) or _fault_of_results(message, place, open_calls)
        if fault is not None:
            return fault
        calls = [call.id for call in message.tool_calls]
        if len(set(calls)) != len(calls):
            return _invalid(place, "two tool calls of one turn have the same id", "Give each call an id of its own.")
        open_calls.update(calls)
    if open_calls:
        return _invalid(
            f"messages[{len(messages) - 1}]",
            f"tool call {_one_of(open_calls)} was never answered",
            "Append tool_result(call, value) for each tool call of the last assistant turn.",
        )
    return None


def _fault_of_parts(message: Message, place: str) -> RequestInvalid | None:
    if not message.content and message.role is not _ASSISTANT:
        return _invalid(place, "the message is empty", "Give it content, or leave it out.")
    for number, part in enumerate(message.content):
        if not isinstance(part, _ALLOWED[message.role]):
            return _invalid(
                f"{place}.content[{number}]",
                f"a {message.role} message cannot hold a {type(part).__name__}",
                _way_out(part),
            )
    return None


def _fault_of_results(message: Message, place: str, open_calls: set[str]) -> RequestInvalid | None:
    if message.role is not _TOOL:
        if open_calls:
            return _invalid(
                place,
                f"the conversation goes on before tool call {_one_of(open_calls)} was answered",
                "Put the tool results right after the assistant turn that asked for them.",
            )
        return None
    for number, part in enumerate(message.content):
        if isinstance(part, ToolResultPart):
            call_id = part.tool_result.tool_call_id
            if call_id not in open_calls:
                return _invalid(
                    f"{place}.content[{number}]",
                    f"tool_result_without_matching_tool_call: no open tool call has the id {call_id!r:.80}",
                    "Put the assistant message with that tool call before its result.",
                )
            open_calls.discard(call_id)
    return None


def _way_out(part: ContentPart) -> str:
    if isinstance(part, ToolCallPart):
        return "Tool calls belong to assistant messages."
    if isinstance(part, ToolResultPart):
        return "Tool results belong to tool messages; tool_result(call, value) makes one."
    return "Move it to a message of the right role."


def _one_of(ids: set[str]) -> str:
    return f"{min(ids)!r:.80}"


def _invalid(field: str, message: str, remedy: str) -> RequestInvalid:
    return RequestInvalid(field=field, message=message, remedy=remedy)
