"""Labels: what a caller writes on a call for its own records. Short names, never text."""

import re
from typing import Any, Final

from attrs import Attribute

from provider_runtime.domain.json_values import JsonObject

MAX_LABELS: Final = 16
_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}\Z")
# The alphabet of identifiers in events: no spaces, so that no sentence fits. Source: semantics C.9.
_VALUE: Final = re.compile(r"[A-Za-z0-9_.:/@+-]{1,128}\Z")
_TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}\Z")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_.:/@+-]{1,256}\Z")


def check_labels(_instance: object, attribute: "Attribute[Any]", labels: JsonObject) -> None:
    """At most 16 labels: a lower-case name, a value of letters, digits and ``_.:/@+-``. Quotes no value."""
    if len(labels) > MAX_LABELS:
        raise ValueError(f"{attribute.name} may hold {MAX_LABELS} labels, not {len(labels)}")
    for name, value in labels.items():
        if not _NAME.match(name):
            raise ValueError(f"{attribute.name}: {name!r:.70} is no label name; write it like tenant or job.id")
        if not isinstance(value, str) or not _VALUE.match(value):
            raise ValueError(
                f"{attribute.name}[{name!r}] must be 1 to 128 letters, digits or any of _.:/@+-: "
                "labels are names for records, no place for text"
            )


def check_trace_id(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
    """A W3C trace id: 32 lower-case hexadecimal digits, not all zero."""
    if not isinstance(value, str) or not _TRACE_ID.match(value):
        raise ValueError(f"{attribute.name} must be 32 lower-case hexadecimal digits, not all zero")


def is_identifier(value: object) -> bool:
    """Whether it is 1 to 256 letters, digits or any of ``_.:/@+-``."""
    return isinstance(value, str) and _IDENTIFIER.match(value) is not None


def check_identifier(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
    """1 to 256 letters, digits or any of ``_.:/@+-``."""
    if not is_identifier(value):
        raise ValueError(f"{attribute.name} must be 1 to 256 letters, digits or any of _.:/@+-")
