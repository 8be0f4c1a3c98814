"""What OpenAI's two APIs insist on alike: keys, numbers, labels, strict schemas."""

from typing import Any, Final

from provider_runtime.testing.sandbox.traffic import Arrival, Refused, object_in
from provider_runtime.testing.sandbox.wires.wire import WRONG_KEY

_MOST_LABELS: Final = 16
_LONGEST_LABEL: Final = 64
_LONGEST_LABEL_VALUE: Final = 512


def check_bearer(arrival: Arrival) -> None:
    """The key, in the header where it belongs."""
    if "authorization" not in arrival.headers or arrival.credential is None:
        raise Refused("You did not provide an API key: send it as a bearer token", status=401)
    if arrival.credential == WRONG_KEY:
        raise Refused("Incorrect API key provided: wrong-***", status=401, code="invalid_api_key")


def checked_object(arrival: Arrival) -> dict[str, Any]:
    """The body as an object."""
    body = object_in(arrival.body)
    if body is None:
        raise Refused("We could not parse the JSON body of your request")
    return body


def check_number(body: dict[str, Any], name: str, low: float, high: float) -> None:
    """A number in its range, if it is there at all."""
    value = body.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"Invalid type for '{name}': expected a number", code="invalid_type", param=name)
    if value < low:
        raise Refused(f"Invalid '{name}': expected a value >= {low}", code="decimal_below_min_value", param=name)
    if value > high:
        raise Refused(f"Invalid '{name}': expected a value <= {high}", code="decimal_above_max_value", param=name)


def check_count(body: dict[str, Any], name: str, low: int) -> None:
    """A whole number from ``low``, if it is there at all."""
    value = body.get(name)
    if value is None:
        return
    if type(value) is not int:
        raise Refused(f"Invalid type for '{name}': expected an integer", code="invalid_type", param=name)
    if value < low:
        raise Refused(f"Invalid '{name}': expected a value >= {low}", code="integer_below_min_value", param=name)


def check_labels(body: dict[str, Any]) -> None:
    """Metadata: few pairs of short texts."""
    labels = body.get("metadata")
    if labels is None:
        return
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise Refused("Invalid type for 'metadata': expected texts by name", code="invalid_type", param="metadata")
    if len(labels) > _MOST_LABELS:
        raise Refused(f"Invalid 'metadata': at most {_MOST_LABELS} pairs", code="object_above_max_properties")
    if any(len(name) > _LONGEST_LABEL or len(value) > _LONGEST_LABEL_VALUE for name, value in labels.items()):
        raise Refused("Invalid 'metadata': a name or a value is too long", code="string_above_max_length")


def check_function(function: Any, place: str, names: list[str]) -> None:
    """A function tool, wherever it stands; adds its name to ``names``."""
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str) or not name:
        raise Refused(
            f"Missing required parameter: '{place}.name'.", code="missing_required_parameter", param=f"{place}.name"
        )
    if len(name) > 64 or not all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in name):
        raise Refused(
            f"Invalid '{place}.name': letters, digits, '_' and '-' only, at most 64", code="invalid_value", param=place
        )
    schema = function.get("parameters")
    if schema is not None and not isinstance(schema, dict):
        raise Refused(f"Invalid type for '{place}.parameters': expected an object", code="invalid_type", param=place)
    if function.get("strict"):
        fault = strict_fault(schema or {})
        if fault is not None:
            raise Refused(
                f"Invalid schema for function '{name}': {fault}",
                code="invalid_function_parameters",
                param=f"{place}.parameters",
            )
    names.append(name)


def check_schema_format(wanted: dict[str, Any], place: str) -> None:
    """A JSON schema to answer by: ``name``, ``schema`` and ``strict`` side by side."""
    if not wanted.get("name") or not isinstance(wanted.get("schema"), dict):
        raise Refused(
            f"Missing required parameter: '{place}.name' or '{place}.schema'.", code="missing_required_parameter"
        )
    fault = strict_fault(wanted["schema"]) if wanted.get("strict") else None
    if fault is not None:
        raise Refused(
            f"Invalid schema for response_format '{wanted['name']}': {fault}", code="invalid_json_schema", param=place
        )


def strict_fault(schema: object, *, top: bool = True) -> str | None:
    """Why strict mode would not take ``schema``: objects must be closed, and all properties required."""
    if isinstance(schema, list):
        return next((fault for item in schema if (fault := strict_fault(item, top=False))), None)
    if not isinstance(schema, dict):
        return None
    if top and schema.get("type") != "object":
        return "the schema must be of type 'object'"
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, dict):
        if schema.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false"
        left_out = set(properties or ()) - set(schema.get("required") or ())
        if left_out:
            return f"'required' is required to name every property; missing: {min(left_out)}"
    for name in ("properties", "$defs", "definitions"):
        children = schema.get(name)
        if isinstance(children, dict):
            fault = strict_fault(list(children.values()), top=False)
            if fault is not None:
                return fault
    return next((fault for name in ("items", "anyOf") if (fault := strict_fault(schema.get(name), top=False))), None)


def mentions_json(value: object) -> bool:
    """Whether the word JSON stands in any text of ``value``: asking for a JSON object demands it."""
    if isinstance(value, str):
        return "json" in value.lower()
    if isinstance(value, dict):
        return any(mentions_json(item) for item in value.values())
    return isinstance(value, list) and any(mentions_json(item) for item in value)
