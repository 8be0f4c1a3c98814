"""Validity: each thing that no provider could make sense of is found, named and explained."""

from typing import Any

import attrs
import pytest
from hypothesis import given

from provider_runtime.domain.conversation.messages import Message, MessageRole, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    ContentPart,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResult,
    ToolResultPart,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.tools import ToolChoiceRequired, ToolChoiceSpecific
from provider_runtime.domain.conversation.validity import fault_of_request
from provider_runtime.domain.errors import ErrorCode, RequestInvalid
from provider_runtime.testing.builders import (
    a_conversation_with_a_tool_call,
    a_request,
    a_tool,
    a_tool_call,
    an_image,
)
from provider_runtime.testing.strategies import conversations, messages, requests

_CALL = a_tool_call("call_1")
_OTHER = a_tool_call("call_2")
_ASKS = assistant(ToolCallPart(_CALL))
_ASKS_TWICE = assistant(ToolCallPart(_CALL), ToolCallPart(_OTHER))
_RESULT_PART = ToolResultPart(ToolResult(tool_call_id="call_1", content=ToolResultText("21")))
_OTHER_RESULT_PART = ToolResultPart(ToolResult(tool_call_id="call_2", content=ToolResultText("22")))


def _fault(*said: Message, **changes: Any) -> RequestInvalid:
    fault = fault_of_request(a_request(messages=said, **changes))
    assert fault is not None
    return fault


@given(requests())
def test_drawn_requests_are_valid(request_: ProviderRequest) -> None:
    assert fault_of_request(request_) is None


@given(conversations())
def test_drawn_conversations_are_valid(said: tuple[Message, ...]) -> None:
    assert fault_of_request(a_request(messages=said)) is None


@given(messages())
def test_any_message_is_judged_and_never_crashes(message: Message) -> None:
    fault = fault_of_request(a_request(messages=(message, user("go on"))))
    assert fault is None or (fault.field.startswith("messages[") and bool(fault.message) and bool(fault.remedy))


@pytest.mark.parametrize(
    "said",
    [
        a_conversation_with_a_tool_call(),
        (user("hi"), assistant("prefilled ")),
        (user("hi"), assistant(), user("still there?")),
        (system("a"), user("b"), system("c"), user("d")),
        (user("hi"), _ASKS_TWICE, tool_result(_OTHER, "b"), tool_result(_CALL, "a")),
        (user("hi"), _ASKS_TWICE, Message(role=MessageRole.TOOL, content=(_RESULT_PART, _OTHER_RESULT_PART))),
        (user("hi"), _ASKS, tool_result(_CALL, "a"), _ASKS, tool_result(_CALL, "the same id, a turn later")),
        (_ASKS, tool_result(_CALL, "a conversation cut at its beginning")),
    ],
    ids=lambda said: "-".join(message.role.value for message in said),
)
def test_conversations_that_make_sense_have_no_fault(said: tuple[Message, ...]) -> None:
    assert fault_of_request(a_request(messages=said)) is None


