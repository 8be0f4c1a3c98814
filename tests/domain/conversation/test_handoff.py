"""Handoff: a conversation made fit for another provider, and an honest report of what that cost."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from exactness import shape
from hypothesis import given, settings

from provider_runtime.domain.conversation.handoff import HandoffTarget, family_of, hand_off, normalize_handoff_messages
from provider_runtime.domain.conversation.markers import CacheBoundary, Signature
from provider_runtime.domain.conversation.messages import Message, MessageRole, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    ContentPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    ToolResultParts,
)
from provider_runtime.domain.conversation.tools import ToolCall
from provider_runtime.domain.conversation.validity import fault_of_request
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.identity import ANTHROPIC, OPENAI, OPENROUTER, ProviderId
from provider_runtime.testing.builders import a_request, a_tool_call
from provider_runtime.testing.strategies import conversations, handoff_targets, messages, provider_ids

ACME = ProviderId("acme")
_HEX = re.compile(r"[0-9a-f]{9}")


def _target(provider: ProviderId = ANTHROPIC, wire: str = "anthropic_messages", **changes: Any) -> HandoffTarget:
    return attrs.evolve(HandoffTarget(provider=provider, wire=wire), **changes)


def _signed(provider: ProviderId = OPENAI, wire: str = "openai_responses") -> Signature:
    return Signature(provider=provider, wire=wire, value="opaque")


def _codes(said: tuple[Message, ...], target: HandoffTarget) -> list[str]:
    return [loss.code for loss in hand_off(said, target).losses]


# ── reasoning as text: normalize_handoff_messages ───────────────────────────────────────────


@pytest.mark.parametrize(
    ("maker", "target", "kept"),
    [
        (OPENAI, OPENROUTER, True),
        (OPENROUTER, OPENAI, True),
        (OPENAI, ANTHROPIC, False),
        (ANTHROPIC, ANTHROPIC, True),
        (ACME, ACME, True),
        (ACME, OPENAI, False),
        (None, OPENAI, False),
        (None, ANTHROPIC, False),
        (None, ACME, False),
    ],
)
def test_reasoning_is_kept_inside_its_family_and_tagged_outside(
    maker: ProviderId | None,
    target: ProviderId,
    kept: bool,  # noqa: FBT001 - a column of the table
) -> None:
    thinking = ThinkingPart(text="hm", provider=maker)
    (message,) = normalize_handoff_messages((assistant(thinking, "so"),), target)
    expected = thinking if kept else TextPart("<thinking>hm</thinking>")
    assert message.content == (expected, TextPart("so"))


def test_reasoning_that_a_user_quotes_is_left_alone() -> None:
    said = (Message(role=MessageRole.USER, content=(ThinkingPart(text="hm", provider=OPENAI),)),)
    assert normalize_handoff_messages(said, ANTHROPIC) == said


@given(messages(), provider_ids())
def test_normalising_twice_is_normalising_once(message: Message, target: ProviderId) -> None:
    once = normalize_handoff_messages((message, message), target)
    assert normalize_handoff_messages(once, target) == once


@given(conversations(), provider_ids())
def test_normalising_touches_nothing_but_reasoning(said: tuple[Message, ...], target: ProviderId) -> None:
    before = copy.deepcopy(said)
    normalised = normalize_handoff_messages(said, target)
    assert shape(said) == shape(before)
    assert [message.role for message in normalised] == [message.role for message in said]
    for old, new in zip(said, normalised, strict=True):
        for part, after in zip(old.content, new.content, strict=True):
            assert after == part or isinstance(part, ThinkingPart)


def test_families_are_the_openai_alikes_and_everybody_alone() -> None:
    assert family_of(OPENAI) == family_of(OPENROUTER)
    assert len({family_of(OPENAI), family_of(ANTHROPIC), family_of(ACME), family_of(None)}) == 4


# ── hand_off: rules that hold for any conversation and any wire ─────────────────────────────


def a_handoff_is_pure(said: tuple[Message, ...], target: HandoffTarget) -> None:
    before = shape(said)
    assert hand_off(said, target) == hand_off(said, target)
    assert shape(said) == before


def handing_off_twice_is_handing_off_once(said: tuple[Message, ...], target: HandoffTarget) -> None:
    once = hand_off(said, target)
    assert hand_off(once.messages, target).messages == once.messages
    assert hand_off(once.messages, target).losses == ()


def a_valid_conversation_stays_valid(said: tuple[Message, ...], target: HandoffTarget) -> None:
    assert fault_of_request(a_request(messages=hand_off(said, target).messages)) is None


def _kind(part: ContentPart) -> str:
    """What a part must still be after a handoff; reasoning may have become text or gone."""
    return "reasoning" if isinstance(part, ThinkingPart) else type(part).__name__


def the_order_of_what_was_said_is_kept(said: tuple[Message, ...], target: HandoffTarget) -> None:
    remaining = iter(part for message in hand_off(said, target).messages for part in message.content)
    after = next(remaining, None)
    for part in (part for message in said for part in message.content):
        if after is not None and _came_from(part, after):
            after = next(remaining, None)
        else:
            assert isinstance(part, ThinkingPart)
    assert after is None


def _came_from(part: ContentPart, after: ContentPart) -> bool:
    if isinstance(part, ThinkingPart):
        tagged = TextPart(f"<thinking>{part.text}</thinking>")
        return after in (part, attrs.evolve(part, signature=None), tagged)
    if isinstance(part, TextPart):
        marked = f"<system>\n{part.text}\n</system>"
        return isinstance(after, TextPart) and after.text in (part.text, marked)
    return type(after) is type(part)


def _calls(said: tuple[Message, ...]) -> list[str]:
    return [call.id for message in said for call in message.tool_calls]


def _results(said: tuple[Message, ...]) -> list[str]:
    return [
        part.tool_result.tool_call_id
        for message in said
        for part in message.content
        if isinstance(part, ToolResultPart)
    ]


def tool_ids_move_into_the_alphabet_one_to_one(said: tuple[Message, ...], target: HandoffTarget) -> None:
    handed = hand_off(said, target).messages
    before, after = _calls(said), _calls(handed)
    assert all(target.tool_id.fullmatch(new) for new in after)
    assert len(set(zip(before, after, strict=True))) == len(set(before)) == len(set(after))
    renamed = dict(zip(before, after, strict=True))
    assert _results(handed) == [renamed[old] for old in _results(said)]
    assert all(new == old for old, new in renamed.items() if target.tool_id.fullmatch(old))


def _signatures(value: Any) -> Iterator[Signature]:
    if isinstance(value, Signature):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _signatures(item)
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from _signatures(getattr(value, field.name))


def a_signature_never_leaves_its_scope(said: tuple[Message, ...], target: HandoffTarget) -> None:
    handed = hand_off(said, target).messages
    assert all(signature.belongs_to(target.provider, target.wire) for signature in _signatures(handed))


def a_signature_inside_its_scope_is_never_lost(said: tuple[Message, ...], target: HandoffTarget) -> None:
    mine = [sign for sign in _signatures(said) if sign.belongs_to(target.provider, target.wire)]
    assert list(_signatures(hand_off(said, target).messages)) == mine


def nothing_changes_without_an_entry_in_the_report(said: tuple[Message, ...], target: HandoffTarget) -> None:
    handed = hand_off(said, target)
    assert (handed.messages == said) == (handed.losses == ())


def each_changed_part_is_named_in_the_report(said: tuple[Message, ...], target: HandoffTarget) -> None:
    # One part at a time: the report about a message alone says what became of each of its parts.
    plain = attrs.evolve(target, tool_id=re.compile(r"[\s\S]+"), system_anywhere=True)
    for message in said:
        handed = hand_off((message,), plain)
        places = {loss.message.partition(":")[0] for loss in handed.losses}
        for number, part in enumerate(message.content):
            alone = hand_off((attrs.evolve(message, content=(part,)),), plain).messages
            unchanged = bool(alone) and alone[0].content == (part,)
            assert unchanged == (f"message 0, part {number}" not in places)


def the_report_quotes_nothing_of_the_conversation(said: tuple[Message, ...], target: HandoffTarget) -> None:
    texts = {part.text for message in said for part in message.content if isinstance(part, TextPart | ThinkingPart)}
    reports = " ".join(loss.message for loss in hand_off(said, target).losses)
    assert not any(text in reports for text in texts if len(text.strip()) > 12)


RULES = (
    a_handoff_is_pure,
    handing_off_twice_is_handing_off_once,
    a_valid_conversation_stays_valid,
    the_order_of_what_was_said_is_kept,
    tool_ids_move_into_the_alphabet_one_to_one,
    a_signature_never_leaves_its_scope,
    a_signature_inside_its_scope_is_never_lost,
    nothing_changes_without_an_entry_in_the_report,
    each_changed_part_is_named_in_the_report,
    the_report_quotes_nothing_of_the_conversation,
)


# A conversation costs far more to make up than a rule to hold it against.
@settings(max_examples=100)
@given(conversations(), handoff_targets())
def test_every_rule_holds_for_any_conversation_and_any_wire(said: tuple[Message, ...], target: HandoffTarget) -> None:
    for rule in RULES:
        rule(said, target)


# ── hand_off: the cases that matter ─────────────────────────────────────────────────────────


def test_signed_reasoning_goes_back_to_its_maker_as_it_came() -> None:
    thinking = ThinkingPart(text="hm", signature=_signed(ANTHROPIC, "anthropic_messages"), provider=ANTHROPIC)
    hidden = attrs.evolve(thinking, text="", redacted=True)
    said = (user("hi"), assistant(thinking, hidden, "so"))
    assert hand_off(said, _target()).messages == said
    assert hand_off(said, _target()).losses == ()


def test_the_same_maker_over_another_wire_gets_text() -> None:
    thinking = ThinkingPart(text="hm", signature=_signed(), provider=OPENAI)
    said = (user("hi"), assistant(thinking, "so"))
    target = _target(OPENAI, "chat_completions")
    assert hand_off(said, target).messages[1].content == (TextPart("<thinking>hm</thinking>"), TextPart("so"))
    assert _codes(said, target) == [WarningCode.HANDOFF_THINKING_AS_TEXT]


def test_a_wire_that_takes_plain_reasoning_gets_it_from_the_same_family_without_the_signature() -> None:
    thinking = ThinkingPart(text="hm", signature=_signed(), provider=OPENAI)
    target = _target(OPENROUTER, "chat_completions", plain_thinking=True)
    said = (user("hi"), assistant(thinking))
    assert hand_off(said, target).messages[1].content == (attrs.evolve(thinking, signature=None),)
    assert _codes(said, target) == [WarningCode.HANDOFF_SIGNATURE_DROPPED]


@pytest.mark.parametrize("text", ["", "  ", "hm"])
def test_hidden_reasoning_of_another_maker_is_left_out_and_reported(text: str) -> None:
    hidden = ThinkingPart(text=text, signature=_signed(), redacted=True, provider=OPENAI)
    said = (user("hi"), assistant(hidden, "so"))
    assert hand_off(said, _target()).messages[1].content == (TextPart("so"),)
    assert _codes(said, _target()) == [WarningCode.HANDOFF_THINKING_DROPPED]


def test_a_turn_of_which_nothing_is_left_goes_with_it() -> None:
    hidden = ThinkingPart(signature=_signed(), redacted=True, provider=OPENAI)
    said = (user("hi"), assistant(hidden), user("well?"))
    assert hand_off(said, _target()).messages == (user("hi"), user("well?"))
    assert WarningCode.HANDOFF_EMPTY_MESSAGE_DROPPED in _codes(said, _target())


def test_a_late_system_message_becomes_marked_user_text_where_it_must() -> None:
    said = (system("a"), user("b"), system("c"), user("d"))
    target = _target(system_anywhere=False)
    assert hand_off(said, target).messages == (system("a"), user("b"), user("<system>\nc\n</system>"), user("d"))
    assert _codes(said, target) == [WarningCode.HANDOFF_SYSTEM_AS_USER_TEXT]
    assert hand_off(said, _target()).messages == said


def test_a_rewritten_system_message_keeps_its_cache_boundary() -> None:
    late = Message(role=MessageRole.SYSTEM, content=(TextPart("c", cache=CacheBoundary()),))
    (_, rewritten) = hand_off((user("b"), late), _target(system_anywhere=False)).messages
    assert isinstance(rewritten.content[0], TextPart)
    assert rewritten.content[0].cache == CacheBoundary()


def test_ids_of_calls_that_do_not_fit_are_rewritten_with_their_results() -> None:
    call = a_tool_call("call:with:colons")
    said = (user("hi"), assistant(ToolCallPart(call)), tool_result(call, "21"))
    target = _target(tool_id=_HEX, tool_id_length=9)
    handed = hand_off(said, target).messages
    (new,) = _calls(handed)
    assert _HEX.fullmatch(new)
    assert _results(handed) == [new]
    assert handed[1].tool_calls[0].arguments_json == call.arguments_json
    assert _codes(said, target) == [WarningCode.HANDOFF_TOOL_ID_REWRITTEN]


def test_a_rewritten_id_steps_aside_for_one_that_was_there() -> None:
    target = _target(tool_id=_HEX, tool_id_length=9)
    strange = a_tool_call("strange id")
    (taken,) = _calls(
        hand_off((user("hi"), assistant(ToolCallPart(strange)), tool_result(strange, "")), target).messages
    )
    fitting = a_tool_call(taken)
    calls = assistant(ToolCallPart(strange), ToolCallPart(fitting))
    after = _calls(hand_off((user("hi"), calls, tool_result(strange, ""), tool_result(fitting, "")), target).messages)
    assert after[1] == taken
    assert after[0] != taken
    assert _HEX.fullmatch(after[0])


def test_signatures_on_calls_texts_and_parts_of_results_stay_behind() -> None:
    signed_text = TextPart("a", signature=_signed())
    call = attrs.evolve(a_tool_call(), signature=_signed())
    said = (
        user("hi"),
        assistant(signed_text, ToolCallPart(call)),
        tool_result(call, [signed_text]),
    )
    handed = hand_off(said, _target())
    assert handed.messages[1].content == (TextPart("a"), ToolCallPart(a_tool_call()))
    result = handed.messages[2].content[0]
    assert isinstance(result, ToolResultPart)
    assert result.tool_result.content == ToolResultParts((TextPart("a"),))
    assert [loss.code for loss in handed.losses] == [WarningCode.HANDOFF_SIGNATURE_DROPPED] * 3


def test_arguments_that_are_no_object_are_put_into_one_where_the_wire_insists() -> None:
    broken = ToolCallPart(ToolCall(id="call_1", name="get_weather", arguments_json='{"city": "Bo'))
    said = (user("?"), assistant(broken), tool_result("call_1", "no"))
    target = _target(object_arguments=True)
    (wrapped,) = hand_off(said, target).messages[1].tool_calls
    assert wrapped.arguments_json == {"INVALID_JSON": '{"city": "Bo'}
    assert _codes(said, target) == [WarningCode.HANDOFF_ARGUMENTS_WRAPPED]
    assert _codes(hand_off(said, target).messages, target) == []
    assert hand_off(said, _target()).messages == said
