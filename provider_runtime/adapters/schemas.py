"""JSON Schema: a validator by jsonschema-rs where it is installed, and a plausibility check where it is not."""

import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Never, TypeVar

import msgspec
from attrs import define, field, frozen

from provider_runtime.domain.json_values import JsonObject, JsonValue
from provider_runtime.ports.schemas import SchemaValidator

if TYPE_CHECKING:
    import jsonschema_rs

T = TypeVar("T")
_LIBRARY: Final = "jsonschema_rs"
_MOST_KNOWN: Final = 256  # digests of schemas: some 40 KiB at the most
_MOST_COMPILED: Final = 8  # a compiled schema takes some sixteen times its text
_NOT_ONE: Final = (ValueError, RecursionError)  # the library's ValidationError is a ValueError
_AS_GIVEN: Final = msgspec.json.Encoder()
_NAME: Final = re.compile(r"[A-Za-z0-9_$.\-]{1,40}\Z")


def best_validator(find: Callable[[str], object | None] = find_spec) -> SchemaValidator:
    """The validator that this installation allows; ``find`` says what is installed. Imports nothing yet."""
    return JsonSchemaRsValidator() if find(_LIBRARY) is not None else ShapeOnlyValidator()


@define
class InstalledValidator:
    """The best validator that this installation allows, looked for when a schema comes up.

    Not before: looking for a library takes longer than making most parts of a runtime, and few
    calls carry a schema. ``find`` says what is installed.
    """

    find: Callable[[str], object | None] = find_spec
    _found: SchemaValidator | None = field(default=None, init=False, repr=False, eq=False)

    @property
    def validates_values(self) -> bool:
        return self._best().validates_values

    def fault_of_schema(self, schema: JsonObject) -> str | None:
        return self._best().fault_of_schema(schema)

    def fault_of_value(self, schema: JsonObject, value: JsonValue) -> str | None:
        return self._best().fault_of_value(schema, value)

    def _best(self) -> SchemaValidator:
        if self._found is None:
            self._found = best_validator(self.find)
        return self._found


# ── with jsonschema-rs ──────────────────────────────────────────────────────────────────────


@define
class JsonSchemaRsValidator:
    """Judges schemas and values by jsonschema-rs, which is imported on first use (extra ``schema``).

    Closed to the outside: a ``$ref`` that leaves the schema is a fault of the schema; left alone,
    the library would fetch it, files included. Patterns run in linear time, so look-around and
    back-references are refused. What a schema costs is its author's affair: ``$ref`` can be
    nested so that checking takes exponentially long.

    Remembers by its digest what was found to be a schema, and the last few that values were held
    against: callers offer the same tools with every call, and compiling takes fifty times as long
    as writing. So each runtime has one of its own.
    """

    _known: dict[bytes, None] = field(factory=dict, init=False, repr=False, eq=False)
    _compiled: "dict[bytes, jsonschema_rs.Validator]" = field(factory=dict, init=False, repr=False, eq=False)

    @property
    def validates_values(self) -> bool:
        return True

    def fault_of_schema(self, schema: JsonObject) -> str | None:
        try:
            digest = _digest(schema)
            if digest not in self._known:
                _compile(schema)
                _keep(self._known, digest, None, most=_MOST_KNOWN)
        except _NOT_ONE as error:
            return _why_no_schema(error)
        return None

    def fault_of_value(self, schema: JsonObject, value: JsonValue) -> str | None:
        """Where ``value`` breaks ``schema``; a schema that is none breaks everything."""
        try:
            digest = _digest(schema)
            compiled = self._compiled.get(digest)
            if compiled is None:
                compiled = _compile(schema)
                _keep(self._compiled, digest, compiled, most=_MOST_COMPILED)
            fault = next(iter(compiled.iter_errors(value)), None)
        except _NOT_ONE as error:
            return f"the schema is none: {_why_no_schema(error)}"
        return None if fault is None else _why_not(fault)


def _digest(schema: JsonObject) -> bytes:
    """Of the text: as values, ``1``, ``1.0`` and ``True`` are equal, and not all of them can stand in one place."""
    return sha256(_AS_GIVEN.encode(schema)).digest()


def _keep(known: dict[bytes, T], digest: bytes, value: T, *, most: int) -> None:
    """Remember ``value``; where there are ``most``, the one that came first is forgotten."""
    if len(known) >= most:
        known.pop(next(iter(known)))
    known[digest] = value


def _compile(schema: JsonObject) -> "jsonschema_rs.Validator":
    import jsonschema_rs  # noqa: PLC0415 - 25 ms, and the extra may be absent

    return jsonschema_rs.validator_for(schema, retriever=_refuse, pattern_options=jsonschema_rs.RegexOptions())


def _refuse(_address: str) -> Never:
    raise LookupError("nothing outside a schema is ever read")


