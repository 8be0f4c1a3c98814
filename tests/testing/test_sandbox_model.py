"""The sandbox's model and its instances of schemas, as functions."""

from typing import Any

import jsonschema_rs
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.testing.sandbox.counting import cached_unasked, tokens_in
from provider_runtime.testing.sandbox.instances import instance_of
from provider_runtime.testing.sandbox.model import Ending, Prompt, Tool, Wanted, reply_to
from provider_runtime.testing.sandbox.stamps import DIGITS, HEX, Stamps

# ── instances ───────────────────────────────────────────────────────────────────────────────

_NAMES = st.sampled_from(["city", "name", "n", "items", "query", "unit"])


def _bounded(
    low: st.SearchStrategy[Any], span: st.SearchStrategy[Any], *names: str
) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(low, span, st.booleans(), st.booleans()).map(
        lambda drawn: {
            **({names[0]: drawn[0]} if drawn[2] else {}),
            **({names[1]: drawn[0] + drawn[1]} if drawn[3] else {}),
        }
    )


_LEAVES = st.one_of(
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    _bounded(st.integers(0, 30), st.integers(0, 30), "minLength", "maxLength").map(lambda s: {"type": "string", **s}),
    _bounded(st.integers(-50, 50), st.integers(0, 50), "minimum", "maximum").map(lambda s: {"type": "integer", **s}),
    _bounded(st.integers(-50, 50), st.integers(0, 50), "minimum", "maximum").map(lambda s: {"type": "number", **s}),
    _bounded(st.integers(-50, 50), st.integers(3, 9), "exclusiveMinimum", "exclusiveMaximum").map(
        lambda s: {"type": "integer", **s}
    ),
    st.sampled_from([3, 7, 0.5]).map(lambda step: {"type": "number", "multipleOf": step, "minimum": 2}),
    st.sampled_from(["date", "date-time", "email", "uri", "uuid", "ipv4"]).map(
        lambda kind: {"type": "string", "format": kind}
    ),
    st.lists(st.sampled_from(["red", "Paris", 3, None]), min_size=1, max_size=3).map(lambda values: {"enum": values}),
    st.sampled_from(["fixed", 7, None, [1]]).map(lambda value: {"const": value}),
)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    properties = st.dictionaries(_NAMES, inner, max_size=3)
    return st.tuples(properties, st.booleans()).map(
        lambda drawn: {
            "type": "object",
            "properties": drawn[0],
            "required": sorted(drawn[0]) if drawn[1] else [],
            "additionalProperties": False,
        }
    )


_SCHEMAS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        _objects(inner),
        st.tuples(inner, st.integers(0, 3)).map(lambda d: {"type": "array", "items": d[0], "minItems": d[1]}),
        st.lists(inner, min_size=1, max_size=2).map(lambda branches: {"anyOf": branches}),
        st.tuples(inner, inner).map(lambda d: {"type": "array", "prefixItems": list(d), "minItems": 2}),
    ),
    max_leaves=6,
)
_TEXTS = st.one_of(st.text(max_size=60), st.just("What is the weather in New York in 3 days?"))


@given(schema=_SCHEMAS, text=_TEXTS)
def test_an_instance_satisfies_its_schema(schema: dict[str, Any], text: str) -> None:
    value = instance_of(schema, text)
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(value)
    assert instance_of(schema, text) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/place", "$defs": {"place": {"type": "object", "properties": {"city": {"type": "string"}}}}},
        {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "integer"}}}]},
        {"type": "array", "items": {"type": "integer"}, "minItems": 5, "uniqueItems": True},
        {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "uniqueItems": True},
        {"type": "object", "minProperties": 3, "additionalProperties": {"type": "integer"}},
        {"type": "string", "pattern": "^[A-Z][a-z]+$"},
        {"type": ["null", "string"], "minLength": 3},
        {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "required": ["next"]},
        {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}},
        {"properties": {"a": True}},
        {},
        {"type": "object", "required": ["undescribed"]},
    ],
)
def test_schemas_of_the_harder_sort_are_satisfied_too(schema: dict[str, Any]) -> None:
    value = instance_of(schema, "Is it warmer in Paris or in Rome?")
    jsonschema_rs.validator_for(schema).validate(value)


def test_what_was_said_ends_up_where_it_is_meant() -> None:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "from": {"type": "integer"},
            "to": {"type": "integer"},
            "note": {"type": "string"},
        },
    }
    said = 'What is the weather in New York in fahrenheit, days 2 to 5? Write "no wind".'
    assert instance_of(schema, said) == {
        "city": "New York",
        "unit": "fahrenheit",
        "from": 2,
        "to": 5,
        "note": "no wind",
    }


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"$ref": "https://example.com"}, {"anyOf": [{"$ref": "#"}]}, True])
def test_a_schema_that_says_nothing_is_survived(schema: Any) -> None:
    instance_of(schema, "Hello")


