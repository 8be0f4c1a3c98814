"""JSON Schemas as the Gemini API takes them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.wire.gemini.schemas import adapted
from provider_runtime.domain.json_values import freeze_object

_TAKEN = {
    "$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items", "prefixItems",
    "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties", "additionalProperties", "required",
    "propertyOrdering", "default",
}  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize(
    ("given_schema", "taken", "lost"),
    [
        ({"type": "string"}, {"type": "string"}, set()),
        ({"$schema": "x", "$comment": "y", "examples": [1], "type": "number"}, {"type": "number"}, set()),
        ({"type": "string", "minLength": 1, "pattern": "x"}, {"type": "string"}, {"minLength", "pattern"}),
        ({"exclusiveMinimum": 1, "multipleOf": 2}, {}, {"exclusiveMinimum", "multipleOf"}),
        ({"const": "a"}, {"enum": ["a"]}, set()),
        ({"const": None}, {}, {"const"}),
        ({"enum": ["a", 1]}, {"enum": ["a", 1]}, set()),
        ({"enum": ["a", None]}, {}, {"enum"}),
        ({"enum": [True]}, {}, {"enum"}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}, set()),
        ({"items": True}, {"items": {}}, set()),
        ({"additionalProperties": True}, {"additionalProperties": True}, set()),
        ({"additionalProperties": {"minLength": 1}}, {"additionalProperties": {}}, {"minLength"}),
        ({"allOf": [{"type": "string"}]}, {"anyOf": [{"type": "string"}]}, set()),
        ({"allOf": [{}, {}]}, {}, {"allOf"}),
        ({"allOf": [{"type": "string"}], "anyOf": [{}]}, {"anyOf": [{}]}, {"allOf"}),
        ({"not": {}}, {}, {"not"}),
        ({"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}, set()),
        ({"$ref": "#/definitions/a"}, {"$ref": "#/$defs/a"}, set()),
        (
            {"definitions": {"a": {"minLength": 1}}, "$defs": {"b": {}}},
            {"$defs": {"a": {}, "b": {}}},
            {"minLength"},
        ),
        ({"$ref": "#", "description": "d"}, {"anyOf": [{"$ref": "#"}], "description": "d"}, set()),
        ({"$ref": "#", "anyOf": [{}]}, {"anyOf": [{"$ref": "#"}]}, {"anyOf"}),
        ({"properties": {"pattern": {"not": {}}, "const": {}}}, {"properties": {"pattern": {}, "const": {}}}, {"not"}),
        ({"prefixItems": [{"const": 1}, True]}, {"prefixItems": [{"enum": [1]}, {}]}, set()),
        ({"default": {"not": 1}}, {"default": {"not": 1}}, set()),
        ({"properties": 3, "anyOf": 3, "$ref": 3}, {}, {"properties", "anyOf", "$ref"}),
    ],
)
def test_a_schema_is_put_into_known_words(given_schema: dict[str, Any], taken: Any, lost: set[str]) -> None:
    held = adapted(freeze_object(given_schema))
    assert _plain(held.schema) == taken
    assert held.lost == lost


_LEAVES = st.one_of(st.booleans(), st.integers(0, 3), st.text(max_size=3), st.lists(st.text(max_size=2), max_size=2))
_WORDS = st.sampled_from(
    [*sorted(_TAKEN), "definitions", "allOf", "not", "if", "pattern", "const", "$schema", "minLength"]
)
_SCHEMAS = st.recursive(
    _LEAVES,
    lambda inner: st.dictionaries(
        _WORDS,
        inner | st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
        max_size=4,
    ),
    max_leaves=10,
).filter(lambda value: isinstance(value, dict))


def _check(schema: Any) -> None:
    assert schema.keys() <= _TAKEN
    assert "$ref" not in schema or all(name.startswith("$") for name in schema)
    for name in ("properties", "$defs"):
        for inner in schema.get(name, {}).values():
            if isinstance(inner, dict):
                _check(inner)
    for name in ("anyOf", "oneOf", "prefixItems"):
        for inner in schema.get(name, ()):
            if isinstance(inner, dict):
                _check(inner)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            _check(schema[name])


@given(schema=_SCHEMAS)
def test_whatever_comes_out_holds_nothing_that_the_api_does_not_know(schema: dict[str, Any]) -> None:
    frozen = freeze_object(schema)
    held = adapted(frozen)
    _check(held.schema)
    again = adapted(freeze_object(_plain(held.schema)))
    assert _plain(again.schema) == _plain(held.schema)
    assert again.lost == set()
    assert frozen == freeze_object(schema)
