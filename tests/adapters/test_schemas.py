"""Schema validators: what is a schema, what satisfies it, and nothing ever fetched or quoted."""

import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.schemas import (
    InstalledValidator,
    JsonSchemaRsValidator,
    ShapeOnlyValidator,
    best_validator,
)
from provider_runtime.domain.json_values import JsonObject, JsonValue, freeze, freeze_object
from provider_runtime.ports.schemas import SchemaValidator
from provider_runtime.testing.strategies import json_objects, json_values

_SAID = "what nobody else may read"
_installed = pytest.mark.skipif(
    importlib.util.find_spec("jsonschema_rs") is None, reason="the extra `schema` is not installed"
)
_VALIDATORS: list[Any] = [
    pytest.param(JsonSchemaRsValidator(), marks=_installed, id="jsonschema-rs"),
    pytest.param(ShapeOnlyValidator(), id="shape only"),
]
_each_validator = pytest.mark.parametrize("validator", _VALIDATORS)

_PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"type": ["integer", "null"], "minimum": 0},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "home": {"$ref": "#/$defs/address"},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"address": {"type": "object", "properties": {"zip": {"type": "string", "pattern": "^[0-9]{5}$"}}}},
}


# ── both of them ────────────────────────────────────────────────────────────────────────────


@_each_validator
def test_it_is_a_schema_validator(validator: SchemaValidator) -> None:
    assert isinstance(validator, SchemaValidator)


@_each_validator
@pytest.mark.parametrize(
    "schema",
    [
        {},
        _PERSON,
        {"type": "object", "properties": {}},
        {"anyOf": [{"type": "string"}, {"const": 1}, True]},
        {"$ref": "#"},
        {"enum": [1, "a", None]},
        {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
        {"not": {}, "if": True, "then": {"minLength": 2.0}},
        {"description": "a word of our own: type, required", "x-order": [1]},
        {"properties": {"type": {"type": "string"}, "required": {"type": "boolean"}, "$ref": {}}},
    ],
    ids=lambda schema: str(schema)[:40],
)
def test_schemas_are_accepted(validator: SchemaValidator, schema: dict[str, Any]) -> None:
    assert validator.fault_of_schema(freeze_object(schema)) is None


@_each_validator
@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "strnig"}, "$.type"),
        ({"type": []}, "$.type"),
        ({"type": {"type": "string"}}, "$.type"),
        ({"properties": {"a": {"type": "text"}}}, "$.properties.a.type"),
        ({"properties": ["a"]}, "$.properties"),
        ({"properties": {"a": "string"}}, "$.properties.a"),
        ({"required": "a"}, "$.required"),
        ({"required": [1]}, "$.required"),
        ({"anyOf": []}, "$.anyOf"),
        ({"allOf": {}}, "$.allOf"),
        ({"oneOf": [{"items": 1}]}, "$.oneOf[0].items"),
        ({"items": "string"}, "$.items"),
        ({"minLength": -1}, "$.minLength"),
        ({"maxItems": 1.5}, "$.maxItems"),
        ({"minimum": "1"}, "$.minimum"),
        ({"enum": "a"}, "$.enum"),
        ({"pattern": 1}, "$.pattern"),
        ({"$defs": {"a": {"additionalProperties": 3}}}, "$.$defs.a.additionalProperties"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_faulty_schema_is_refused_where_it_is_faulty(
    validator: SchemaValidator, schema: dict[str, Any], place: str
) -> None:
    fault = validator.fault_of_schema(freeze_object(schema))
    assert fault is not None
    assert place in fault


@_each_validator
@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/schema", "https://example.com/s.json", "file:///etc/passwd", "other.json"]
)
def test_a_reference_that_leads_outside_is_refused(validator: SchemaValidator, address: str) -> None:
    assert validator.fault_of_schema(freeze_object({"properties": {"a": {"$ref": address}}})) is not None


