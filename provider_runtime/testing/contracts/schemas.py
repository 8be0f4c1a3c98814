"""What every SchemaValidator keeps to."""

from typing import Any

import pytest

from provider_runtime.domain.json_values import JsonObject, freeze, freeze_object
from provider_runtime.ports.schemas import SchemaValidator

_SCHEMA = freeze_object(
    {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "array", "items": {"$ref": "#/$defs/day"}}},
        "required": ["city"],
        "additionalProperties": False,
        "$defs": {"day": {"type": "integer", "minimum": 1}},
    }
)
_UNSPEAKABLE = "do-not-print-me"


class SchemaValidatorContract:
    """Give the fixture ``schemas``."""

    @pytest.fixture
    def schemas(self) -> SchemaValidator:
        raise NotImplementedError("the subclass says which validator")

    def test_it_is_a_validator(self, schemas: SchemaValidator) -> None:
        assert isinstance(schemas, SchemaValidator)

    @pytest.mark.parametrize(
        "schema",
        [
            {},
            {"type": "object", "properties": {}},
            {"enum": ["a", 1, None]},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            {"type": ["string", "null"]},
            {"type": "object", "properties": {"type": {"type": "string"}, "required": {"type": "boolean"}}},
        ],
    )
    def test_a_schema_is_taken_for_one(self, schemas: SchemaValidator, schema: dict[str, Any]) -> None:
        assert schemas.fault_of_schema(freeze_object(schema)) is None

    def test_a_schema_with_inner_references_is_taken_for_one(self, schemas: SchemaValidator) -> None:
        assert schemas.fault_of_schema(_SCHEMA) is None

    @pytest.mark.parametrize(
        "schema",
        [
            {"type": "strin"},
            {"type": 3},
            {"properties": ["city"]},
            {"required": "city"},
            {"properties": {"city": {"type": "nothing"}}},
            {"minLength": -1},
        ],
    )
    def test_what_is_no_schema_has_a_fault_in_one_sentence(
        self, schemas: SchemaValidator, schema: dict[str, Any]
    ) -> None:
        fault = schemas.fault_of_schema(freeze_object(schema))
        assert fault
        assert "\n" not in fault

    @pytest.mark.parametrize("address", ["https://example.com/schema.json", "file:///etc/passwd"])
    def test_a_reference_that_leads_outside_is_a_fault_and_is_not_followed(
        self, schemas: SchemaValidator, address: str
    ) -> None:
        assert schemas.fault_of_schema(freeze_object({"$ref": address})) is not None

    def test_a_value_that_fits_has_no_fault(self, schemas: SchemaValidator) -> None:
        assert schemas.fault_of_value(_SCHEMA, freeze({"city": "Bonn", "days": [1, 2]})) is None

    @pytest.mark.parametrize(
        "value", [None, [], "Bonn", {}, {"city": 3}, {"city": "Bonn", "days": [0]}, {"city": "Bonn", "more": 1}]
    )
    def test_a_value_that_does_not_fit_has_one_if_values_are_judged_at_all(
        self, schemas: SchemaValidator, value: object
    ) -> None:
        assert (schemas.fault_of_value(_SCHEMA, freeze(value)) is not None) == schemas.validates_values

    @pytest.mark.parametrize("value", [{"city": [_UNSPEAKABLE]}, {"city": "Bonn", _UNSPEAKABLE: 1}, _UNSPEAKABLE])
    def test_a_fault_quotes_nothing_of_the_value(self, schemas: SchemaValidator, value: object) -> None:
        assert _UNSPEAKABLE not in (schemas.fault_of_value(_SCHEMA, freeze(value)) or "")

    def test_judging_changes_nothing_and_is_the_same_each_time(self, schemas: SchemaValidator) -> None:
        value = freeze({"city": 3})
        assert schemas.fault_of_value(_SCHEMA, value) == schemas.fault_of_value(_SCHEMA, value)
        assert schemas.fault_of_schema(JsonObject()) is None
