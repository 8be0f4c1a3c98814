"""JSON values: frozen all the way down, and nothing lost on the way."""

import copy
import json
import math
import pickle
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from exactness import shape
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.identity import OPENAI
from provider_runtime.domain.json_values import (
    MAX_DEPTH,
    JsonObject,
    JsonValue,
    freeze,
    freeze_object,
    freeze_parsed,
    has_lone_surrogate,
    sorted_object,
    tuple_of,
)
from provider_runtime.testing.strategies import json_objects, json_values

_FROZEN = (JsonObject, tuple, bool, int, float, str, type(None))


def _thawed(value: Any) -> Any:
    """The same value as lists and dicts of the standard library."""
    return json.loads(json.dumps(value))


def _nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


@given(json_values())
def test_a_frozen_value_says_what_the_original_said(value: JsonValue) -> None:
    assert shape(freeze(_thawed(value))) == shape(value)


@given(json_values())
def test_freezing_a_frozen_value_changes_nothing(value: JsonValue) -> None:
    assert shape(freeze(value)) == shape(value)


@given(json_objects())
def test_a_frozen_object_is_taken_as_it_is(value: JsonObject) -> None:
    assert freeze(value) is value
    assert freeze_object(value) is value


@given(json_values())
def test_everything_inside_is_of_an_immutable_kind(value: JsonValue) -> None:
    waiting: list[Any] = [value]
    while waiting:
        inner = waiting.pop()
        assert type(inner) in _FROZEN
        if isinstance(inner, dict):
            waiting.extend(inner.values())
        elif isinstance(inner, tuple):
            waiting.extend(inner)


@given(json_values())
def test_equal_values_are_equally_hashed(value: JsonValue) -> None:
    assert hash(freeze(_thawed(value))) == hash(value)


@given(json_objects(), st.randoms())
def test_the_order_of_keys_is_kept_but_does_not_count(value: JsonObject, chance: Any) -> None:
    items = list(value.items())
    chance.shuffle(items)
    other = freeze_object(dict(items))
    assert list(other) == [key for key, _ in items]
    assert other == value
    assert hash(other) == hash(value)


@given(json_values())
def test_a_frozen_value_survives_copying_and_pickling(value: JsonValue) -> None:
    for twin in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301 - our own bytes
        assert shape(twin) == shape(value)


@given(json_values())
def test_the_json_codec_writes_frozen_values_without_help(value: JsonValue) -> None:
    assert shape(freeze(msgspec.json.decode(msgspec.json.encode(value)))) == shape(value)


@given(json_objects())
def test_changing_the_original_does_not_reach_the_frozen_one(value: JsonObject) -> None:
    original = _thawed(value)
    frozen = freeze_object(original)
    original["added later"] = [1]
    assert frozen == value


_MUTATIONS: dict[str, Callable[[Any], object]] = {
    "assignment": lambda it: it.__setitem__("a", 2),
    "deletion": lambda it: it.__delitem__("a"),
    "clear": lambda it: it.clear(),
    "pop": lambda it: it.pop("a"),
    "popitem": lambda it: it.popitem(),
    "setdefault": lambda it: it.setdefault("b", 2),
    "update": lambda it: it.update(a=2),
    "in-place union": lambda it: it.__ior__({"a": 2}),
    "a new attribute": lambda it: setattr(it, "a", 2),
}


@pytest.mark.parametrize("mutation", _MUTATIONS.values(), ids=_MUTATIONS.keys())
def test_no_mutating_method_of_dict_works(mutation: Callable[[Any], object]) -> None:
    frozen = freeze_object({"a": 1})
    with pytest.raises((TypeError, AttributeError)):
        mutation(frozen)
    assert frozen == {"a": 1}


def test_every_method_of_dict_that_could_change_it_is_covered() -> None:
    harmless = {"copy", "fromkeys", "get", "items", "keys", "values"}
    public = {name for name in dir(dict) if not name.startswith("_")} - harmless
    assert all(getattr(JsonObject, name) is not getattr(dict, name) for name in public)


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, {1: "a"}, {None: "a"}, {"a": object}, {1, 2}, b"bytes", 1j, [{"a": [math.nan]}]],
    ids=repr,
)
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON"):
        freeze(value)


@pytest.mark.parametrize("value", ["a\ud800b", {"\udfff": 1}, ["\ud83d"]], ids=ascii)
def test_half_a_character_is_refused_without_quoting_the_text(value: object) -> None:
    with pytest.raises(ValueError, match="surrogate") as refused:
        freeze(value)
    assert refused.value.__context__ is None


def test_a_whole_character_beyond_16_bits_is_no_surrogate() -> None:
    assert freeze("\U0001f600") == "\U0001f600"
    assert has_lone_surrogate("\U0001f600") is False
    assert has_lone_surrogate("\ud83d") is True


def test_nesting_ends_at_a_stated_depth() -> None:
    assert freeze(_nested(MAX_DEPTH)) is not None
    with pytest.raises(ValueError, match="nested"):
        freeze(_nested(MAX_DEPTH + 1))


def test_depth_beyond_pythons_own_limit_is_refused_all_the_same() -> None:
    with pytest.raises(ValueError, match="nested"):
        freeze(_nested(100_000))


@given(json_values())
def test_what_a_parser_made_is_frozen_alike(value: JsonValue) -> None:
    text = msgspec.json.encode(value)
    assert shape(freeze_parsed(msgspec.json.decode(text))) == shape(freeze(msgspec.json.decode(text)))


def test_what_a_parser_made_has_the_same_bounds() -> None:
    deepest = msgspec.json.decode(b"[" * 200 + b"]" * 200)
    assert shape(freeze_parsed(deepest)) == shape(freeze(deepest))
    for text in (
        b"[" * 201 + b"]" * 201,
        b'{"a":' * 201 + b"1" + b"}" * 201,
        b"1" * 4001,
        b'{"a":[-%s]}' % (b"1" * 4001),
    ):
        with pytest.raises(ValueError, match=r"200 levels|4000 digits"):
            freeze_parsed(msgspec.json.decode(text))


def test_freezing_what_a_parser_made_leaves_it_as_it_was() -> None:
    made = {"a": [1, {"b": []}], "c": {"d": [None]}}
    frozen = freeze_parsed(made)
    assert made == {"a": [1, {"b": []}], "c": {"d": [None]}}
    assert frozen == freeze(made)


def test_integers_that_nobody_could_print_are_refused() -> None:
    assert freeze(10**3999) == 10**3999
    for number in (10**4000, -(10**5000)):
        with pytest.raises(ValueError, match="digits"):
            freeze([number])


def test_subclasses_of_text_become_plain_text_as_keys_and_values() -> None:
    frozen = freeze_object({OPENAI: OPENAI})
    assert [type(key) for key in frozen] == [str]
    assert type(frozen["openai"]) is str


def test_true_and_one_stay_what_they_are() -> None:
    assert shape(freeze([True, 1, 1.0, 0, False, -0.0])) == shape((True, 1, 1.0, 0, False, -0.0))


def test_only_objects_are_objects() -> None:
    for value in ((), "text", 1, None):
        with pytest.raises(ValueError, match="expected a JSON object"):
            freeze_object(value)


def test_labels_are_sorted() -> None:
    assert list(sorted_object({"b": "1", "a": "2"})) == ["a", "b"]


def test_one_text_is_not_several_values() -> None:
    assert tuple_of(["a"]) == ("a",)
    for value in ("ab", b"ab"):
        with pytest.raises(ValueError, match="one text"):
            tuple_of(value)
