"""A conversation goes from any wire to any other: nothing is lost in silence, nothing opaque goes astray."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from all_wires import WIRES, Wire, a_reply, name_of
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from shared_data import reply_body, require_shared

from provider_runtime.adapters.wire.codec import Encoded
from provider_runtime.domain.conversation.handoff import Handoff, HandoffTarget, hand_off
from provider_runtime.domain.conversation.markers import Signature
from provider_runtime.domain.conversation.messages import Message, MessageRole, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    ContentPart,
    ImagePart,
    InlineData,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.conversation.tools import ToolCall, ToolDefinition
from provider_runtime.domain.conversation.validity import fault_of_request
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.errors import IntentUnsupported, ProviderError

_PNG = ImagePart(source=InlineData(media_type="image/png", data=b"\x89PNG\r\n\x1a\n"))
_ODD_IDS = (
    *(
        "call_1",
        "toolu_01",
        "a b",
        "a.b",
        "ключ",
        "x" * 41,
        "y" * 65,
        "\x00",
        "call|fc_1",
        "chatcmpl-tool-9",
        "123456789",
    ),
    *("callabc12", "functions.f:0", "é", "0"),
)


# ── what holds for every conversation and every target ──────────────────────────────────────


def check_handoff(messages: tuple[Message, ...], wire: Wire, model_id: str) -> None:
    """Hand the conversation over, encode it, and hold what came out against what went in."""
    target = wire.codec.handoff_target(wire.provider, model_id)
    handed = hand_off(messages, target)
    assert hand_off(handed.messages, target) == Handoff(messages=handed.messages)
    check_ids(messages, handed, target)
    check_losses(messages, handed)
    request = ProviderRequest(model=ModelRef(model_id=model_id), messages=handed.messages, tools=_tools_of(messages))
    assert fault_of_request(request) is None
    try:
        encoded = wire.codec.encode(request, wire.provider)
    except IntentUnsupported as refused:
        check_refusal(messages, refused)
        return
    check_bytes(messages, handed, encoded, target)


def check_refusal(messages: tuple[Message, ...], refused: IntentUnsupported) -> None:
    """Only media may be too much for a wire."""
    assert not refused.field.endswith("arguments_json")
    assert any(isinstance(part, ImagePart | AudioPart) for part in _parts(messages))


def check_ids(before: tuple[Message, ...], handed: Handoff, target: HandoffTarget) -> None:
    """Ids are still as many, in the target's alphabet, and each result still answers its call."""
    old, new = ([call.id for message in some for call in message.tool_calls] for some in (before, handed.messages))
    assert len(old) == len(new)
    assert len(set(old)) == len(set(new)) == len(set(zip(old, new, strict=True)))
    assert all(target.tool_id.fullmatch(call_id) for call_id in new)
    renamed = dict(zip(old, new, strict=True))
    answered = [[part.tool_result.tool_call_id for part in _parts(some) if isinstance(part, ToolResultPart)]
                for some in (before, handed.messages)]  # fmt: skip
    assert answered[1] == [renamed[call_id] for call_id in answered[0]]
    changed = sum(old_id != new_id for old_id, new_id in renamed.items())
    assert Counter(loss.code for loss in handed.losses)[WarningCode.HANDOFF_TOOL_ID_REWRITTEN] == changed


def check_losses(before: tuple[Message, ...], handed: Handoff) -> None:
    """Each thing that is gone or different has its entry in the report."""
    after, said = handed.messages, Counter(loss.code for loss in handed.losses)
    gone = _count(before, ThinkingPart) - _count(after, ThinkingPart)
    as_text = said[WarningCode.HANDOFF_THINKING_AS_TEXT]
    assert gone == as_text + said[WarningCode.HANDOFF_THINKING_DROPPED]
    assert _count(after, TextPart) - _count(before, TextPart) == as_text
    assert len(before) - len(after) == said[WarningCode.HANDOFF_EMPTY_MESSAGE_DROPPED]
    systems = [sum(message.role is MessageRole.SYSTEM for message in some) for some in (before, after)]
    assert systems[0] - systems[1] == said[WarningCode.HANDOFF_SYSTEM_AS_USER_TEXT]
    signed = [sum(signature_of(part) is not None for part in _parts(some)) for some in (before, after)]
    assert signed[0] - signed[1] <= said[WarningCode.HANDOFF_SIGNATURE_DROPPED] + gone
    kept = Counter(part for part in _parts(after) if isinstance(part, ImagePart) and part.signature is None)
    assert sum(kept.values()) >= sum(isinstance(p, ImagePart) and p.signature is None for p in _parts(before))
    for loss in handed.losses:
        assert not any(text in loss.message for text in _words(before))


