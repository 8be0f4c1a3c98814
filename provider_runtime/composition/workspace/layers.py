"""Layers of settings: a file, variables, options; what a later one says goes before what an earlier one said."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from provider_runtime.domain.json_values import tuple_of


class OriginKind(StrEnum):
    """Who said it."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    OPTION = "option"
    CALLER = "caller"


@frozen
class Origin:
    """Where a value comes from: ``where`` is a file with its line, a variable or an option."""

    kind: OriginKind
    where: str = ""

    def __str__(self) -> str:
        return self.where or self.kind.value


DEFAULT: Final = Origin(OriginKind.DEFAULT)


@frozen(kw_only=True)
class Layer:
    """What one source says: a tree of plain values, and where each key of it was said, by path."""

    tree: Mapping[str, Any] = field(factory=dict, repr=False)
    origins: Mapping[str, Origin] = field(factory=dict)


def layered(layers: Iterable[Layer]) -> Layer:
    """One layer of several, the later going first. Tables are put together, everything else is replaced."""
    tree: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for layer in layers:
        said = tuple(leaves(layer.tree))
        for path, _ in said:
            # A value that is replaced takes everything with it that was said inside.
            origins = {known: origin for known, origin in origins.items() if not is_inside(known, path)}
        origins |= layer.origins
        tree = _merged(tree, layer.tree)
    return Layer(tree=tree, origins=origins)


def leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that is no table, with its path such as ``retry.max_attempts``; an empty table is a value, too."""
    for key, value in tree.items():
        path = f"{above}.{key}" if above else key
        if isinstance(value, Mapping) and value:
            yield from leaves(value, path)
        else:
            yield path, value


def origin_of_path(path: str, origins: Mapping[str, Origin]) -> Origin | None:
    """Where the value at ``path`` was said: there, or by the nearest table around it that was said as a whole."""
    while path:
        if path in origins:
            return origins[path]
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return None


def is_inside(path: str, table: str) -> bool:
    """Whether ``path`` is ``table``, or lies in it."""
    return path == table or path.startswith((f"{table}.", f"{table}["))


def path_of(steps: Iterable[str | int]) -> str:
    """Keys and positions as one text: ``budgets[0].name``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in tuple_of(steps))
    return text.removeprefix(".")


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(known, value) if both else value  # type: ignore[arg-type]  # both are tables
    return merged
