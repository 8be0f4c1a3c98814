"""The keys of a configuration file: what each means, of which kind it is, and what it is by default."""

from collections.abc import Iterator, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import attrs
from attrs import frozen

from provider_runtime.adapters.serialization.tags import is_tagged_union, members
from provider_runtime.composition.workspace.config import NAMED_BY_KEY, WorkspaceConfig
from provider_runtime.composition.workspace.meanings import meaning_of
from provider_runtime.domain.conversation.request import ModelRef

ANY_NAME: Final = "<name>"
ANY_NUMBER: Final = "[]"


@frozen(kw_only=True)
class Key:
    """One key. ``path`` as in ``retry.max_attempts``, ``limits.<name>.tokens_per_minute``, ``budgets[].usd``."""

    path: str
    kind: Any
    default: object
    meaning: str

    @property
    def is_one(self) -> bool:
        """Whether there is one value of this path at most, so that a variable or an option can say it."""
        return ANY_NAME not in self.path and ANY_NUMBER not in self.path

    @property
    def takes_text(self) -> bool:
        """Whether what is said of it outside of a file is text as it stands."""
        return any(isinstance(kind, type) and issubclass(kind, str | Enum | ModelRef) for kind in choices(self.kind))


def keys() -> Iterator[Key]:
    """Every key that a configuration file may hold, in the order of ``WorkspaceConfig``."""
    for path, kind, default in _leaves(WorkspaceConfig, WorkspaceConfig(), ""):
        yield Key(path=path, kind=kind, default=default, meaning=meaning_of(path))


def choices(kind: Any) -> tuple[Any, ...]:
    """The kinds that a union allows besides nothing; or ``kind`` itself."""
    if get_origin(kind) in (Union, UnionType):
        return tuple(choice for choice in get_args(kind) if choice is not NoneType)
    return (kind,)


def _leaves(kind: type, usual: object, above: str) -> Iterator[tuple[str, Any, object]]:
    hints = get_type_hints(kind)
    for attribute in attrs.fields(kind):
        if not attribute.init or _is_named_by_key(above, attribute.name):
            continue
        path = f"{above}{attribute.name}"
        default = _default(attribute) if usual is None else getattr(usual, attribute.name)
        hint = hints[attribute.name]
        inner, step = _inside(hint)
        if inner is None:
            yield path, hint, default
        else:
            yield from _leaves(inner, default if step == "." and default is not None else None, f"{path}{step}")


REQUIRED: Final = object()


def _is_named_by_key(above: str, name: str) -> bool:
    return any(above == f"{table}.{ANY_NAME}." and name == field for table, field in NAMED_BY_KEY.items())


def _default(attribute: Any) -> object:
    if attribute.default is attrs.NOTHING:
        return REQUIRED
    made = isinstance(attribute.default, attrs.Factory)  # type: ignore[arg-type]  # a class to isinstance
    return attribute.default.factory() if made else attribute.default


def _inside(kind: Any) -> tuple[type | None, str]:
    """The class whose fields are keys of their own, and how its keys follow; ``None`` for a single value."""
    if is_tagged_union(kind) or (get_origin(kind) is not None and any(map(is_tagged_union, get_args(kind)))):
        return None, ""
    for choice in choices(kind):
        arguments = get_args(choice)
        if get_origin(choice) is tuple and _is_table(arguments[0]):
            return arguments[0], f"{ANY_NUMBER}."
        if _is_mapping(choice):
            return (arguments[1], f".{ANY_NAME}.") if _is_table(arguments[1]) else (None, "")
        if _is_table(choice):
            return choice, "."
    return None, ""


def _is_mapping(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and attrs.has(kind) and kind is not ModelRef and not members(kind)
