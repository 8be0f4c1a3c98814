"""JSON that cannot change: frozen on entry, equal values in equal text."""

import math
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, Final, Never, TypeAlias

MAX_DEPTH: Final = 200  # far beyond any schema seen, well inside Python's own recursion limit

_LARGEST_INT: Final = 10**4000  # Python prints integers of up to 4300 digits, and so does the JSON codec
_SMALLEST_INT: Final = -_LARGEST_INT
_LOOKED_INTO: Final = frozenset({dict, list, int})


class JsonObject(dict[str, "JsonValue"]):
    """A JSON object whose keys and values never change after it is made.

    Keeps the order of its keys, since models read schemas in order; equality and hash ignore
    the order. Make one with ``freeze``: it also freezes what is inside. A ``dict`` underneath,
    so that the JSON codec writes it without a copy; every mutating method raises ``TypeError``.
    """

    __slots__ = ()

    def _refuse(self, *_args: object, **_kwargs: object) -> Never:
        raise TypeError("JsonObject is frozen: build a new one with freeze({...})")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]  # dict says None; a frozen one can be hashed
        return hash(frozenset(self.items()))

    def __copy__(self) -> "JsonObject":
        return self

    def __deepcopy__(self, _memo: object) -> "JsonObject":
        return self

    def __reduce__(self) -> tuple[type["JsonObject"], tuple[dict[str, "JsonValue"]]]:
        return (JsonObject, (dict(self),))


_put: Final = dict.__setitem__  # into an object that nobody has seen yet

JsonScalar: TypeAlias = bool | int | float | str | None
JsonValue: TypeAlias = JsonScalar | tuple["JsonValue", ...] | JsonObject

EMPTY_OBJECT: Final = JsonObject()


def freeze(value: object) -> JsonValue:
    """The same JSON value, frozen: objects to ``JsonObject``, lists to tuples.

    Raises ``ValueError`` for what JSON cannot hold: NaN, infinities, keys that are not text,
    other types, lone surrogates, integers of more than 4000 digits, more than 200 levels.
    """
    return _frozen(value, 0)


def freeze_object(value: object) -> JsonObject:
    """``freeze`` for a value that has to be an object. Raises ``ValueError`` when it is not one."""
    if type(value) is JsonObject:
        return value
    if not isinstance(value, dict | Mapping):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")
    return _frozen_object(value, 0)


def freeze_parsed(value: Any, depth: int = 0) -> JsonValue:
    """``freeze`` for what a JSON parser made of a text: the texts and fractions in it are good already.

    Raises ``ValueError`` for integers of more than 4000 digits and more than 200 levels.
    """
    kind = type(value)
    if kind is not dict and kind is not list:
        return _checked_int(value) if kind is int else value  # a scalar, or frozen
    if depth >= MAX_DEPTH:
        raise ValueError(f"JSON is nested more than {MAX_DEPTH} levels deep")
    depth += 1
    if kind is list:
        if _LOOKED_INTO.isdisjoint(map(type, value)):
            return tuple(value)
        return tuple([freeze_parsed(item, depth) for item in value])
    frozen = JsonObject(value)
    for name, item in value.items():
        kind = type(item)
        if kind is dict or kind is list:
            _put(frozen, name, freeze_parsed(item, depth))
        elif kind is int and not _SMALLEST_INT < item < _LARGEST_INT:
            _checked_int(item)
    return frozen


def _frozen(value: Any, depth: int) -> JsonValue:
    kind = type(value)
    # The plain types, as a parser makes them, come before the question what else might pass for them.
    if kind is str:
        return _checked_text(value)
    if value is None or kind is bool:
        return value  # type: ignore[no-any-return]  # it is one of three
    if kind is int:
        return _checked_int(value)
    if depth >= MAX_DEPTH:
        raise ValueError(f"JSON is nested more than {MAX_DEPTH} levels deep")
    if kind is JsonObject:
        return value  # type: ignore[no-any-return]  # made by freeze, so frozen inside too
    if kind is dict or isinstance(value, Mapping):
        return _frozen_object(value, depth)
    if kind is list or isinstance(value, list | tuple):
        depth += 1
        return tuple([item if type(item) is str and item.isascii() else _frozen(item, depth) for item in value])
    if isinstance(value, int):
        return _checked_int(int(value))
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        raise ValueError("JSON has no NaN and no infinity")
    if isinstance(value, str):
        return _checked_text(str(value))
    raise ValueError(f"JSON cannot hold a {kind.__name__}")


def _frozen_object(value: Mapping[Any, Any], depth: int) -> JsonObject:
    frozen = {}
    depth += 1
    for key, item in value.items():  # most keys and values are plain texts, which are told at a glance
        checked = key if type(key) is str and key.isascii() else _checked_key(key)
        frozen[checked] = item if type(item) is str and item.isascii() else _frozen(item, depth)
    return JsonObject(frozen)


def sorted_object(value: object) -> JsonObject:
    """``freeze_object``, with the keys in order: for labels, whose order means nothing."""
    return JsonObject(sorted(freeze_object(value).items(), key=itemgetter(0)))


def tuple_of(values: Iterable[Any]) -> tuple[Any, ...]:
    """Any iterable but text as a tuple: a converter for fields that hold several things.

    ``Any``, for a type variable here is understood by one type checker (pyright) and by the other (mypy) not.
    """
    if type(values) is tuple:
        return values
    if isinstance(values, str | bytes):
        raise ValueError("expected several values, got one text")
    return tuple(values)


def _checked_key(key: object) -> str:
    if not isinstance(key, str):
        raise ValueError(f"JSON keys are text, not {type(key).__name__}")
    return _checked_text(str(key))  # a plain text: the JSON codec writes no subclasses


def _checked_int(number: int) -> int:
    if _SMALLEST_INT < number < _LARGEST_INT:
        return number
    raise ValueError("JSON integers have at most 4000 digits here")


def _checked_text(text: str) -> str:
    if has_lone_surrogate(text):
        raise ValueError("text holds a lone surrogate, which JSON cannot carry")
    return text


def has_lone_surrogate(text: str) -> bool:
    """Whether ``text`` holds half a character, which UTF-8, and so JSON, cannot carry."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:  # answered, not passed on: the exception holds the whole text
        return True
    return False
