"""JSON Schema as far as the API knows it: a schema comes in, one that it takes goes out."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import define

from provider_runtime.domain.json_values import JsonObject

# Source: the API description, GenerationConfig.responseJsonSchema: "only the following properties
# are supported"; propertyOrdering is its own, and captured traffic shows that defaults are taken.
_KNOWN: Final = frozenset(
    {
        "$id",
        "$anchor",
        "type",
        "format",
        "title",
        "description",
        "enum",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
        "required",
        "default",
        "propertyOrdering",
    }
)
# They hold nobody to anything, so leaving them out loses nothing that a schema is for.
_REMARKS: Final = frozenset(
    {"$schema", "$comment", "example", "examples", "deprecated", "readOnly", "writeOnly", "discriminator"}
)
_NAMED: Final = frozenset({"properties", "$defs"})
_LISTED: Final = frozenset({"anyOf", "oneOf", "prefixItems"})
_SINGLE: Final = frozenset({"items", "additionalProperties"})
_OLD_PLACE: Final = "#/definitions/"


@define(kw_only=True)
class Adapted:
    """A schema as the API takes it. ``lost``: the constraints that it would not understand, by name."""

    schema: dict[str, Any]
    lost: set[str]


def adapted(schema: JsonObject) -> Adapted:
    """``schema`` in the keywords that the API knows; whatever satisfies the given one satisfies it."""
    lost: set[str] = set()
    return Adapted(schema=_object(schema, lost), lost=lost)


def _any(value: object, lost: set[str]) -> Any:
    if value is True:
        return {}
    return _object(value, lost) if isinstance(value, Mapping) else value


def _object(schema: Mapping[str, Any], lost: set[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _KNOWN and key != "enum":
            kept[key] = value
        elif key in _SINGLE:
            kept[key] = value if isinstance(value, bool) and key == "additionalProperties" else _any(value, lost)
        elif key in _LISTED and isinstance(value, tuple):
            kept[key] = [_any(item, lost) for item in value]
        elif (key in _NAMED or key == "definitions") and isinstance(value, Mapping):
            named = {name: _any(item, lost) for name, item in value.items()}
            name = "$defs" if key == "definitions" else key
            kept[name] = {**kept.get(name, {}), **named}
        elif key not in _REMARKS:
            _rephrase(key, schema, kept, lost)
    return _alone(kept, lost)


def _rephrase(key: str, schema: Mapping[str, Any], kept: dict[str, Any], lost: set[str]) -> None:
    """What the API does not know by this name and may know by another."""
    value = schema[key]
    if key == "$ref" and isinstance(value, str):
        # The older home of definitions is not looked at.
        kept["$ref"] = f"#/$defs/{value.removeprefix(_OLD_PLACE)}" if value.startswith(_OLD_PLACE) else value
    elif key in {"const", "enum"}:
        choices = value if key == "enum" and isinstance(value, tuple) else (value,)
        if all(type(choice) in (str, int, float) for choice in choices):  # nothing else may be chosen from
            kept["enum"] = list(choices)
        else:
            lost.add(key)
    elif key == "allOf" and isinstance(value, tuple) and len(value) == 1 and "anyOf" not in schema:
        kept["anyOf"] = [_any(value[0], lost)]  # all of one is any of one
    else:
        lost.add(key)


def _alone(kept: dict[str, Any], lost: set[str]) -> dict[str, Any]:
    """A reference stands alone: the API takes nothing beside it but what begins with ``$``."""
    if "$ref" not in kept or all(name.startswith("$") for name in kept):
        return kept
    if kept.pop("anyOf", None) is not None:
        lost.add("anyOf")
    reference = kept.pop("$ref")
    return {"anyOf": [{"$ref": reference}], **kept}