def _why_no_schema(error: Exception) -> str:
    kind = getattr(getattr(error, "kind", None), "name", None)
    if kind is None:
        return "it is nested too deeply"
    if kind == "$ref":
        return "a reference or $schema in it leads nowhere, or outside; nothing outside is ever read"
    place: list[str | int] = list(getattr(error, "instance_path", ()))
    shown = _path(place, known=place)
    if place[-1:] == ["pattern"]:
        return f"the pattern at {shown} is no regular expression, or one that needs look-around or back-references"
    return f"what stands at {shown} is not allowed there"


def _why_not(error: Any) -> str:
    # Keys of the value are shown where the schema names them; others may hold anything.
    known = [*error.schema_path, *error.evaluation_path]
    place, kind = _path(error.instance_path, known=known), error.kind
    if kind.name == "required":
        return f'{place}: "{kind.property}" is missing'
    if kind.name == "type":
        return f"{place}: expected {' or '.join(sorted(kind.types))}"
    if kind.name in {"additionalProperties", "unevaluatedProperties"}:
        return f"{place}: there are fields that the schema does not allow"
    return f'{place}: "{kind.name}" is not satisfied'


def _path(steps: Iterable[str | int], *, known: Iterable[str | int]) -> str:
    names = {name for name in known if isinstance(name, str) and _NAME.match(name)}
    shown = (f"[{step}]" if isinstance(step, int) else f".{step}" if step in names else "[…]" for step in steps)
    return f"${''.join(shown)}"


# ── without a library ───────────────────────────────────────────────────────────────────────

_MAX_DEPTH: Final = 100
_TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_SCHEMA: Final = frozenset(
    {"additionalProperties", "contains", "else", "if", "not", "propertyNames", "then"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
_SCHEMAS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SCHEMAS_BY_NAME: Final = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})


@frozen
class ShapeOnlyValidator:
    """Checks that a schema is plausible, without a library; says nothing about values.

    Catches what people get wrong: types that do not exist, ``properties`` that is a list,
    ``required`` that is not one of texts, schemas that are none, references that lead outside.
    """

    @property
    def validates_values(self) -> bool:
        return False

    def fault_of_schema(self, schema: JsonObject) -> str | None:
        waiting: list[tuple[tuple[str | int, ...], JsonValue]] = [((), schema)]
        while waiting:
            place, inner = waiting.pop()
            if len(place) > _MAX_DEPTH:
                return "it is nested too deeply"
            if isinstance(inner, bool):
                continue
            if not isinstance(inner, JsonObject):
                return _misplaced(place, "a schema")
            for keyword, value in inner.items():
                fault = _fault_of_keyword(keyword, value, (*place, keyword))
                if fault is not None:
                    return fault
                waiting.extend(_inner_schemas(keyword, value, (*place, keyword)))
        return None

    def fault_of_value(self, schema: JsonObject, value: JsonValue) -> str | None:  # noqa: ARG002 - the port's
        """``None``: see ``validates_values``."""
        return None


def _fault_of_keyword(keyword: str, value: JsonValue, place: tuple[str | int, ...]) -> str | None:
    check, words = _KEYWORDS.get(keyword, (None, ""))
    return None if check is None or check(value) else _misplaced(place, words)


def _inner_schemas(
    keyword: str, value: JsonValue, place: tuple[str | int, ...]
) -> Iterable[tuple[tuple[str | int, ...], JsonValue]]:
    if keyword in _SCHEMA or (keyword == "items" and not isinstance(value, tuple)):
        return [(place, value)]
    if keyword in _SCHEMAS_BY_NAME and isinstance(value, JsonObject):
        return [((*place, name), inner) for name, inner in value.items()]
    if isinstance(value, tuple) and (keyword in _SCHEMAS or keyword == "items"):
        return [((*place, number), inner) for number, inner in enumerate(value)]
    return []


def _misplaced(place: tuple[str | int, ...], words: str) -> str:
    return f"what stands at {_path(place, known=map(str, place))} is not {words}"


def _is_type(value: JsonValue) -> bool:
    names = value if isinstance(value, tuple) else (value,)
    return bool(names) and all(isinstance(name, str) and name in _TYPES for name in names)


def _is_texts(value: JsonValue) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, str) for item in value)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_size(value: JsonValue) -> bool:
    return _is_number(value) and value == int(value) and value >= 0  # type: ignore[arg-type,operator]  # a number


_KEYWORDS: Final[dict[str, tuple[Callable[[JsonValue], bool], str]]] = {
    "type": (_is_type, "the name of a type, or a list of them"),
    "required": (_is_texts, "a list of names"),
    "enum": (lambda value: isinstance(value, tuple), "a list"),
    "pattern": (lambda value: isinstance(value, str), "a regular expression"),
    "$ref": (lambda value: isinstance(value, str) and value.startswith("#"), "a reference into this schema"),
    **dict.fromkeys(_SCHEMAS_BY_NAME, (lambda value: isinstance(value, JsonObject), "an object of schemas")),
    **dict.fromkeys(_SCHEMAS, (lambda value: isinstance(value, tuple) and bool(value), "a list of schemas")),
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), (_is_number, "a number")
    ),
    **dict.fromkeys(
        ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
        (_is_size, "a whole number from 0"),
    ),
}
