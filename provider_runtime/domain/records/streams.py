"""Lazy streams: the first item now, the rest when it is asked for, and each computed once."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from attrs import define, field

T = TypeVar("T")
R = TypeVar("R")


class ForcedWithin(RuntimeError):
    """A thunk asked for its own value while it was being computed: the value depends on itself."""


class EmptyStream(LookupError):
    """The head or the tail of a stream that has none."""


@define(eq=False)
class Thunk(Generic[T]):
    """A value to be computed when it is first asked for, and once.

    What computing raises goes to whoever asked; the next one to ask has it computed again. To be
    used by one thread.
    """

    _compute: Callable[[], T] | None = field(repr=False)
    _value: Any = field(default=None, init=False, repr=False)
    _forcing: bool = field(default=False, init=False)

    @property
    def is_forced(self) -> bool:
        """Whether the value is there."""
        return self._compute is None

    def force(self) -> T:
        """The value. Raises ``ForcedWithin`` when it is asked for while it is being computed."""
        compute = self._compute
        if compute is not None:
            if self._forcing:
                raise ForcedWithin("this value depends on itself")
            self._forcing = True
            try:
                self._value = compute()
            finally:
                self._forcing = False
            self._compute = None  # what it was computed from may go
        value: T = self._value
        return value


@define(eq=False)
class Stream(Generic[T]):
    """A first item and the stream behind it, both lazy; or nothing at all. Source: semantics B.10."""

    _head: Thunk[T] | None = None
    _tail: "Thunk[Stream[T]] | None" = field(default=None, repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is no item."""
        return self._head is None

    @property
    def head(self) -> T:
        """The first item. ``EmptyStream`` when there is none."""
        if self._head is None:
            raise EmptyStream("an empty stream has no head")
        return self._head.force()

    @property
    def tail(self) -> "Stream[T]":
        """Everything behind the first item. ``EmptyStream`` when there is nothing."""
        if self._tail is None:
            raise EmptyStream("an empty stream has no tail")
        return self._tail.force()

    def __iter__(self) -> Iterator[T]:
        """Each item in order; forces one after another, and may never end."""
        stream = self
        while not stream.is_empty:
            yield stream.head
            stream = stream.tail


def cons(head: Callable[[], T], tail: Callable[[], Stream[T]]) -> Stream[T]:
    """The stream of ``head()`` and, behind it, ``tail()``; neither is called before it is asked for."""
    return Stream(Thunk(head), Thunk(tail))


def stream_of(items: Iterable[T]) -> Stream[T]:
    """The items, taken from ``items`` as they are asked for, each once. Only its first is taken at once."""
    iterator = iter(items)

    def rest() -> Stream[T]:
        item = next(iterator, _END)
        return Stream() if item is _END else cons(lambda: item, rest)  # type: ignore[arg-type, return-value]  # the end was told apart

    return rest()


def mapped(change: Callable[[T], R], stream: Stream[T]) -> Stream[R]:
    """``change`` of each item, when it is asked for."""
    return Stream() if stream.is_empty else cons(lambda: change(stream.head), lambda: mapped(change, stream.tail))


def take(stream: Stream[T], count: int) -> tuple[T, ...]:
    """The first ``count`` items, fewer where the stream ends; forces no more than that."""
    return tuple(islice(stream, count)) if count else ()


_END: Final = object()