def check_bytes(before: tuple[Message, ...], handed: Handoff, encoded: Encoded, target: HandoffTarget) -> None:
    """What may go is in the body or in a warning; what belongs elsewhere is not."""
    body = json.loads(encoded.body)
    texts = "\n".join(_texts_in(body))
    for part in _parts(handed.messages):
        if isinstance(part, TextPart) and part.text.strip():
            assert part.text.strip() in texts
    signatures = [found for part in _parts(before) if (found := signature_of(part)) is not None]
    home = [one for one in signatures if _is_at_home(one, target)]
    known = "\n".join((*_visible(before), *(text for one in home for text in _inner_texts(one.value))))
    for signature in signatures:
        if not _is_at_home(signature, target):
            assert all(secret in known or secret not in texts for secret in _inner_texts(signature.value))
    shown = [part.text for part in _parts(handed.messages) if isinstance(part, ThinkingPart) and not part.redacted]
    unsaid = sum(bool(text.strip()) and text not in texts for text in shown)
    said = Counter(warning.code for warning in encoded.warnings)
    assert not unsaid or said[WarningCode.DROPPED_THINKING_ON_ENCODE]  # one for all segments of an item


def signature_of(part: ContentPart) -> Signature | None:
    if isinstance(part, ToolCallPart):
        return part.tool_call.signature
    return part.signature if isinstance(part, TextPart | ImagePart | ThinkingPart) else None


def _parts(messages: tuple[Message, ...]) -> Iterator[ContentPart]:
    return (part for message in messages for part in message.content)


def _count(messages: tuple[Message, ...], kind: type[ContentPart]) -> int:
    return sum(isinstance(part, kind) for part in _parts(messages))


def _words(messages: tuple[Message, ...]) -> set[str]:
    """Pieces of the conversation that are long enough to be recognised."""
    return {part.text for part in _parts(messages) if isinstance(part, TextPart | ThinkingPart) and len(part.text) > 20}


def _is_at_home(signature: Signature, target: HandoffTarget) -> bool:
    return signature.belongs_to(target.provider, target.wire) and signature.upstream in {None, target.upstream}


def _visible(messages: tuple[Message, ...]) -> Iterator[str]:
    for part in _parts(messages):
        if isinstance(part, TextPart):
            yield part.text
            for citation in part.citations:
                yield from (text for text in (citation.url, citation.title, citation.cited_text) if text)
        elif isinstance(part, ThinkingPart):
            yield part.text
        elif isinstance(part, ToolCallPart):
            yield from (part.tool_call.id, part.tool_call.name)


def _inner_texts(value: str) -> Iterator[str]:
    """The signature as it is, and the opaque texts in it if it is JSON; short ones could be anything."""
    if len(value) >= 8:
        yield value
    try:
        inner = json.loads(value)
    except ValueError:
        return
    yield from (text for text in _texts_in(inner) if len(text) >= 12 and not text.replace("_", "").isalpha())


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(item)


def _tools_of(messages: tuple[Message, ...]) -> tuple[ToolDefinition, ...]:
    names = dict.fromkeys(call.name for message in messages for call in message.tool_calls)
    return tuple(ToolDefinition(name=name) for name in names)


# ── answers as the codecs build them ────────────────────────────────────────────────────────


def _decoded(wire: Wire, body: object) -> ProviderResponse | None:
    try:
        return wire.codec.decode(a_reply(body), wire.prepared())
    except ProviderError:
        return None


@cache
def golden(name: str) -> tuple[ProviderResponse, ...]:
    """What a wire's codec makes of our own answers."""
    wire = next(wire for wire in WIRES if wire.name == name)
    found = tuple(answer for body in wire.golden_answers() if (answer := _decoded(wire, body)) is not None)
    assert found
    return found


def turn_of(response: ProviderResponse) -> tuple[Message, ...]:
    """An answer and, where it calls tools, their results; ids that meet are told apart, as a caller must."""
    seen: set[str] = set()
    content: list[ContentPart] = []
    for part in response.output.content:
        if isinstance(part, ToolCallPart) and part.tool_call.id in seen:
            continue
        if isinstance(part, ToolCallPart):
            seen.add(part.tool_call.id)
        content.append(part)
    return (assistant(*content), *(tool_result(call_id, f"result of {len(call_id)}") for call_id in sorted(seen)))


@pytest.mark.parametrize("target", WIRES, ids=name_of)
@pytest.mark.parametrize("source", WIRES, ids=name_of)
def test_our_own_answers_of_any_wire_go_on_at_any_other(source: Wire, target: Wire) -> None:
    for response in golden(source.name):
        messages = (user("What is it?"), *turn_of(response), user("And then?"))
        for model_id in (target.models[0], target.models[-1]):
            check_handoff(messages, target, model_id)


@pytest.mark.parametrize("target", WIRES, ids=name_of)
def test_captured_answers_of_every_wire_go_on_at_any_other(target: Wire) -> None:
    require_shared("wire")
    for source in WIRES:
        for exchange in source.captured_exchanges():
            response = _decoded(source, reply_body(exchange)) if exchange["response"]["status"] < 300 else None
            if response is not None:
                check_handoff((user("What is it?"), *turn_of(response), user("And?")), target, target.models[0])


