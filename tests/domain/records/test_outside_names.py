"""Names from outside in records: real ones stay, and what may be a text or a key does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.domain.records.outside_names import NO_NAME, Names, are_names, name_or_mark


@pytest.mark.parametrize(
    "name",
    [
        "gpt-5-mini-2025-08-07",
        "anthropic/claude-haiku-4.5:free",
        "ft:gpt-4o-mini-2024-07-18:acme::B1cD2",
        "accounts/fireworks/models/llama-v3p1-8b-instruct",
        "@cf/meta/llama-3.1-8b-instruct",
        "hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M",
        "x-ai/grok-4",
        "chatcmpl-BxYz0123456789abcdefABCDEF",
        "resp_0123456789aBCdef0123456789aBCdef0123456789aBCdef",
    ],
)
def test_the_names_of_models_and_answers_stay(name: str) -> None:
    assert name_or_mark(name) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Why is the sky blue?",
        "two\nlines",
        "ends with a line\n",
        "Schlüssel",
        "a" * 257,
        "\ud800",
        "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA-0123456789abcdefghijklmnopqrstu",
        "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
        "eyJhbGciOiJIUzI1NiJ9.e30.abc",
    ],
)
def test_what_may_be_a_text_or_a_key_is_a_mark(text: str) -> None:
    assert name_or_mark(text) == NO_NAME


def test_nothing_stays_nothing() -> None:
    assert name_or_mark(None) is None


@given(text=st.text(max_size=40))
def test_what_stays_has_no_room_for_a_sentence_and_judging_twice_is_judging_once(text: str) -> None:
    kept = name_or_mark(text)
    assert kept in (text, NO_NAME)
    assert kept is not None
    assert not any(character.isspace() or not character.isprintable() for character in kept)
    assert name_or_mark(kept) == kept


@pytest.mark.parametrize("field", ["model_asked", "model_answered", "response_id", "provider_request_id"])
def test_an_event_holds_no_text_where_a_name_belongs(field: str) -> None:
    event = LifecycleEvent(
        kind=EventKind.CALL_ANSWERED, runtime_id=RuntimeId("rt-1"), **{field: "the patient is called Wilhelmina"}
    )
    assert getattr(event, field) == NO_NAME


@given(texts=st.lists(st.none() | st.text(max_size=8) | st.from_regex(r"\A[a-z-]{1,9}\Z"), max_size=4))
def test_names_that_come_again_are_what_each_would_be_alone(texts: list[str | None]) -> None:
    names = Names()
    assert [names[text] for text in texts * 2] == [name_or_mark(text) for text in texts * 2]
    assert are_names(tuple(texts)) == all(name_or_mark(text) == text for text in texts)


def test_what_is_no_name_is_not_remembered() -> None:
    names = Names()
    assert names["the patient is called Wilhelmina"] == names["sk-0123456789abcdef"] == NO_NAME
    assert names == {}


def test_only_so_many_names_are_remembered() -> None:
    names = Names()
    for number in range(10_000):
        assert names[f"model-{number}"] == f"model-{number}"
        assert len(names) <= 256
