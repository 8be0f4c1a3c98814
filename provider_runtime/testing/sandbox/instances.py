"""A value that satisfies a JSON schema, filled with what somebody said.

Looked at: type, properties, required, items, prefixItems, enum, const, $ref within the schema,
anyOf, oneOf, allOf, format, and the bounds on numbers, lengths and counts. A pattern is met only
if a word of the text happens to meet it; not, if and dependent keywords are passed over.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, Final

from attrs import define, field

_DEEP: Final = 5  # below this many levels only what is required is filled in
_MOST_TEXT: Final = 200
_MOST_PADDING: Final = 100_000  # what a schema may ask for at least, in characters
_MOST_ITEMS: Final = 1000
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_QUOTED: Final = re.compile(r"[\"“«]([^\"”»]+)[\"”»]")
_CAPITALISED: Final = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w'-]*(?: [A-Z][\w'-]*)*")
_PLACES: Final = frozenset({"city", "location", "place", "country", "region", "name", "person", "who", "where", "town"})
_FORMATS: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def instance_of(schema: Any, text: str) -> Any:
    """A value that ``schema`` allows. Equal schema and text give an equal value."""
    return _Maker(root=schema, text=text.strip()).make(schema, "", 0)


@define(kw_only=True)
class _Maker:
    """The making of one value. ``numbers`` are those of the text, each used once, in order."""

    root: Any
    text: str
    numbers: Iterator[float] = field(init=False)

    @numbers.default
    def _numbers_of_text(self) -> Iterator[float]:
        return (float(found) for found in _NUMBER.findall(self.text))

    def make(self, schema: Any, name: str, depth: int) -> Any:
        schema = self._resolved(schema, depth)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._chosen(schema["enum"])
        match _kind_of(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "string":
                return self._string(schema, name)
            case "integer" | "number" as kind:
                return self._number(schema, whole=kind == "integer")
            case "boolean":
                return True
            case _:
                return None

    def _resolved(self, schema: Any, depth: int) -> dict[str, Any]:
        """``schema`` with references followed, allOf merged and a branch of anyOf or oneOf taken."""
        for _ in range(32):  # a chain of references longer than that is a circle
            if not isinstance(schema, dict):
                return {}
            rest = dict(schema)
            if isinstance(rest.get("$ref"), str):
                schema = _merged(self._referred(rest.pop("$ref")), rest)
            elif rest.get("allOf"):
                schema = rest
                for part in rest.pop("allOf"):
                    schema = _merged(self._resolved(part, depth), schema)
            elif rest.get("anyOf") or rest.get("oneOf"):
                branches = rest.pop("anyOf", None) or rest.pop("oneOf")
                schema = _merged(self._branch(branches, depth), rest)
            else:
                return rest
        return {}

    def _referred(self, reference: str) -> dict[str, Any]:
        found = self.root
        for step in filter(None, reference.removeprefix("#").split("/")):
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def _branch(self, branches: list[Any], depth: int) -> dict[str, Any]:
        nothing = [branch for branch in branches if isinstance(branch, dict) and branch.get("type") == "null"]
        something = [branch for branch in branches if branch not in nothing]
        wanted = nothing + something if depth > _DEEP else something + nothing
        return wanted[0] if isinstance(wanted[0], dict) else {}

    def _chosen(self, values: list[Any]) -> Any:
        said = self.text.lower()
        return next(
            (value for value in values if isinstance(value, str) and value and value.lower() in said), values[0]
        )

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = schema.get("required") or []
        names = [name for name in properties if name in required or depth < _DEEP]
        names += [name for name in required if name not in properties]
        value = {name: self.make(properties.get(name, {}), name, depth + 1) for name in names}
        others = schema.get("additionalProperties")
        for number in range(len(value), min(schema.get("minProperties", 0), _MOST_ITEMS)):
            value[f"key_{number}"] = self.make(others if isinstance(others, dict) else {}, "", depth + 1)
        return value

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        prefix = schema.get("prefixItems") or []
        fewest = max(schema.get("minItems", 0), len(prefix) or (depth < _DEEP))
        items: list[Any] = []
        for number in range(min(fewest, schema.get("maxItems", fewest), _MOST_ITEMS)):
            inner = prefix[number] if number < len(prefix) else schema.get("items", {})
            value = self.make(inner, _singular(name), depth + 1)
            items.append(self._another(value, inner, items, depth) if schema.get("uniqueItems") else value)
        return items

    def _another(self, value: Any, schema: Any, taken: list[Any], depth: int) -> Any:
        """``value``, or one like it that is not in ``taken``."""
        resolved = self._resolved(schema, depth)
        others = resolved.get("enum") or [_varied(value, number, resolved) for number in range(len(taken) + 2)]
        return next((other for other in [value, *others] if other not in taken), value)

    def _string(self, schema: dict[str, Any], name: str) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        longest = schema.get("maxLength", _MOST_TEXT)
        candidates = [self._said_about(name), self.text, *self.text.split(), "sandbox"]
        pattern = schema.get("pattern")
        fitting = [text[:longest].strip() for text in candidates if not pattern or _meets(text[:longest], pattern)]
        said = next(filter(None, fitting), "")
        return said.ljust(min(schema.get("minLength", 0), _MOST_PADDING), ".")

    def _said_about(self, name: str) -> str:
        """What the text says that may be meant by a field of this name; empty when nothing does."""
        if _PLACES.isdisjoint(re.split(r"[_\W]|(?<=[a-z])(?=[A-Z])", name)) and name.lower() not in _PLACES:
            quoted = _QUOTED.search(self.text)
            return quoted[1] if quoted else self.text
        named = _CAPITALISED.findall(self.text)
        return named[-1] if named else self.text.rstrip("?!. ").rpartition(" ")[2]

    def _number(self, schema: dict[str, Any], *, whole: bool) -> float:
        low, high, step = _bounds(schema, whole=whole)
        value = next(self.numbers, 1.0)
        value = float(min(max(value, low), high))
        if step:
            value = math.ceil(value / step) * step
            value = value if value <= high else math.floor(high / step) * step
        return int(value) if whole or value.is_integer() else value


def _singular(name: str) -> str:
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def _kind_of(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema or "required" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "string"


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Both schemas at once: what ``other`` says counts, but properties and requirements add up."""
    both = {**one, **other}
    if "properties" in one and "properties" in other:
        both["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        both["required"] = [*one["required"], *(name for name in other["required"] if name not in one["required"])]
    return both


def _bounds(schema: dict[str, Any], *, whole: bool) -> tuple[float, float, float]:
    """The least and the greatest value, and what it must be a multiple of; 0 for anything."""
    step = float(schema.get("multipleOf", 1 if whole else 0))
    margin = step or 1e-6
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf) + margin)
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf) - margin)
    return low, high, step


def _varied(value: Any, number: int, schema: dict[str, Any]) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + number * schema.get("multipleOf", 1)
    return f"{value} {number}" if isinstance(value, str) else value


def _meets(text: str, pattern: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False