@pytest.mark.parametrize("wire", WIRES, ids=name_of)
def test_an_answer_goes_back_to_its_own_wire_without_any_loss(wire: Wire) -> None:
    for response in golden(wire.name):
        model_id = response.model if wire.codec.wire != "anthropic_messages" else wire.models[0]
        handed = hand_off(turn_of(response), wire.codec.handoff_target(wire.provider, model_id))
        kinds = Counter(loss.code for loss in handed.losses)
        # Reasoning that a wire shows and does not take back becomes text; an empty answer is nothing to send.
        assert set(kinds) <= {
            *(WarningCode.HANDOFF_THINKING_AS_TEXT, WarningCode.HANDOFF_THINKING_DROPPED),
            *(WarningCode.HANDOFF_EMPTY_MESSAGE_DROPPED, WarningCode.HANDOFF_TOOL_ID_REWRITTEN),
            WarningCode.HANDOFF_ARGUMENTS_WRAPPED,
        }
        given = [signature_of(part) for message in turn_of(response) for part in message.content]
        back = [signature_of(part) for part in _parts(handed.messages)]
        assert [one for one in back if one] == [one for one in given if one]


# ── conversations as nobody would write them ────────────────────────────────────────────────

_words_said = st.text(min_size=1, max_size=12) | st.sampled_from(("</system>", "<thinking>", '{"type":"text"}', " "))
# Some APIs refuse a question of blanks alone.
_asked = _words_said.filter(str.strip)


def _signatures(source: Wire) -> st.SearchStrategy[Signature | None]:
    made = st.builds(
        Signature,
        provider=st.just(source.provider),
        wire=st.just(source.codec.wire),
        value=st.uuids().map(lambda unique: f"sig-{unique}"),
        upstream=st.sampled_from((None, "anthropic", "openai")),
    )
    return st.none() | made


def _thoughts(source: Wire) -> st.SearchStrategy[ContentPart]:
    return st.builds(
        ThinkingPart,
        text=_words_said | st.just(""),
        signature=_signatures(source),
        redacted=st.booleans(),
        provider=st.just(source.provider),
    )


def _calls(source: Wire) -> st.SearchStrategy[list[ToolCall]]:
    call = st.builds(
        ToolCall,
        id=st.sampled_from(_ODD_IDS) | st.text(min_size=1, max_size=70),
        name=st.sampled_from(("get_weather", "f")),
        arguments_json=st.just({}) | st.just({"city": "Bonn"}) | st.just('{"cut'),
        signature=_signatures(source),
    )
    return st.lists(call, max_size=4, unique_by=lambda made: made.id)


@st.composite
def answers(draw: st.DrawFn, source: Wire) -> tuple[Message, ...]:
    """A turn of the model and the results of its tools: thinking, text, images, parallel calls, or nothing."""
    said = draw(st.lists(_thoughts(source) | _words_said.map(TextPart) | st.just(_PNG), max_size=5))
    calls = draw(_calls(source))
    order = draw(st.permutations(calls))
    return (
        assistant(*said, *(ToolCallPart(call) for call in calls)),
        *(tool_result(call, draw(_words_said), is_error=draw(st.booleans())) for call in order),
    )


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Turns of models behind several wires, with questions and late orders between them."""
    messages = [user(draw(_asked))]
    for _ in range(draw(st.integers(1, 4))):
        source = draw(st.sampled_from(WIRES))
        known = st.sampled_from(golden(source.name)).map(turn_of)
        messages += draw(answers(source) | known)
        messages += draw(st.lists(_asked.map(system) | _asked.map(user) | st.just(user(_PNG, "?")), max_size=2))
    return (*messages, user(draw(_asked)))


@given(messages=conversations(), data=st.data())
def test_any_conversation_goes_on_at_every_wire(messages: tuple[Message, ...], data: st.DataObject) -> None:
    for target in WIRES:
        check_handoff(messages, target, data.draw(st.sampled_from(target.models)))


@pytest.mark.long
@pytest.mark.parametrize("target", WIRES, ids=name_of)
@given(messages=conversations(), data=st.data())
def test_many_conversations_go_on_at_any_wire(target: Wire, messages: tuple[Message, ...], data: st.DataObject) -> None:
    check_handoff(messages, target, data.draw(st.sampled_from(target.models)))


@given(messages=conversations(), hops=st.lists(st.sampled_from(WIRES), min_size=2, max_size=4))
def test_a_conversation_survives_several_handoffs_in_a_row(messages: tuple[Message, ...], hops: list[Wire]) -> None:
    spoken = [part.text for part in _parts(messages) if isinstance(part, TextPart)]
    for wire in hops:
        check_handoff(messages, wire, wire.models[0])
        messages = hand_off(messages, wire.codec.handoff_target(wire.provider, wire.models[0])).messages
        messages = tuple(evolve(message) for message in messages)
    kept = [part.text for part in _parts(messages) if isinstance(part, TextPart)]
    assert all(any(text in one for one in kept) for text in spoken)
