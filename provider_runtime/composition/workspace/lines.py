"""On which line of a TOML text each of its keys stands."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]


def lines_of(text: str) -> dict[Path, int]:
    """The line of each key and each element of a list of tables, counted from 1. ``text`` is valid TOML.

    The parser of the standard library tells no lines. Every statement of TOML begins on a line of
    its own, and no beginning of a statement is one: so a statement ends with the first line up to
    which it can be parsed.
    """
    found: dict[Path, int] = {}
    header: Path = ()
    counted: dict[Path, int] = {}
    for number, statement in _statements(text):
        is_header = statement.lstrip().startswith("[")  # which no key begins with
        if not is_header:
            for path in _paths(tomllib.loads(statement)):
                found.setdefault((*header, *path), number)
        elif statement.lstrip().startswith("[["):
            named = _named(tomllib.loads(statement), counted)
            index = counted.get(named, 0)
            counted[named] = index + 1
            header = (*named, index)
            found[header] = number
        else:
            header = _named(tomllib.loads(statement), counted)
            found.setdefault(header, number)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement with the number of its first line."""
    begun = ""
    first = 1
    for number, line in enumerate(text.split("\n"), 1):
        if not begun:
            first = number
        begun += line + "\n"
        try:
            tomllib.loads(begun)
        except tomllib.TOMLDecodeError:
            continue
        yield first, begun
        begun = ""


def _named(parsed: Mapping[str, Any], counted: Mapping[Path, int]) -> Path:
    """The path that a header names; inside a list of tables, that of its last element."""
    path: Path = ()
    node: Any = parsed
    while node:
        ((key, node),) = node.items()
        path = (*path, key)
        if isinstance(node, list):
            return path
        if node and path in counted:
            path = (*path, counted[path] - 1)
    return path


def _paths(parsed: Mapping[str, Any]) -> Iterator[Path]:
    for key, value in parsed.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *rest) for rest in _paths(value))
