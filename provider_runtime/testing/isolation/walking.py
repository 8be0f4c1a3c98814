"""The texts that can be come by from an object, and the way to them."""

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import (
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Final

from attrs import define, field

from provider_runtime.testing.isolation.searching import Content

_TEXTS: Final = (str, bytes, bytearray)
_NEVER_ENTERED: Final = frozenset(
    (
        *(type(None), bool, int, float, complex, object),
        *(
            ModuleType,
            CodeType,
            FrameType,
            GetSetDescriptorType,
            MemberDescriptorType,
            MethodDescriptorType,
            WrapperDescriptorType,
        ),
    )
)


@define(kw_only=True)
class Walk:
    """Goes from objects to all they refer to, as the garbage collector sees it; nothing is evaluated on the way.

    ``skip``: classes not to enter, nor any instance of them; ``apart``: ids of further objects to leave
    alone. ``max_depth`` steps away from a root it turns back, after ``max_objects`` it stops.
    Attributes, items, closures, defaults, caches and class attributes are followed; the globals of a
    function are not, unless they are a root.
    """

    skip: Callable[[type], bool] = lambda _kind: False
    apart: frozenset[int] = frozenset()
    max_depth: int = 30
    max_objects: int = 5_000_000
    _parents: dict[int, tuple[object, object]] = field(factory=dict, init=False, repr=False)

    def texts(
        self, roots: Iterable[tuple[str, object]], wanted: Callable[[Content], bool]
    ) -> Iterator[tuple[str, Content]]:
        """Each text that is ``wanted``, with the way to it, such as ``service.CACHE[…].key``."""
        names = {id(thing): (name, thing) for name, thing in roots}
        entered = {*names, *self.apart}
        skipped: dict[type, bool] = {}  # asked once for each class: there are a thousand objects to a class
        ahead: deque[tuple[object, int]] = deque((thing, 0) for _, thing in names.values())
        while ahead and len(entered) < self.max_objects:
            thing, depth = ahead.popleft()
            for held in _referents(thing):
                kind = type(held)
                if isinstance(held, _TEXTS):
                    text = bytes(held) if isinstance(held, bytearray) else held
                    if wanted(text):
                        yield self._way(names, thing, held), text
                elif kind not in _NEVER_ENTERED and id(held) not in entered and depth < self.max_depth:
                    entered.add(id(held))
                    family = held if isinstance(held, type) else kind
                    if family not in skipped:
                        skipped[family] = self.skip(family)
                    if not skipped[family] and not _is_running(held):
                        self._parents[id(held)] = (held, thing)
                        ahead.append((held, depth + 1))

    def _way(self, names: dict[int, tuple[str, object]], holder: object, text: object) -> str:
        steps = [_step(holder, text)]
        while id(holder) not in names:
            _, parent = self._parents[id(holder)]
            steps.append(_step(parent, holder))
            holder = parent
        return names[id(holder)][0] + "".join(reversed(steps))


def _is_running(thing: object) -> bool:
    return isinstance(thing, CoroutineType) and thing.cr_running


def _referents(thing: object) -> Iterable[object]:
    if isinstance(thing, FunctionType):
        return (thing.__closure__, thing.__defaults__, thing.__kwdefaults__, thing.__dict__)
    if isinstance(thing, dict):
        return (*dict.keys(thing), *gc.get_referents(thing))  # the collector passes over keys that are all texts
    return gc.get_referents(thing)


def _step(holder: object, held: object) -> str:
    """How ``held`` is come by from ``holder``: an attribute, an item. Keys that are no names are not shown."""
    if isinstance(holder, dict):
        name = _name_in(holder, held)
        return " (a key)" if name is None else name
    if isinstance(holder, tuple | list | set | frozenset | deque):
        return "[…]"
    if isinstance(holder, FunctionType):
        return " (its closure or defaults)"
    for name in (name for family in type(holder).__mro__ for name in _slots_of(family)):
        if getattr(holder, name, None) is held:
            return f".{name}"
    attributes = getattr(holder, "__dict__", None)
    return "" if attributes is None or attributes is held else _name_in(attributes, held) or ""


def _name_in(items: Mapping[object, object], held: object) -> str | None:
    for key, value in items.items():
        if value is held:
            return f".{key}" if isinstance(key, str) and key.isidentifier() and len(key) <= 40 else "[…]"
    return None


def _slots_of(family: type) -> Iterator[str]:
    slots = family.__dict__.get("__slots__", ())
    return (name for name in ((slots,) if isinstance(slots, str) else slots) if name in family.__dict__)


def direct_texts(thing: object) -> Iterator[Content]:
    """The texts that ``thing`` holds itself, or in containers that the garbage collector does not track."""
    for held in _referents(thing):
        if isinstance(held, str | bytes):
            yield held
        elif isinstance(held, bytearray):
            yield bytes(held)
        elif isinstance(held, dict | tuple) and not gc.is_tracked(held):
            yield from direct_texts(held)
