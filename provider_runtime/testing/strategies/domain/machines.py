"""Strategies for living objects: machines whose parts refer to one another at will, and lazy streams."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from provider_runtime.domain.records.heap import Closure, Heap, Machine
from provider_runtime.domain.records.streams import Stream, Thunk, stream_of
from provider_runtime.testing.strategies.values import few, floats, json_values


@st.composite
def graphs(draw: DrawFn) -> list[Any]:
    """Lists, dicts and closures that refer to one another at will, round in circles too."""
    kinds = draw(st.lists(st.sampled_from((list, dict, Closure)), min_size=1, max_size=6))
    made = [_empty(kind) for kind in kinds]
    scalars = st.none() | st.booleans() | st.integers() | floats() | st.text()
    anything = scalars | st.sampled_from(made)
    bindings = [item for item in made if isinstance(item, dict)]
    for item in made:
        if isinstance(item, list):
            item.extend(draw(st.lists(anything, max_size=3)))
        elif isinstance(item, dict):
            item.update(draw(st.dictionaries(st.text() | st.just("$ref"), anything, max_size=3)))
        else:
            item.body = draw(anything)
            item.env = draw(st.sampled_from(bindings)) if bindings else {}
    return made


def _empty(kind: type) -> Any:
    return Closure(parameters=("x",)) if kind is Closure else kind()


def closures() -> SearchStrategy[Closure]:
    """Closures over anything, themselves included."""
    return graphs().map(lambda made: next((one for one in made if isinstance(one, Closure)), _empty(Closure)))


@st.composite
def machines(draw: DrawFn) -> Machine:
    """Machines that share between control, bindings and frames what they will."""
    made = draw(graphs())
    env = next((one for one in made if isinstance(one, dict)), {})
    return Machine(
        control=draw(st.sampled_from(made)), env=env, kont=[*made], handlers=draw(st.just([]) | st.just(made))
    )


def heaps() -> SearchStrategy[Heap]:
    """Heaps of any values, without references."""
    return few(json_values()).map(lambda cells: Heap(cells=cells))


def streams() -> SearchStrategy[Stream[Any]]:
    """Streams of a few values, or none."""
    return st.lists(json_values(), max_size=4).map(stream_of)


def thunks() -> SearchStrategy[Thunk[Any]]:
    """Values that are there when they are asked for."""
    return json_values().map(lambda value: Thunk(lambda: value))
