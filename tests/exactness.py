"""Values taken apart: two are exactly alike when their shapes are equal, types, order and signs of zero included."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs


def shape(value: Any) -> Any:
    """``value`` as nested tuples of type names and texts; equality there is exact."""
    name = type(value).__name__
    if isinstance(value, Enum):
        return (name, value.name)
    if isinstance(value, dict):
        return (name, tuple((shape(key), shape(item)) for key, item in value.items()))
    if isinstance(value, tuple | list):
        return (name, tuple(shape(item) for item in value))
    if isinstance(value, bool | int | float | str | bytes | Decimal | datetime) or value is None:
        return (name, repr(value))
    fields = attrs.fields_dict(type(value))
    return (name, tuple((field, shape(getattr(value, field))) for field in fields))
