"""A configuration as rows: each key, its value in the form of a file, and where it was said."""

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

import attrs
from attrs import frozen

from provider_runtime.composition.workspace.config import NAMED_BY_KEY
from provider_runtime.composition.workspace.layers import DEFAULT, Origin, OriginKind, is_inside
from provider_runtime.composition.workspace.reading import ReadConfig
from provider_runtime.domain.conversation.request import ModelRef

_FOLLOW_MODE = ("policy.", "leakage.")


@frozen(kw_only=True)
class ConfigRow:
    """One setting. ``value`` is as in JSON; ``None``: it is not set, and has no default."""

    key: str
    value: Any
    origin: Origin


def rows_of(read: ReadConfig) -> tuple[ConfigRow, ...]:
    """Every setting of a configuration, those that nobody said as well, in the order of ``WorkspaceConfig``."""
    return tuple(
        ConfigRow(key=path, value=value, origin=_origin(path, read)) for path, value in _leaves(read.config, "")
    )


def _origin(path: str, read: ReadConfig) -> Origin:
    """Where the value was said: by its own key, by keys inside it, or by the list that it stands in."""
    said = read.origins.get(path) or next((read.origins[one] for one in read.origins if is_inside(one, path)), None)
    around = path
    while said is None and around:
        step = max(around.rfind("."), around.rfind("["), 0)
        is_item, around = around[step : step + 1] == "[", around[:step]
        if is_item:
            said = read.origins.get(around)
    if said is not None:
        return said
    if path.startswith(_FOLLOW_MODE) and (mode := read.origins.get("policy.mode")) is not None:
        return Origin(OriginKind.DEFAULT, f"default of the mode at {mode}")
    return DEFAULT


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if attrs.has(type(value)) and not isinstance(value, ModelRef):
        for attribute in attrs.fields(type(value)):
            if attribute.init and not _is_key_above(path, attribute.name):
                yield from _leaves(getattr(value, attribute.name), f"{path}.{attribute.name}".removeprefix("."))
    elif isinstance(value, Mapping) and any(attrs.has(type(item)) for item in value.values()):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}")
    elif isinstance(value, tuple) and value and attrs.has(type(value[0])) and not isinstance(value[0], ModelRef):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}[{number}]")
    else:
        yield path, plain(value)


def _is_key_above(path: str, name: str) -> bool:
    table, dot, key = path.partition(".")
    return bool(dot) and "." not in key and NAMED_BY_KEY.get(table) == name


def plain(value: Any) -> Any:
    """``value`` as JSON has it, in an order that is the same each time."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(map(plain, value))
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return str(value)


def as_toml(value: Any) -> str:
    """A value of a row as it would be written in a file."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {as_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
