"""values_of: values of any type of the domain, by its own strategy if it has one, else by the types of its fields."""

import re
import types
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs
from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from provider_runtime.domain.errors import ProviderRuntimeError
from provider_runtime.domain.json_values import JsonObject
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.strategies.domain.own import OWN
from provider_runtime.testing.strategies.values import (
    few,
    floats,
    json_objects,
    json_values,
    moments,
    names,
    texts,
)

T = TypeVar("T")
Strategies = Mapping[Any, Callable[[], SearchStrategy[Any]]]
_REFUSED: Final = (ValueError, TypeError, ProviderRuntimeError)
_SINGLE: Final[Strategies] = types.MappingProxyType(
    {
        str: lambda: names() | texts(),
        int: lambda: st.integers(0, 100) | st.integers(0, 2**31),
        float: lambda: floats(0, 1000),
        bool: st.booleans,
        bytes: lambda: st.binary(max_size=20),
        Decimal: lambda: st.decimals(0, 1000, places=6),
        datetime: moments,
        timedelta: lambda: st.timedeltas(timedelta(), timedelta(days=30)),
        Path: lambda: names().map(Path),
        JsonObject: json_objects,
        Secret: lambda: st.text("abcdef0123456789", min_size=8, max_size=20).map(Secret),
        type(None): st.none,
        object: json_values,
        re.Pattern: lambda: st.just(re.compile("[a-z]+")),
    }
)


def values_of(kind: type[T]) -> SearchStrategy[T]:
    """Values of ``kind``: any class of the domain, an enumeration, a name, or a single value such as text.

    What the class itself refuses is not drawn. Raises ``LookupError`` for what nothing is known of.
    """
    return cast("SearchStrategy[T]", _values(kind))


def _values(kind: Any) -> SearchStrategy[Any]:
    known = OWN.get(kind) or _SINGLE.get(kind)
    if known is not None:
        return known()
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if isinstance(kind, type) and attrs.has(kind):
        return _built(kind)
    return _several(get_origin(kind), get_args(kind), kind)


def _several(origin: Any, of: tuple[Any, ...], kind: Any) -> SearchStrategy[Any]:
    if origin in (Union, types.UnionType):
        is_json = JsonObject in of and bool in of
        return json_values() if is_json else st.one_of([_values(member) for member in of])
    if origin is Literal:
        return st.sampled_from(of)
    if origin is tuple:
        return few(_values(of[0])) if Ellipsis in of else st.tuples(*(_values(one) for one in of))
    if origin in (set, frozenset):
        return (st.sets if origin is set else st.frozensets)(_values(of[0]), max_size=3)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(_values(of[0]), _values(of[1]), max_size=3)
    if origin is not None and (origin in OWN or origin in _SINGLE):
        return _values(origin)
    raise LookupError(f"no strategy is known for {kind}")


@st.composite
def _built(draw: DrawFn, kind: type[Any]) -> Any:
    types_of_fields = get_type_hints(kind)
    given = {
        field.alias: draw(_values(types_of_fields[field.name]))
        for field in attrs.fields(kind)
        if field.init and (field.default is attrs.NOTHING or draw(st.booleans()))
    }
    try:
        return kind(**given)
    except _REFUSED:
        reject()