# ── who may say what ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("role", "part"),
    [
        (MessageRole.SYSTEM, an_image()),
        (MessageRole.SYSTEM, ThinkingPart(text="hm")),
        (MessageRole.USER, ToolCallPart(_CALL)),
        (MessageRole.USER, _RESULT_PART),
        (MessageRole.USER, RefusalPart("no")),
        (MessageRole.USER, ThinkingPart(text="hm")),
        (MessageRole.ASSISTANT, _RESULT_PART),
        (MessageRole.TOOL, TextPart("21")),
        (MessageRole.TOOL, ToolCallPart(_CALL)),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_part_in_the_wrong_mouth_is_a_fault_at_that_part(role: MessageRole, part: ContentPart) -> None:
    before = (user("hi"), _ASKS) if role is MessageRole.TOOL else (user("hi"),)
    first = _RESULT_PART if role is MessageRole.TOOL else TextPart("fine")
    fault = _fault(*before, Message(role=role, content=(first, part)))
    assert fault.field == f"messages[{len(before)}].content[1]"
    assert type(part).__name__ in fault.message
    assert fault.remedy


@pytest.mark.parametrize("role", [MessageRole.SYSTEM, MessageRole.USER, MessageRole.TOOL])
def test_only_a_model_may_say_nothing(role: MessageRole) -> None:
    fault = _fault(user("hi"), Message(role=role, content=()))
    assert (fault.field, fault.message) == ("messages[1]", "the message is empty")


@pytest.mark.parametrize("said", [(system("a"),), (system("a"), system("b")), (system("a"), assistant("b"))])
def test_somebody_must_ask_something(said: tuple[Message, ...]) -> None:
    assert _fault(*said).field == "messages"


# ── calls and results ───────────────────────────────────────────────────────────────────────


def test_a_result_needs_a_call() -> None:
    fault = _fault(user("hi"), tool_result(_CALL, "21"))
    assert fault.field == "messages[1].content[0]"
    assert "tool_result_without_matching_tool_call" in fault.message


def test_a_result_answers_its_call_only_once() -> None:
    fault = _fault(user("hi"), _ASKS, tool_result(_CALL, "21"), tool_result(_CALL, "22"))
    assert fault.field == "messages[3].content[0]"


def test_a_result_of_an_earlier_turn_comes_too_late() -> None:
    fault = _fault(user("hi"), _ASKS, tool_result(_CALL, "21"), user("thanks"), tool_result(_CALL, "21"))
    assert fault.field == "messages[4].content[0]"


@pytest.mark.parametrize("after", [user("well?"), assistant("well"), system("well")])
def test_a_conversation_does_not_go_on_before_its_calls_are_answered(after: Message) -> None:
    fault = _fault(user("hi"), _ASKS_TWICE, tool_result(_CALL, "21"), after)
    assert fault.field == "messages[3]"
    assert "call_2" in fault.message


def test_a_conversation_does_not_end_with_an_open_call() -> None:
    fault = _fault(user("hi"), _ASKS)
    assert fault.field == "messages[1]"
    assert "never answered" in fault.message


def test_two_calls_of_one_turn_need_two_ids() -> None:
    fault = _fault(user("hi"), assistant(ToolCallPart(_CALL), ToolCallPart(_CALL)), tool_result(_CALL, "21"))
    assert fault.field == "messages[1]"


# ── tool choice ─────────────────────────────────────────────────────────────────────────────


def test_a_tool_that_is_insisted_on_must_be_defined() -> None:
    said = (user("hi"),)
    assert _fault(*said, tool_choice=ToolChoiceRequired()).field == "tool_choice"
    assert "hammer" in _fault(*said, tools=[a_tool()], tool_choice=ToolChoiceSpecific("hammer")).message
    for choice in (ToolChoiceRequired(), ToolChoiceSpecific("get_weather")):
        assert fault_of_request(a_request(tools=[a_tool()], tool_choice=choice)) is None


# ── every fault ─────────────────────────────────────────────────────────────────────────────


@given(conversations())
def test_taking_a_result_away_is_always_noticed(said: tuple[Message, ...]) -> None:
    for index, message in enumerate(said):
        if message.role is MessageRole.TOOL:
            shorter = (*said[:index], *said[index + 1 :])
            assert fault_of_request(a_request(messages=shorter)) is not None


def test_a_fault_is_an_error_that_nothing_was_sent_for() -> None:
    fault = _fault(system("a"))
    assert (fault.code, fault.sent, fault.retryable) == (ErrorCode.REQUEST_INVALID, False, False)


def test_a_fault_quotes_nothing_of_the_conversation() -> None:
    secret = "what nobody else may read"
    for role in MessageRole:
        wrong = RefusalPart(secret) if role is not MessageRole.ASSISTANT else _RESULT_PART
        said = (user(secret), Message(role=role, content=(wrong,)), assistant(secret))
        fault = fault_of_request(a_request(messages=said))
        assert fault is not None
        assert secret not in f"{fault} {attrs.asdict(fault, recurse=False)}"
