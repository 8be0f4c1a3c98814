"""An answer of the Gemini wire, sent back as the next message of the conversation."""

from base64 import b64encode
from typing import Any

from gemini_wire import BUDGET, CODEC, LEVEL, STRICT, a_request, an_answer, decoded, encoded
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.messages import tool_result, user
from provider_runtime.domain.conversation.tools import ToolDefinition
from provider_runtime.domain.identity import GEMINI, ProviderId

_signatures = st.fixed_dictionaries({}, optional={"thoughtSignature": st.text(min_size=1, max_size=12)})
_filled = st.text(min_size=1, max_size=20)
_visible = _filled.filter(str.strip)  # a blank thought that nobody signed says nothing, and hand_off leaves it out
_media = st.builds(
    lambda kind, data: {"mimeType": kind, "data": b64encode(data).decode()},
    st.sampled_from(["image/png", "image/webp"]),
    st.binary(min_size=1, max_size=9),
)
_parts = st.one_of(
    st.builds(lambda text, signed: {"text": text} | signed, _filled, _signatures),
    st.builds(lambda signature: {"text": "", "thoughtSignature": signature}, _filled),
    st.builds(lambda text, signed: {"text": text, "thought": True} | signed, _visible, _signatures),
    st.builds(lambda signature: {"thought": True, "thoughtSignature": signature}, _filled),
    st.builds(lambda media, signed: {"inlineData": media} | signed, _media, _signatures),
)
_arguments = st.dictionaries(
    st.text(max_size=5), st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), max_size=3
)


@st.composite
def _calls(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Calls as newer models make them (with ids) or older ones (without); the first may be signed."""
    given = draw(st.lists(_arguments, max_size=3))
    named = draw(st.booleans())
    calls: list[dict[str, Any]] = [
        {"functionCall": ({"id": f"c{number}"} if named else {}) | {"name": "look", "args": one}}
        for number, one in enumerate(given)
    ]
    if calls:
        calls[0].update(draw(_signatures))
    return calls


@given(parts=st.lists(_parts, min_size=1, max_size=5), calls=_calls())
def test_an_answer_goes_back_part_by_part_as_it_came(parts: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    response = decoded(an_answer(*parts, *calls))
    results = [tool_result(call, {"n": n}) for n, call in enumerate(response.tool_calls)] or [user("go on")]
    request = a_request(user("Hi"), response.message, *results, model=BUDGET, tools=(ToolDefinition(name="look"),))
    handed = hand_off(request.messages, CODEC.handoff_target(GEMINI, BUDGET))
    assert handed.losses == ()
    assert handed.messages == request.messages
    body, warned = encoded(request)
    assert body["contents"][1] == {"role": "model", "parts": [*parts, *calls]}
    assert warned == []
    if calls:
        answered = [part["functionResponse"] for part in body["contents"][2]["parts"]]
        assert [one.get("id") for one in answered] == [call["functionCall"].get("id") for call in calls]
        assert [one["response"] for one in answered] == [{"n": number} for number in range(len(calls))]


@given(order=st.permutations(range(4)))
def test_results_stand_in_the_order_of_their_calls_however_they_come(order: list[int]) -> None:
    calls = [{"functionCall": {"name": "look", "args": {"n": number}}} for number in range(4)]
    response = decoded(an_answer(*calls))
    results = [tool_result(response.tool_calls[number], {"n": number}) for number in order]
    body, _ = encoded(a_request(user("Hi"), response.message, *results))
    answered = [part["functionResponse"]["response"]["n"] for part in body["contents"][2]["parts"]]
    assert answered == [0, 1, 2, 3]


@given(count=st.integers(1, 3), model=st.sampled_from([LEVEL, STRICT]))
def test_an_unsigned_call_gets_the_placeholder_where_signatures_are_a_must(count: int, model: str) -> None:
    calls = [{"functionCall": {"name": "look", "args": {}}} for _ in range(count)]
    response = decoded(an_answer(*calls))
    results = [tool_result(call, "ok") for call in response.tool_calls]
    body, _ = encoded(a_request(user("Hi"), response.message, *results, model=model))
    signatures = [part.get("thoughtSignature") for part in body["contents"][1]["parts"]]
    assert signatures == ["skip_thought_signature_validator", *[None] * (count - 1)]


def test_calls_without_ids_in_several_answers_have_ids_of_their_own() -> None:
    call = {"functionCall": {"name": "look", "args": {}}}
    told = [decoded(an_answer(call, responseId=name)) for name in ("LABNasysCNftxN8P6LzaoAI", None)]
    told.append(decoded(an_answer(call, responseId=None, modelVersion="gemini-2.0-flash")))
    assert len({response.tool_calls[0].id for response in told}) == 3


def test_an_answer_does_not_go_back_to_another_provider_as_its_own() -> None:
    parts = [
        {"text": "hm", "thought": True},
        {"text": "Hi", "thoughtSignature": "c2ln"},
        {"functionCall": {"id": "c1", "name": "look", "args": {}}, "thoughtSignature": "c2ln"},
    ]
    response = decoded(an_answer(*parts))
    request = a_request(user("a"), response.message, tool_result("c1", "b"))
    result = CODEC.encode(request, ProviderId("acme"))
    assert b"c2ln" not in result.body
    assert b"hm" not in result.body
    assert [warning.code for warning in result.warnings] == ["dropped_thinking_on_encode"] * 3
