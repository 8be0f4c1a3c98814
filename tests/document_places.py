"""Documents taken apart: every place in the canonical form of a value, with its path."""

import copy
from collections.abc import Iterator
from typing import Any

# Fields that hold any JSON: what stands inside is the caller's, not ours.
_FREE = {
    "parameters_schema",
    "arguments_json",
    "schema",
    "metadata",
    "provider_options",
    "raw_provider_content",
    "structured_output",
    "raw_provider_response",
}


def places(document: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value in ``document`` that the format describes, with its path as errors write it."""
    yield path, document
    if isinstance(document, dict):
        free = _FREE | ({"value"} if document.get("type") == "json" else set())
        for key, value in document.items():
            if key not in free:
                yield from places(value, f"{path}.{key}".removeprefix("."))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from places(value, f"{path}[{number}]")


def with_change(document: Any, path: str, change: Any) -> Any:
    """A copy of ``document`` in which ``change`` was made of the value at ``path``."""
    changed = {"": copy.deepcopy(document)}
    for name, value in places(changed[""]):
        if name == path:
            replacement = change(value)
            if path == "":
                return replacement
            holder, key = _holder(changed[""], path)
            holder[key] = replacement
            return changed[""]
    raise AssertionError(f"nothing at {path}")


def _holder(document: Any, path: str) -> tuple[Any, Any]:
    for name, value in places(document):
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, _ in children:
            child = f"{name}[{key}]" if isinstance(value, list) else f"{name}.{key}".removeprefix(".")
            if child == path:
                return value, key
    raise AssertionError(f"nothing holds {path}")
