"""Heap: the store of an abstract machine, by address; and living objects as a heap and back."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

from attrs import define, evolve, field, frozen

from provider_runtime.domain.json_values import JsonObject, JsonValue, freeze, freeze_object
from provider_runtime.domain.records.state import State

_DOMAIN: Final = b"provider_runtime/heap/v1\0"
_REFERENCE: Final = "$ref"
_CLOSURE: Final = "$closure"


def _frozen_cells(cells: object) -> tuple[JsonValue, ...]:
    if not isinstance(cells, list | tuple):
        raise ValueError(f"the cells of a heap are a list, not {type(cells).__name__}")
    return tuple(freeze(cell) for cell in cells)


def _names(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@frozen(kw_only=True)
class Heap:
    """Values by address. Never changes: allocating and writing give another heap.

    Addresses count from 0. A value refers to another by ``{"$ref": address}``, so that what is
    shared stays shared and a cycle stays a cycle. ``LookupError`` for an address that was never
    allocated. Source: semantics B.1.
    """

    cells: tuple[JsonValue, ...] = field(default=(), converter=_frozen_cells, repr=False)

    @property
    def next_address(self) -> int:
        """The address that ``alloc`` gives next."""
        return len(self.cells)

    def alloc(self, value: object) -> tuple["Heap", int]:
        """A heap with one more cell, and its address."""
        return evolve(self, cells=(*self.cells, freeze(value))), len(self.cells)

    def read(self, address: int) -> JsonValue:
        """What stands at ``address``."""
        return self.cells[self._checked(address)]

    def write(self, address: int, value: object) -> "Heap":
        """A heap with ``value`` at ``address``, whatever stood there."""
        place = self._checked(address)
        return evolve(self, cells=(*self.cells[:place], freeze(value), *self.cells[place + 1 :]))

    def _checked(self, address: int) -> int:
        if type(address) is not int or not 0 <= address < len(self.cells):
            raise LookupError("this address was never allocated")
        return address


def digest_of_heap(heap: Heap) -> str:
    """SHA-256 in lower-case hex, over the next address and every cell in order."""
    cells = json.dumps([heap.next_address, heap.cells], sort_keys=True, separators=(",", ":"))
    return sha256(_DOMAIN + cells.encode()).hexdigest()


def store_of_heap(heap: Heap) -> JsonObject:
    """The heap as the ``store`` of a state."""
    return JsonObject(cells=heap.cells)


def heap_in(store: Mapping[str, object]) -> Heap:
    """The heap in the ``store`` of a state. ``ValueError`` when it holds none, or one that refers to nowhere."""
    if not store:
        return Heap()
    if set(store) != {"cells"}:
        raise ValueError('the store of this state is no heap: it has to be {"cells": […]}')
    heap = Heap(cells=store["cells"])
    for number, cell in enumerate(heap.cells):
        _check_references(cell, heap, f"cells[{number}]")
    return heap


@define(kw_only=True, eq=False)
class Closure:
    """A procedure with the bindings it was made in. Living: ``env`` may lead back to the closure."""

    parameters: tuple[str, ...] = field(converter=_names)
    body: Any = None
    env: dict[str, Any] = field(factory=dict, repr=False)


@define(kw_only=True, eq=False)
class Machine:
    """A state as living objects: lists, dicts, closures and JSON scalars, which may share and go round."""

    control: Any = None
    env: dict[str, Any] = field(factory=dict, repr=False)
    kont: list[Any] = field(factory=list, repr=False)
    handlers: list[Any] = field(factory=list, repr=False)


def state_of_machine(machine: Machine) -> State:
    """``machine`` as a value: every list, dict and closure a cell of the heap, met once however often it is met.

    Tuples become lists. ``ValueError`` for what neither JSON nor a closure can hold.
    """
    writing = _Writing()
    roots = [writing.form(root) for root in (machine.control, machine.env, machine.kont, machine.handlers)]
    writing.finish()
    control, env, kont, handlers = roots
    return State(
        control=control,
        env=freeze_object({"root": env}),
        kont=(kont,),
        handlers=(handlers,),
        store=store_of_heap(Heap(cells=writing.cells)),
    )


def machine_of_state(state: State) -> Machine:
    """The machine that ``state`` was made of: the same graph, of objects that nobody else has.

    ``ValueError`` for a state that ``state_of_machine`` did not make.
    """
    if set(state.env) != {"root"} or len(state.kont) != 1 or len(state.handlers) != 1:
        raise ValueError("this state was not made of a machine")
    reading = _Reading(heap_in(state.store))
    control, env, kont, handlers = (
        reading.value(root) for root in (state.control, state.env["root"], state.kont[0], state.handlers[0])
    )
    if not isinstance(env, dict) or not isinstance(kont, list) or not isinstance(handlers, list):
        raise ValueError("this state was not made of a machine")
    return Machine(control=control, env=env, kont=kont, handlers=handlers)


@define
class _Writing:
    """Living objects on their way into a heap. A list of work, not recursion: chains may be long."""

    cells: list[object] = field(factory=list)
    _addresses: dict[int, int] = field(factory=dict)
    _waiting: list[tuple[int, object]] = field(factory=list)
    _met: list[object] = field(factory=list)  # kept alive, so that no id is given twice

    def form(self, value: object) -> object:
        """``value`` as it stands in a cell: itself when it is a scalar, else a reference."""
        if not isinstance(value, list | tuple | dict | Closure):
            return freeze(value)
        address = self._addresses.get(id(value))
        if address is None:
            address = self._addresses[id(value)] = len(self.cells)
            self.cells.append(None)
            self._waiting.append((address, value))
            self._met.append(value)
        return {_REFERENCE: address}

    def finish(self) -> None:
        while self._waiting:
            address, value = self._waiting.pop()
            self.cells[address] = self._cell(value)

    def _cell(self, value: object) -> object:
        if isinstance(value, Closure):
            body, env = self.form(value.body), self.form(value.env)
            return {_CLOSURE: {"parameters": value.parameters, "body": body, "env": env}}
        if isinstance(value, dict):
            if any(not isinstance(key, str) for key in value):
                raise ValueError("the keys of a machine's objects are text")
            return {_escaped(key): self.form(item) for key, item in value.items()}
        return [self.form(item) for item in value]  # type: ignore[attr-defined]  # a list or a tuple is left


@define
class _Reading:
    """A heap on its way to living objects: first every object, then what is in it, so that cycles close."""

    heap: Heap
    _objects: list[Any] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._objects = [_empty(cell) for cell in self.heap.cells]
        for cell, made in zip(self.heap.cells, self._objects, strict=True):
            self._fill(cell, made)

    def value(self, form: JsonValue) -> Any:
        address = _address_in(form)
        if address is not None:
            return self._objects[address] if address < len(self._objects) else _nowhere()
        if isinstance(form, JsonObject | tuple):
            raise ValueError("a list or an object stands where a reference belongs")
        return form

    def _fill(self, cell: JsonValue, made: Any) -> None:
        if isinstance(made, Closure):
            fields = _closure_fields(cell)
            made.body, made.env = self.value(fields["body"]), self.value(fields["env"])
            if not isinstance(made.env, dict):
                raise ValueError("the bindings of a closure are no object")
        elif isinstance(cell, JsonObject):
            made.update((_unescaped(key), self.value(item)) for key, item in cell.items())
        elif isinstance(cell, tuple):
            made.extend(self.value(item) for item in cell)


def _empty(cell: JsonValue) -> Any:
    if isinstance(cell, tuple):
        return []
    if not isinstance(cell, JsonObject):
        return cell
    if _CLOSURE not in cell:
        return {}
    return Closure(parameters=_closure_fields(cell)["parameters"])


def _closure_fields(cell: JsonValue) -> Any:
    fields = cell[_CLOSURE] if isinstance(cell, JsonObject) and len(cell) == 1 else None
    if not isinstance(fields, JsonObject) or set(fields) != {"parameters", "body", "env"}:
        raise ValueError("a closure has parameters, a body and bindings")
    parameters = fields["parameters"]
    if not isinstance(parameters, tuple) or any(not isinstance(name, str) for name in parameters):
        raise ValueError("the parameters of a closure are names")
    return fields


def _check_references(value: JsonValue, heap: Heap, place: str) -> None:
    address = _address_in(value)
    if address is not None and not 0 <= address < len(heap.cells):
        raise ValueError(f"{place} refers to an address that was never allocated")
    if isinstance(value, JsonObject | tuple):
        for item in value.values() if isinstance(value, JsonObject) else value:
            _check_references(item, heap, place)


def _address_in(form: JsonValue) -> int | None:
    if not isinstance(form, JsonObject) or set(form) != {_REFERENCE}:
        return None
    address = form[_REFERENCE]
    if type(address) is not int or address < 0:
        raise ValueError("a reference names no address")
    return address


def _nowhere() -> None:
    raise ValueError("a reference leads to an address that was never allocated")


def _escaped(key: str) -> str:
    return f"${key}" if key.startswith("$") else key


def _unescaped(key: str) -> str:
    if key.startswith("$$"):
        return key[1:]
    if key.startswith("$"):
        raise ValueError("an object in the heap has a key that is none of its own")
    return key
