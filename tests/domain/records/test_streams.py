"""Lazy streams: each item once, none too early, and none of itself."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.records.streams import (
    EmptyStream,
    ForcedWithin,
    Stream,
    Thunk,
    cons,
    mapped,
    stream_of,
    take,
)


def counting(start: int) -> Stream[int]:
    return cons(lambda: start, lambda: counting(start + 1))


@given(items=st.lists(st.integers()), count=st.integers(0, 8))
def test_a_stream_of_items_gives_them_in_order_as_often_as_asked(items: list[int], count: int) -> None:
    stream = stream_of(items)
    assert take(stream, count) == tuple(items[:count])
    assert list(stream) == items
    assert list(mapped(lambda item: item + 1, stream)) == [item + 1 for item in items]


def test_taking_some_of_an_endless_stream_ends() -> None:
    assert take(counting(3), 5) == (3, 4, 5, 6, 7)
    assert take(mapped(lambda item: item * item, counting(1)), 3) == (1, 4, 9)


def test_each_item_is_computed_once_and_not_before_it_is_asked_for() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    stream = stream_of(items())
    assert take(stream, 3) == take(stream, 3) == (0, 1, 2)
    assert taken == [0, 1, 2]


def test_a_value_that_depends_on_itself_is_found_out_and_can_be_asked_for_again() -> None:
    asked: list[int] = []

    def compute() -> int:
        asked.append(1)
        return thunk.force() if len(asked) == 1 else 7

    thunk: Thunk[int] = Thunk(compute)
    with pytest.raises(ForcedWithin):
        thunk.force()
    assert not thunk.is_forced
    assert (thunk.force(), thunk.force()) == (7, 7)
    assert len(asked) == 2


def test_what_computing_raises_goes_to_whoever_asked_and_the_next_one_may_succeed() -> None:
    answers: Iterator[int] = iter((0, 4))
    thunk = Thunk(lambda: 8 // next(answers))
    with pytest.raises(ZeroDivisionError):
        thunk.force()
    assert thunk.force() == 2


def test_an_empty_stream_has_neither_head_nor_tail() -> None:
    empty: Stream[int] = stream_of(())
    assert empty.is_empty
    for ask in (lambda: empty.head, lambda: empty.tail):
        with pytest.raises(EmptyStream):
            ask()
    assert take(empty, 3) == ()
