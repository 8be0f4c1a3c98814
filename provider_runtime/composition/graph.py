"""The graph of one runtime, made from what ``RuntimeContainer`` declares, without a copy of the container."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen
from dependency_injector import providers

from provider_runtime.composition.container import RuntimeContainer


@frozen
class Declared:
    """A line of the container: the part ``name`` is what ``make`` makes of the parts that it names."""

    name: str
    make: Callable[..., object]
    positional: tuple[str, ...]
    named: tuple[tuple[str, str], ...]


def _as_declared() -> tuple[Declared, ...]:
    """Each ``Singleton`` of the container, in the order of its lines: what a part is made of stands above it."""
    names: dict[object, str] = {}
    declared = []
    for name, provider in RuntimeContainer.providers.items():
        if isinstance(provider, providers.Singleton) and callable(provider.provides):
            positional = tuple(names[argument] for argument in provider.args)
            named = tuple((argument, names[part]) for argument, part in provider.kwargs.items())
            declared.append(Declared(name, provider.provides, positional, named))
        elif not isinstance(provider, providers.Object | providers.Dependency):
            raise TypeError(f"{name}: a part is a Singleton, an Object or a Dependency")
        names[provider] = name
    return tuple(declared)


_MADE_FOR_EACH: Final = _as_declared()
_SAME_FOR_ALL: Final[Mapping[str, object]] = MappingProxyType(
    {
        name: provider.provides
        for name, provider in RuntimeContainer.providers.items()
        if isinstance(provider, providers.Object)
    }
)
NAMES: Final = frozenset(RuntimeContainer.providers)
"""What parts are called."""


def fresh_parts(**given: object) -> Mapping[str, object]:
    """Every part of a fresh runtime by its name: those ``given``, and the others made anew as declared.

    An instance of the container would be the same parts, with a copy of every provider first: that
    takes longer than all the rest of opening a runtime. ``settings`` and ``environment`` have to be given.
    """
    parts = {**_SAME_FOR_ALL, **given}
    for declared in _MADE_FOR_EACH:
        if declared.name not in given:
            parts[declared.name] = declared.make(
                *[parts[name] for name in declared.positional],
                **{argument: parts[name] for argument, name in declared.named},
            )
    return parts
