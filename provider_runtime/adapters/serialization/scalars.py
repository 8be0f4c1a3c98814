"""Single values: strict, exact, and each in one written form."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum, IntEnum, StrEnum
from math import isfinite
from typing import Any, Final, Literal, Never, get_args, get_origin

from cattrs import Converter

from provider_runtime.adapters.serialization.faults import DocumentFault, expected, one_of
from provider_runtime.adapters.serialization.tags import TAG_FIELD, members
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import JsonObject, JsonValue, freeze, freeze_object, has_lone_surrogate
from provider_runtime.domain.secrets import Secret

_DECIMAL: Final = re.compile(r"-?[0-9]{1,200}(\.[0-9]{1,200})?(E[+-]?[0-9]{1,9})?\Z", re.IGNORECASE)
_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})\Z"
)


def register_scalars(converter: Converter) -> None:
    """Teach ``converter`` the single values. Nothing is guessed: ``"3"`` is no number, ``1`` no flag."""
    reads: dict[Any, Callable[[Any, Any], Any]] = {
        bool: _flag,
        int: _whole,
        float: _number,
        str: _text,
        bytes: _bytes,
        Decimal: _decimal,
        datetime: _datetime,
        Enum: _member,
        StrEnum: _member,  # named beside Enum: cattrs looks at str and int first
        IntEnum: _member,
        ProviderId: _provider_id,
        JsonObject: lambda value, _: _frozen(freeze_object, value),
        Secret: _secret_in_document,
    }
    for kind, read in reads.items():
        converter.register_structure_hook(kind, read)
    writes: dict[Any, Callable[[Any], Any]] = {
        str: str,  # names are subclasses of text, which the JSON codec does not write
        bytes: lambda value: b64encode(value).decode(),
        Decimal: str,
        datetime: _rfc_3339,
        Enum: _tagged,
        StrEnum: _tagged,
        IntEnum: _tagged,
        JsonObject: _as_it_is,
        Secret: _secret_to_document,
    }
    for kind, write in writes.items():
        converter.register_unstructure_hook(kind, write)
    converter.register_structure_hook_func(_is_json_value, lambda value, _: _frozen(freeze, value))
    converter.register_unstructure_hook_func(_is_json_value, _as_it_is)
    converter.register_structure_hook_func(_is_scalar_union, _scalar)
    converter.register_structure_hook_func(_is_literal, _literal)
    converter.register_unstructure_hook_func(_is_literal, _as_it_is)


def _flag(value: object, _kind: type) -> bool:
    return value if isinstance(value, bool) else expected("true or false", value)


def _whole(value: object, _kind: type) -> int:
    return value if type(value) is int else expected("a whole number", value)


def _number(value: object, _kind: type) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        expected("a number", value)
    if isinstance(value, float) and not isfinite(value):
        raise DocumentFault(message="expected a finite number")
    return value  # an integer stays one: both are written as they were given


def _text(value: object, kind: type[str]) -> str:
    if not isinstance(value, str):
        expected("text", value)
    if has_lone_surrogate(value):
        raise DocumentFault(message="this text holds a lone surrogate, which JSON cannot carry")
    if kind is str:
        return str(value)
    try:
        return kind(value)
    except ValueError:  # its text may quote the value
        pass
    raise DocumentFault(message=f"this is not a {kind.__name__}")


def _provider_id(value: object, kind: type[ProviderId]) -> str:
    """A provider's name; also as ``{"type": "openai"}`` or ``{"type": "other", "name": "acme"}``."""
    if not isinstance(value, dict):
        return _text(value, kind)
    if set(value) == {TAG_FIELD}:
        return _text(value[TAG_FIELD], kind)
    if set(value) == {TAG_FIELD, "name"} and value[TAG_FIELD] == "other":
        return _text(value["name"], kind)
    raise DocumentFault(
        message="this object names no provider", remedy='Write "openai", or {"type": "other", "name": "…"}.'
    )


def _member(value: object, kind: type[Enum]) -> Enum:
    if isinstance(value, dict):
        if set(value) != {TAG_FIELD}:
            raise DocumentFault(message=f'expected an object with "{TAG_FIELD}" alone')
        value = value[TAG_FIELD]
    try:
        if not isinstance(value, bool | float):  # which equal whole numbers
            return kind(value)
    except ValueError:
        pass
    names = [str(member.value) for member in kind]
    raise DocumentFault(message="this is none of the known values", remedy=one_of(names, value))


def _tagged(member: Enum) -> dict[str, object]:
    return {TAG_FIELD: member.value}


def _bytes(value: object, _kind: type) -> bytes:
    if isinstance(value, str):
        try:
            return b64decode(value, validate=True)
        except (Base64Error, ValueError):
            pass
    raise DocumentFault(message="expected bytes as base64 text")


def _decimal(value: object, _kind: type) -> Decimal:
    """An exact amount: text, or a whole number. A fraction in binary is none."""
    if type(value) is int:
        return Decimal(value)
    if isinstance(value, str) and _DECIMAL.match(value):
        try:
            return Decimal(value)
        except InvalidOperation:
            pass
    raise DocumentFault(message="expected an exact decimal number as text", remedy='Write "0.25", with the quotes.')


def _datetime(value: object, _kind: type) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:  # TOML has dates of its own
        return value.astimezone(UTC)
    if isinstance(value, str) and _RFC_3339.match(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise DocumentFault(message="expected a time with its zone", remedy="Write 2026-01-31T12:00:00Z (RFC 3339).")


def _rfc_3339(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time without its zone cannot be written")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _is_json_value(kind: Any) -> bool:
    return JsonObject in get_args(kind)


def _is_scalar_union(kind: Any) -> bool:
    return len(members(kind)) > 1 and set(members(kind)) <= {str, int, float, bool}


def _scalar(value: object, kind: Any) -> object:
    accepted = get_args(kind)
    if type(value) in accepted or (type(value) is int and float in accepted):
        return value
    return expected(" or ".join(choice.__name__ for choice in accepted), value)


def _frozen(freezing: Callable[[object], JsonValue], value: object) -> JsonValue:
    try:
        return freezing(value)
    except ValueError as error:
        message = str(error)  # texts of freeze quote nothing
    raise DocumentFault(message=message)


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _literal(value: object, kind: Any) -> object:
    for choice in get_args(kind):
        if type(choice) is type(value) and choice == value:
            return choice
    raise DocumentFault(message="this is none of the known values", remedy=one_of(map(str, get_args(kind)), value))


def _as_it_is(value: Any) -> Any:
    return value


def _secret_in_document(_value: object, _kind: type) -> Never:
    raise DocumentFault(
        message="a credential never stands in a document",
        remedy='Take it out, and say where it is found: {"type": "env", "name": "…"}.',
    )


def _secret_to_document(_value: Secret) -> Never:
    raise TypeError("a Secret is never written to a document")
