"""RuntimeContainer: the graph of one runtime as a container of dependency-injector, for whoever nests it."""

from dependency_injector import containers, providers

from provider_runtime.composition.graph import PARTS, Part


class RuntimeContainer(containers.DeclarativeContainer):
    """The object graph of one runtime. No module holds an instance of it.

    It has a provider for each line of ``graph.PARTS``, under the name of that line: a ``Dependency`` for what
    has to be given, an ``Object`` for what cannot change, a ``Singleton`` for what is made afresh for each
    runtime. Nest it, override any of them, or hand in others.

    ``open_runtime`` makes the parts from the same lines without it: to import dependency-injector takes longer
    than all the rest of a first call, and an instance pays some 25 µs a line for its copy.
    """


def _declare(container: type[containers.DeclarativeContainer]) -> None:
    """Give ``container`` its providers, in the order of the lines."""
    for part in PARTS:
        setattr(container, part.name, _provider(part, container.providers))


def _provider(part: Part, above: dict[str, providers.Provider[object]]) -> providers.Provider[object]:
    if part.given_as is not None:
        return providers.Dependency(instance_of=part.given_as)
    if part.make is None:
        return providers.Object(part.value)
    named = {argument: above[name] for argument, name in part.named}
    return providers.Singleton(part.make, *[above[name] for name in part.positional], **named)


_declare(RuntimeContainer)
