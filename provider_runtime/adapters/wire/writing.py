"""Writing JSON for a wire: the same value always gives the same bytes."""

from typing import Any, Final

import msgspec

from provider_runtime.domain.json_values import JsonValue

FAILED_RESULT: Final = "[tool error] "
"""What stands before the text of a failed tool's result on wires that have no field for it."""

_AS_GIVEN: Final = msgspec.json.Encoder()
_SORTED: Final = msgspec.json.Encoder(order="sorted")


def body_bytes(fields: dict[str, Any]) -> bytes:
    """A request body: keys in the order the codec wrote them, compact, UTF-8."""
    return _AS_GIVEN.encode(fields)


def canonical_text(value: JsonValue) -> str:
    """A JSON value inside a string field: keys sorted at every level, compact."""
    return _SORTED.encode(value).decode()