def test_no_schema_makes_an_instance_of_boundless_size() -> None:
    assert len(instance_of({"type": "string", "minLength": 10**12}, "x")) <= 100_000
    assert len(instance_of({"type": "array", "items": {}, "minItems": 10**12}, "x")) <= 1000
    assert len(instance_of({"type": "object", "minProperties": 10**12}, "x")) <= 1000


# ── the model ───────────────────────────────────────────────────────────────────────────────

_PROMPT = Prompt(model="m", text="What is two and two?")
_TOOLS = (Tool(name="add", schema={"type": "object", "properties": {"a": {"type": "integer"}}}),)


@given(text=st.text(max_size=300), max_tokens=st.integers(1, 60), think=st.booleans(), tools=st.booleans())
def test_no_reply_is_longer_than_it_may_be(text: str, max_tokens: int, *, think: bool, tools: bool) -> None:
    prompt = Prompt(model="m", text=text, max_tokens=max_tokens, think=think, tools=_TOOLS if tools else ())
    reply = reply_to(prompt)
    assert reply.output_tokens <= max_tokens
    whole = reply_to(evolve(prompt, max_tokens=10**6))
    assert (reply.ending is Ending.LENGTH) == (whole.output_tokens > max_tokens)


def test_media_and_the_number_of_words_are_mentioned() -> None:
    assert reply_to(evolve(_PROMPT, media=2)).text.startswith("Sandbox (m): you said 5 words and sent 2 files:")
    assert "1 word and sent 1 file:" in reply_to(Prompt(model="m", text="Look!", media=1)).text


def test_a_long_prompt_is_not_repeated_whole() -> None:
    assert len(reply_to(Prompt(model="m", text="word " * 1000)).text) < 250


def test_several_results_are_all_reported() -> None:
    assert reply_to(evolve(_PROMPT, results=("four", "4"))).text == "Sandbox (m): the tool answered: four; 4"


def test_reasoning_is_there_only_if_asked_for_and_counts_as_output() -> None:
    silent, thinking = reply_to(_PROMPT), reply_to(evolve(_PROMPT, think=True))
    assert (silent.thinking, silent.thinking_tokens) == ("", 0)
    assert thinking.thinking == "The user said 5 words; no tool is needed, so I answer."
    assert thinking.output_tokens == silent.output_tokens + thinking.thinking_tokens


def test_a_json_object_says_what_was_said() -> None:
    assert reply_to(evolve(_PROMPT, wanted=Wanted.JSON_OBJECT)).text == '{"sandbox":"m","said":"What is two and two?"}'


# ── counting and stamps ─────────────────────────────────────────────────────────────────────


@given(text=st.text(max_size=200), more=st.text(max_size=200))
def test_tokens_follow_from_the_characters_alone(text: str, more: str) -> None:
    assert tokens_in(text) == -(-len(text) // 4)
    assert tokens_in(text, more) == tokens_in([text, more]) == -(-(len(text) + len(more)) // 4)


def test_what_is_opaque_counts_nothing() -> None:
    assert tokens_in({"signature": "x" * 400, "data": "y" * 400}) == 0


def test_short_beginnings_are_not_cached_unasked() -> None:
    assert [cached_unasked(tokens) for tokens in (0, 1023, 1024, 1151, 1152)] == [0, 0, 1024, 1024, 1152]


@given(text=st.text(), other=st.text())
def test_signatures_and_seals_are_good_for_their_text_and_scope_only(text: str, other: str) -> None:
    stamps, stranger = Stamps(key=b"one"), Stamps(key=b"two")
    signature, token = stamps.signature("a", text), stamps.sealed("a", text)
    assert stamps.has_signed("a", text, signature)
    assert stamps.opened("a", token) == text
    assert stamps.has_signed("a", other, signature) == (other == text)
    assert not stamps.has_signed("b", text, signature)
    assert not stranger.has_signed("a", text, signature)
    assert stamps.opened("b", token) is None
    assert stranger.opened("a", token) is None
    assert stamps.opened("a", token[:-4] + "AAAA") in {None, text}


@given(noise=st.one_of(st.text(), st.none(), st.integers(), st.binary()))
def test_anything_else_is_no_seal_and_no_signature(noise: Any) -> None:
    stamps = Stamps(key=b"one")
    assert stamps.opened("a", noise) is None
    assert not stamps.has_signed("a", "text", noise)


def test_names_have_their_length_and_alphabet_and_differ() -> None:
    stamps = Stamps(key=b"one")
    assert len(stamps.name(50, HEX, "x")) == 50
    assert set(stamps.name(200, DIGITS, "x")) <= set(DIGITS)
    assert stamps.name(24, HEX, "a", "bc") != stamps.name(24, HEX, "ab", "c")
