"""Field validators that domain types share. Each raises ``TypeError`` or ``ValueError`` naming the field."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from attrs import Attribute, fields_dict

from provider_runtime.domain.json_values import has_lone_surrogate

Check = Callable[[Any, "Attribute[Any]", Any], None]


def is_a(*kinds: type) -> Check:
    """A value of one of these classes. Unlike the check of attrs, its error quotes nothing of the value."""

    def check(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if not isinstance(value, kinds):
            raise TypeError(f"{attribute.name} must be {_names(kinds)}, not {type(value).__name__}")

    return check


def all_are(*kinds: type) -> Check:
    """Several values, each of one of these classes."""
    usual = frozenset(kinds)

    def check(_instance: object, attribute: "Attribute[Any]", values: Iterable[object]) -> None:
        if usual.issuperset(map(type, values)):
            return
        for number, value in enumerate(values):
            if not isinstance(value, kinds):
                raise TypeError(f"{attribute.name}[{number}] must be {_names(kinds)}, not {type(value).__name__}")

    return check


def check_fields(value: Any, checks: Mapping[str, Check]) -> None:
    """Each field by its check: for values of which most are found right at a glance, and few field by field."""
    attributes = fields_dict(type(value))
    for name, check in checks.items():
        check(value, attributes[name], getattr(value, name))


def optional(check: Check) -> Check:
    """``None``, or what satisfies ``check``. The one of attrs takes twice the time, and calls have dozens."""

    def check_if_there(instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if value is not None:
            check(instance, attribute, value)

    return check_if_there


def _names(kinds: tuple[type, ...]) -> str:
    return " or ".join(kind.__name__ for kind in kinds)


def _text(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
    if type(value) is str and value.isascii():
        return  # as most texts are
    if not isinstance(value, str):
        raise TypeError(f"{attribute.name} must be text, not {type(value).__name__}")
    if has_lone_surrogate(value):
        raise ValueError(f"{attribute.name} holds a lone surrogate, which JSON cannot carry")


def _not_empty(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
    if not value:
        raise ValueError(f"{attribute.name} must not be empty")


def _filled(instance: object, attribute: "Attribute[Any]", value: object) -> None:
    _text(instance, attribute, value)
    _not_empty(instance, attribute, value)


def _filled_texts(instance: object, attribute: "Attribute[Any]", values: Iterable[object]) -> None:
    for value in values:
        _filled(instance, attribute, value)


def _text_values(_instance: object, attribute: "Attribute[Any]", values: Mapping[str, object]) -> None:
    for key, value in values.items():
        if not isinstance(value, str):
            raise ValueError(f"{attribute.name}[{key!r:.80}] must be text, not {type(value).__name__}")


TEXT: Final[Check] = _text
FILLED: Final[Check] = _filled
FILLED_TEXTS: Final[Check] = _filled_texts
TEXT_VALUES: Final[Check] = _text_values
NOT_EMPTY: Final[Check] = _not_empty
FLAG: Final[Check] = is_a(bool)


def whole(low: int | None = None, high: int | None = None) -> Check:
    """A whole number in ``low..high``; a ``bool`` is not one."""

    def check(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if type(value) is not int:
            raise TypeError(f"{attribute.name} must be a whole number, not {type(value).__name__}")
        if (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(f"{attribute.name} must be {_span(low, high)}, got {value}")

    return check


def number(low: float | None = None, high: float | None = None) -> Check:
    """A finite number in ``low..high``; a ``bool`` is not one."""

    def check(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{attribute.name} must be a number, not {type(value).__name__}")
        if not _finite(value) or (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(f"{attribute.name} must be {_span(low, high)}, got {value}")

    return check


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False


def _span(low: float | None, high: float | None) -> str:
    if high is None:
        return "finite" if low is None else f"at least {low}"
    return f"at most {high}" if low is None else f"between {low} and {high}"


def count(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
    """``None`` or a whole number from zero: a counter that a provider may leave out."""
    if value is not None and (type(value) is not int or value < 0):
        raise ValueError(f"{attribute.name} must be a whole number from 0, or None")


OPTIONAL_TEXT: Final[Check] = optional(TEXT)
