"""What both forms do to read lines: JSON objects, names, and faults that tell their place."""

from binascii import Error as Base64Error
from collections.abc import Callable
from decimal import InvalidOperation
from typing import Any, Final, TypeVar

import msgspec
from attrs import evolve

from provider_runtime.adapters.serialization import DocumentFault, read_json
from provider_runtime.domain.batches.lines import BatchLine
from provider_runtime.domain.errors import RecordCorrupt

T = TypeVar("T")
_LONGEST_NAME: Final = 512

# What a document can do to code that supposes it to be what it once wrote.
UNREADABLE: Final = (
    *(msgspec.MsgspecError, Base64Error, InvalidOperation),
    *(AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError),
)


def object_in(line: BatchLine) -> dict[str, Any]:
    """The JSON object that a line holds. Raises ``DocumentFault``."""
    if line.content is None:
        raise DocumentFault(
            message="this line is too long to be read", remedy="Send large media by address or file id."
        )
    value = read_json(line.content)
    if not isinstance(value, dict):
        raise DocumentFault(message="this line holds no JSON object", remedy="Write one request as one object a line.")
    return value


def name_in(value: dict[str, Any], field: str) -> str | None:
    """The name that a line has under ``field``, if any. Raises ``DocumentFault``."""
    name = value.get(field)
    if name is None:
        return None
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise DocumentFault(
            field=field,
            message=f"expected a text of 1 to {_LONGEST_NAME} printable characters",
            remedy="Give the line a short name, or none.",
        )
    return name


def below(path: str, read: Callable[[], T]) -> T:
    """What ``read`` returns; a fault it raises is told as one below ``path``."""
    try:
        return read()
    except DocumentFault as fault:
        inner = fault.field if fault.field not in {"", "$"} else ""
        moved = evolve(fault, field=f"{path}{inner}" if inner.startswith("[") else f"{path}.{inner}".removesuffix("."))
    raise moved


def unreadable() -> RecordCorrupt:
    """What stands among the answers of a batch is none."""
    return RecordCorrupt(
        kind="batch",
        key="answer",
        message="a line of the output is no answer of this batch",
        remedy="Restore the output from a copy, or write the answers to another file.",
    )