@_each_validator
def test_a_schema_in_a_file_is_not_read(validator: SchemaValidator, tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text('{"type": "string"}')
    assert validator.fault_of_schema(freeze_object({"$ref": file.as_uri()})) is not None


@_each_validator
def test_endless_nesting_is_refused(validator: SchemaValidator) -> None:
    schema = JsonObject()
    for _ in range(3000):
        schema = JsonObject({"not": schema})
    fault = validator.fault_of_schema(schema)
    assert fault is not None
    assert "too deeply" in fault


@_each_validator
@given(schema=json_objects(), value=json_values())
def test_any_object_is_judged_and_nothing_is_raised(
    validator: SchemaValidator, schema: JsonObject, value: JsonValue
) -> None:
    for fault in (validator.fault_of_schema(schema), validator.fault_of_value(schema, value)):
        assert fault is None or (fault and "\n" not in fault)


@_each_validator
@given(json_objects())
def test_a_schema_is_judged_by_its_rules_wherever_it_stands(validator: SchemaValidator, annotation: JsonObject) -> None:
    wrapped = {"properties": {"a": {"x-note": annotation, "type": "nonsense"}}}
    assert validator.fault_of_schema(freeze_object(wrapped)) is not None


# ── with the library ────────────────────────────────────────────────────────────────────────


@_installed
@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"name": "Ada"}, None),
        ({"name": "Ada", "age": 36, "tags": ["a"], "home": {"zip": "53111"}}, None),
        ({"name": "Ada", "age": 10**30}, None),
        ({"name": "Ada", "age": None}, None),
        ({}, '$: "name" is missing'),
        ([], "$: expected object"),
        ({"name": 1}, "$.name: expected string"),
        ({"name": ""}, '$.name: "minLength" is not satisfied'),
        ({"name": "Ada", "age": 1.5}, "$.age: expected integer or null"),
        ({"name": "Ada", "age": -1}, '$.age: "minimum" is not satisfied'),
        ({"name": "Ada", "tags": ["a", 2]}, "$.tags[1]: expected string"),
        ({"name": "Ada", "tags": ["a", "b", "c"]}, '$.tags: "maxItems" is not satisfied'),
        ({"name": "Ada", "home": {"zip": "x"}}, '$.home.zip: "pattern" is not satisfied'),
        ({"name": "Ada", "x": 1}, "$: there are fields that the schema does not allow"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_value_is_judged_and_the_place_named(value: object, fault: str | None) -> None:
    validator = JsonSchemaRsValidator()
    assert validator.validates_values
    assert validator.fault_of_value(freeze_object(_PERSON), freeze(value)) == fault


@_installed
@given(json_values())
def test_a_fault_of_a_value_quotes_nothing_of_it(value: JsonValue) -> None:
    said = freeze({"quoted": [_SAID, value], _SAID: {_SAID: [value]}})
    for schema in (
        {"type": "array"},
        {"const": 1},
        {"maxProperties": 1},
        {"additionalProperties": False},
        {"properties": {"quoted": {"items": {"enum": [1.5]}}}},
        {"additionalProperties": {"type": "number"}},
        {"propertyNames": {"maxLength": 3}},
    ):
        fault = JsonSchemaRsValidator().fault_of_value(freeze_object(schema), said)
        assert fault is not None
        assert _SAID not in fault


@_installed
def test_keys_of_a_value_are_shown_only_where_the_schema_names_them() -> None:
    schema = freeze_object({"additionalProperties": {"type": "integer"}})
    assert JsonSchemaRsValidator().fault_of_value(schema, freeze({"surprise": "x"})) == "$[…]: expected integer"


@_installed
def test_a_value_cannot_satisfy_what_is_no_schema() -> None:
    fault = JsonSchemaRsValidator().fault_of_value(freeze_object({"type": "nonsense"}), 1)
    assert fault == "the schema is none: what stands at $.type is not allowed there"


@_installed
@pytest.mark.parametrize("pattern", ["(?=a)", r"(a)\1", "(", "a{1000000}"])
def test_patterns_that_are_not_linear_are_refused(pattern: str) -> None:
    fault = JsonSchemaRsValidator().fault_of_schema(freeze_object({"properties": {"a": {"pattern": pattern}}}))
    assert fault is not None
    assert "the pattern at $.properties.a.pattern" in fault


@_installed
def test_a_hostile_pattern_takes_no_time() -> None:
    started = time.process_time()
    fault = JsonSchemaRsValidator().fault_of_value(freeze_object({"pattern": "^(a+)+$"}), "a" * 5000 + "!")
    assert fault == '$: "pattern" is not satisfied'
    assert time.process_time() - started < 1


@_installed
def test_references_in_circles_end() -> None:
    for schema in (
        {"$ref": "#"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    ):
        assert JsonSchemaRsValidator().fault_of_value(freeze_object(schema), 1) is None


# ── remembered ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every schema that the library compiles."""
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    seen: list[object] = []
    compile_one = jsonschema_rs.validator_for

    def noted(schema: object, **how: object) -> object:
        seen.append(schema)
        return compile_one(schema, **how)

    monkeypatch.setattr(jsonschema_rs, "validator_for", noted)
    return seen


def test_a_schema_that_was_judged_before_is_not_compiled_again(compiled: list[object]) -> None:
    validator = JsonSchemaRsValidator()
    for _ in range(3):
        assert validator.fault_of_schema(freeze_object(_PERSON)) is None
    assert len(compiled) == 1
    for name in ("Ada", 1, "Bo"):
        fault = validator.fault_of_value(freeze_object(_PERSON), freeze({"name": name}))
        assert fault == (None if isinstance(name, str) else "$.name: expected string")
    assert len(compiled) == 2


def test_what_another_runtime_learned_is_not_known(compiled: list[object]) -> None:
    for validator in (InstalledValidator(), InstalledValidator()):
        assert validator.fault_of_schema(freeze_object(_PERSON)) is None
    assert len(compiled) == 2


def test_what_is_no_schema_is_none_each_time(compiled: list[object]) -> None:
    validator = JsonSchemaRsValidator()
    faults = [validator.fault_of_schema(freeze_object({"type": "nonsense"})) for _ in range(2)]
    assert faults == ["what stands at $.type is not allowed there"] * 2
    assert len(compiled) == 2


@_installed
def test_schemas_that_are_equal_as_values_are_told_apart() -> None:
    validator = JsonSchemaRsValidator()
    good, bad = freeze_object({"minimum": 1}), freeze_object({"minimum": True})
    assert good == bad
    assert validator.fault_of_schema(good) is None
    assert validator.fault_of_schema(bad) is not None
    assert validator.fault_of_value(freeze_object({"const": 1}), freeze(1)) is None
    assert validator.fault_of_value(freeze_object({"const": True}), freeze(1)) is not None


def test_no_more_is_remembered_than_there_is_room_for(compiled: list[object]) -> None:
    validator = JsonSchemaRsValidator()
    for length in range(1_000):
        schema = freeze_object({"minLength": length})
        assert validator.fault_of_schema(schema) is None
        assert (validator.fault_of_value(schema, "a word") is None) == (length <= len("a word"))
    assert len(compiled) == 2_000
    assert len(validator._known) <= 256
    assert len(validator._compiled) <= 8
    assert validator.fault_of_schema(freeze_object({"minLength": 0})) is None
    assert len(compiled) == 2_001, "the one that came first was forgotten first"


@_installed
@given(st.lists(json_objects(), max_size=4))
def test_a_validator_that_remembers_says_what_a_fresh_one_says(schemas: list[JsonObject]) -> None:
    validator = JsonSchemaRsValidator()
    for schema in (*schemas, *schemas):
        assert validator.fault_of_schema(schema) == JsonSchemaRsValidator().fault_of_schema(schema)
        assert validator.fault_of_value(schema, 1) == JsonSchemaRsValidator().fault_of_value(schema, 1)


# ── without ─────────────────────────────────────────────────────────────────────────────────


@given(json_objects(), json_values())
def test_without_a_library_nothing_is_said_about_values(schema: JsonObject, value: JsonValue) -> None:
    assert not ShapeOnlyValidator().validates_values
    assert ShapeOnlyValidator().fault_of_value(schema, value) is None


# ── which one ───────────────────────────────────────────────────────────────────────────────


def _choice(prelude: str) -> str:
    script = (
        f"import sys; {prelude}\n"
        "from provider_runtime.adapters.schemas import best_validator\n"
        "print(type(best_validator()).__name__, 'jsonschema_rs' in sys.modules)"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


@_installed
def test_the_library_is_chosen_where_it_is_installed_and_imported_only_on_use() -> None:
    assert isinstance(best_validator(), JsonSchemaRsValidator)
    assert _choice("") == "JsonSchemaRsValidator False"


def test_without_the_library_the_shape_is_checked() -> None:
    assert isinstance(best_validator(find=lambda _: None), ShapeOnlyValidator)


def test_what_is_installed_is_looked_for_when_a_schema_comes_up_and_not_before() -> None:
    looked_for: list[str] = []
    validator = InstalledValidator(find=looked_for.append)
    assert looked_for == []
    assert validator.fault_of_schema(freeze_object({"type": "nonsense"})) is not None
    assert set(looked_for) == {"jsonschema_rs"}
    assert validator.fault_of_value(freeze_object({"type": "string"}), 1) is None, "the shape is all that is checked"
    assert not validator.validates_values


@_installed
def test_the_installed_library_judges_values_too() -> None:
    assert InstalledValidator().validates_values
    assert InstalledValidator().fault_of_value(freeze_object({"type": "string"}), 1) == "$: expected string"
