"""Field validators that domain types share. Each raises ``TypeError`` or ``ValueError`` naming the field."""

import math
from collections.abc import Callable
from typing import Any, Final

from attrs import Attribute
from attrs.validators import instance_of, min_len, optional

Check = Callable[[Any, "Attribute[Any]", Any], None]

TEXT: Final[Check] = instance_of(str)
FILLED: Final[tuple[Check, ...]] = (instance_of(str), min_len(1))
FLAG: Final[Check] = instance_of(bool)


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
        if not math.isfinite(value) or (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(f"{attribute.name} must be {_span(low, high)}, got {value}")

    return check


def _span(low: float | None, high: float | None) -> str:
    if high is None:
        return "finite" if low is None else f"at least {low}"
    return f"at most {high}" if low is None else f"between {low} and {high}"


def count(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
    """``None`` or a whole number from zero: a counter that a provider may leave out."""
    if value is not None and (type(value) is not int or value < 0):
        raise ValueError(f"{attribute.name} must be a whole number from 0, or None")


OPTIONAL_TEXT: Final[Check] = optional(TEXT)
