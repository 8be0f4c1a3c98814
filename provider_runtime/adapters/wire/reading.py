"""Reading JSON that may hold anything anywhere: each function takes what it can and never raises.

Providers put ``null`` where their descriptions promise a list, leave fields out, and send numbers
as text. Decoders ask these functions and decide themselves what a missing value means.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from provider_runtime.domain.json_values import JsonValue, freeze

_DECODER: Final = msgspec.json.Decoder()
_MAX_COUNT: Final = 10**9  # a token count beyond a thousand million is not believed


class NotJson(ValueError):
    """The bytes are not a JSON text."""


def parse(body: bytes) -> Any:
    """The JSON value of ``body``. Raises ``NotJson``, whose message quotes nothing of the body."""
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass  # raised below: the codec's own exception may quote the text
    raise NotJson("not a JSON text")


def an_object(value: object) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def a_list(value: object) -> list[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def objects(value: object) -> Iterator[dict[str, Any]]:
    """The objects in a list; everything else in it is passed over."""
    return (item for item in a_list(value) if isinstance(item, dict))


def a_text(value: object) -> str | None:
    """The text, or ``None``."""
    return value if isinstance(value, str) else None


def filled(value: object) -> str | None:
    """The text if it is not empty, else ``None``."""
    return value if isinstance(value, str) and value else None


def a_count(value: object) -> int | None:
    """A token count: a whole number from 0 to a thousand million (``3.0`` counts as 3), else ``None``."""
    if type(value) is int:
        return value if 0 <= value <= _MAX_COUNT else None
    if type(value) is float and value.is_integer():
        return a_count(int(value))
    return None


def a_json(value: object) -> JsonValue:
    """The value, frozen; ``None`` for what cannot be frozen."""
    try:
        return freeze(value)
    except ValueError:
        return None
