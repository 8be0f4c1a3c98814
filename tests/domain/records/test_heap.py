"""The heap of a machine, and living objects in it and out of it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.json_values import JsonValue, freeze, freeze_object
from provider_runtime.domain.records.heap import (
    Closure,
    Heap,
    Machine,
    digest_of_heap,
    heap_in,
    machine_of_state,
    state_of_machine,
    store_of_heap,
)
from provider_runtime.domain.records.state import State
from provider_runtime.testing.strategies.domain.machines import graphs
from provider_runtime.testing.strategies.values import json_values

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


def same_graph(one: Any, other: Any) -> bool:
    """Whether two graphs have one shape, what is shared in one shared in the other, and no object in common."""
    pairs: dict[int, int] = {}
    waiting = [(one, other)]
    while waiting:
        left, right = waiting.pop()
        if type(left) is not type(right):
            return False
        if not isinstance(left, list | dict | Closure):
            if left != right:
                return False
            continue
        if id(left) in pairs:
            if pairs[id(left)] != id(right):
                return False
            continue
        if left is right or id(right) in pairs.values():
            return False
        pairs[id(left)] = id(right)
        if isinstance(left, Closure):
            if left.parameters != right.parameters:
                return False
            waiting += [(left.body, right.body), (left.env, right.env)]
        elif isinstance(left, dict):
            if list(left) != list(right):
                return False
            waiting += [(left[key], right[key]) for key in left]
        else:
            if len(left) != len(right):
                return False
            waiting += list(zip(left, right, strict=True))
    return True


# ── the heap ────────────────────────────────────────────────────────────────────────────────


@given(values=st.lists(json_values(), min_size=1, max_size=5), late=json_values(), data=st.data())
def test_writing_changes_one_cell_of_a_new_heap_and_nothing_of_the_old(
    values: list[JsonValue], late: JsonValue, data: st.DataObject
) -> None:
    heap = Heap()
    for value in values:
        heap, address = heap.alloc(value)
        assert heap.read(address) == value
    place = data.draw(st.integers(0, len(values) - 1))
    written = heap.write(place, late)
    assert list(heap.cells) == values
    assert [written.read(number) for number in range(len(values))] == [*values[:place], late, *values[place + 1 :]]


@pytest.mark.parametrize("address", [-1, 1, True, "0"])
@pytest.mark.parametrize("use", [Heap.read, lambda heap, address: heap.write(address, 2)])
def test_an_address_that_was_never_allocated_is_refused(use: Callable[[Heap, Any], object], address: Any) -> None:
    heap, _ = Heap().alloc(1)
    with pytest.raises(LookupError):
        use(heap, address)


def test_a_digest_is_that_of_the_cells_in_order() -> None:
    one, other = Heap(cells=[1, {"a": 1, "b": 2}]), Heap(cells=[1, {"b": 2, "a": 1}])
    assert digest_of_heap(one) == digest_of_heap(other)
    assert (
        len({digest_of_heap(heap) for heap in (one, Heap(cells=[{"a": 1, "b": 2}, 1]), Heap(), Heap(cells=[None]))})
        == 4
    )


# ── living objects ──────────────────────────────────────────────────────────────────────────


@given(made=graphs())
def test_a_machine_comes_back_as_the_same_graph_of_new_objects(made: list[Any]) -> None:
    machine = Machine(control=made[0], env={"all": made}, kont=[made[-1]], handlers=[made])
    again = machine_of_state(state_of_machine(machine))
    fields = ("control", "env", "kont", "handlers")
    assert same_graph([getattr(machine, name) for name in fields], [getattr(again, name) for name in fields])


def test_a_procedure_that_knows_itself_still_does() -> None:
    bindings: dict[str, Any] = {"n": 3}
    bindings["loop"] = Closure(parameters=("n",), body=["loop", "n"], env=bindings)
    again = machine_of_state(state_of_machine(Machine(control=bindings["loop"])))
    assert again.control.env["loop"] is again.control
    assert again.control.env["n"] == 3
    again.control.env["n"] = 4
    assert bindings["n"] == 3


def test_a_long_chain_needs_no_deep_stack() -> None:
    chain: list[Any] = []
    for _ in range(20_000):
        chain = [chain]
    again, depth = machine_of_state(state_of_machine(Machine(control=chain))).control, 0
    while again:
        again, depth = again[0], depth + 1
    assert depth == 20_000


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), {3: "x"}, "\ud800", b"bytes"])
def test_what_no_heap_can_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|text"):
        state_of_machine(Machine(control=[value]))


def test_a_heap_is_the_store_of_a_state() -> None:
    heap = Heap(cells=[1, {"next": {"$ref": 0}}])
    assert heap_in(store_of_heap(heap)) == heap
    assert heap_in({}) == Heap()


def test_a_heap_that_refers_to_nowhere_is_refused() -> None:
    for cells in ([{"$ref": 1}], [{"$ref": "0"}], [[{"$ref": -1}]], [{"a": [{"$ref": 7}]}]):
        with pytest.raises(ValueError, match="address"):
            heap_in({"cells": cells})
    for store in ({"cells": {}}, {"cell": []}):
        with pytest.raises(ValueError, match="heap"):
            heap_in(store)


_GOOD = state_of_machine(Machine(control=[1]))


@pytest.mark.parametrize(
    "broken",
    [
        State(),
        State(env=freeze_object({"root": 1}), kont=(1,), handlers=(1,)),
        State(control=freeze({"$ref": 9}), env=_GOOD.env, kont=_GOOD.kont, handlers=_GOOD.handlers, store=_GOOD.store),
        State(control=freeze([1]), env=_GOOD.env, kont=_GOOD.kont, handlers=_GOOD.handlers, store=_GOOD.store),
        *(
            State(
                env=freeze_object({"root": {"$ref": 0}}),
                kont=(freeze({"$ref": 1}),),
                handlers=(freeze({"$ref": 1}),),
                store=freeze_object({"cells": [{}, [], cell]}),
            )
            for cell in (
                {"$other": 1},
                {"$closure": 1},
                {"$closure": {"parameters": "x", "body": None, "env": {"$ref": 0}}},
                {"$closure": {"parameters": [1], "body": None, "env": {"$ref": 0}}},
                {"$closure": {"parameters": ["x"], "body": None, "env": {"$ref": 1}}},
                [[1]],
            )
        ),
    ],
)
def test_a_state_that_no_machine_was_made_into_is_refused(broken: State) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        machine_of_state(broken)
