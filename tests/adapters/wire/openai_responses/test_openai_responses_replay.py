"""What the API hands out goes back as it came: reasoning, phases, the order of everything."""

from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from responses_cases import CODEC, decoded, encoded_body, fixture, request_for, warning_codes

from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.messages import assistant, user
from provider_runtime.domain.conversation.parts import ImagePart, TextPart, ThinkingPart
from provider_runtime.domain.identity import OPENAI, OPENROUTER

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
TEXTS = st.text(max_size=20)


def texts_of(kind: str) -> st.SearchStrategy[list[dict[str, str]]]:
    return st.lists(st.builds(lambda text: {"type": kind, "text": text}, TEXTS), max_size=3)


@st.composite
def reasoning_items(draw: st.DrawFn) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "reasoning", "summary": draw(texts_of("summary_text"))}
    if draw(st.booleans()):
        item["id"] = draw(NAMES)
    if draw(st.booleans()):
        item["content"] = draw(texts_of("reasoning_text"))
    if not item.get("content") or draw(st.booleans()):
        item["encrypted_content"] = draw(NAMES)
    return item


@st.composite
def message_items(draw: st.DrawFn) -> dict[str, Any]:
    texts = draw(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=3))
    item: dict[str, Any] = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text} for text in texts],
    }
    if draw(st.booleans()):
        item["phase"] = draw(st.sampled_from(["commentary", "final_answer"]))
    return item


@st.composite
def call_items(draw: st.DrawFn) -> dict[str, Any]:
    item = {"type": "function_call", "call_id": draw(NAMES), "name": draw(NAMES), "arguments": '{"a":[1,"b"]}'}
    if draw(st.booleans()):
        item["namespace"] = draw(NAMES)
    return item


ENDINGS = message_items() | call_items()
OUTPUTS = st.builds(
    lambda items, ending: [*items, ending],
    st.lists(reasoning_items() | message_items() | call_items(), max_size=6),
    ENDINGS,
)


def replayed(output: list[dict[str, Any]], model: str = "gpt-5.6-sol") -> list[dict[str, Any]]:
    """The items of an answer after a trip through the canonical form and the handoff to their own maker."""
    message = decoded({"status": "completed", "output": output, "usage": {}}).message
    handed = hand_off((message,), CODEC.handoff_target(OPENAI, model))
    assert handed.losses == ()
    items: list[dict[str, Any]] = encoded_body(request_for(model, *handed.messages))["input"]
    return items


@given(output=OUTPUTS)
def test_the_items_of_an_answer_go_back_as_they_came(output: list[dict[str, Any]]) -> None:
    assert replayed(output) == output


@given(output=OUTPUTS, item_id=NAMES, status=st.sampled_from(["completed", "in_progress"]))
def test_what_only_the_server_needs_is_not_sent_back(output: list[dict[str, Any]], item_id: str, status: str) -> None:
    marked = [{**item, "status": status} | ({} if item["type"] == "reasoning" else {"id": item_id}) for item in output]
    assert replayed(marked) == output


def test_a_golden_answer_goes_back_between_what_the_user_said() -> None:
    answer = decoded(fixture("answer_reasoning"))
    request = request_for("gpt-5.6-sol", user("Which fjord is the longest?"), answer.message, user("Thank you."))
    assert encoded_body(request) == fixture("request_replay")
    assert warning_codes(request) == []


def test_reasoning_at_the_end_of_a_turn_goes_back_without_its_id() -> None:
    answer = decoded(fixture("answer_incomplete"))
    items = encoded_body(request_for("gpt-5-nano", user("Go"), answer.message, user("Go on")))["input"]
    assert items[1] == {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA-cut"}


def test_a_summary_alone_is_shown_but_cannot_go_back() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Thought."}]}
    answer = decoded({"status": "completed", "output": [item], "usage": {}})
    assert answer.thinking == "Thought."
    request = request_for("gpt-5", user("Hi"), answer.message, user("Bye"))
    assert [entry["type"] for entry in encoded_body(request)["input"]] == ["message", "message"]
    assert warning_codes(request) == ["dropped_thinking_on_encode"]


def test_reasoning_that_holds_nothing_leaves_no_trace() -> None:
    answer = decoded({"status": "completed", "output": [{"type": "reasoning", "id": "rs_1", "summary": []}]})
    assert answer.output.content == ()


def test_segments_whose_beginning_was_taken_away_do_not_join_another_item() -> None:
    first = {"type": "reasoning", "id": "rs_1", "encrypted_content": "one", "summary": []}
    second = {
        "type": "reasoning",
        "id": "rs_2",
        "encrypted_content": "two",
        "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
    }
    parts = decoded({"status": "completed", "output": [first, second], "usage": {}}).output.content
    request = request_for("gpt-5", assistant(parts[0], parts[2], "Done."))
    assert encoded_body(request)["input"][0] == first
    assert warning_codes(request) == ["dropped_thinking_on_encode"]


def test_a_generated_image_goes_back_whole() -> None:
    item = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "UklGRg=="}
    assert replayed([item]) == [item]


def test_nothing_signed_goes_to_another_provider() -> None:
    parts = decoded(fixture("answer_reasoning")).output.content
    own = encoded_body(request_for("gpt-5", assistant(*parts)))
    foreign = CODEC.encode(request_for("gpt-5", assistant(*parts)), OPENROUTER)
    assert "gAAAA-one" in str(own)
    assert b"gAAAA" not in foreign.body
    assert b"commentary" not in foreign.body


@given(text=st.text(min_size=1, max_size=30))
def test_what_a_caller_changed_in_a_text_is_what_is_sent(text: str) -> None:
    parts = decoded(fixture("answer_reasoning")).output.content
    changed = [evolve(part, text=text) if isinstance(part, TextPart | ThinkingPart) else part for part in parts]
    items = encoded_body(request_for("gpt-5", assistant(*changed)))["input"]
    assert items[0]["summary"][0]["text"] == text
    assert items[0]["encrypted_content"] == "gAAAA-one"


def test_parts_never_share_what_they_remember() -> None:
    answer = decoded(fixture("answer_server_tools"))
    image = next(part for part in answer.output.content if isinstance(part, ImagePart))
    assert image.signature is not None
    assert image.signature.value == '{"id":"ig_1"}'
