"""What every ``BatchSource`` promises."""

import pytest

from provider_runtime.ports.batches import BatchSource


class BatchSourceContract:
    """Subclass it, and give it a fixture ``source``: ``{"a":1}``, a blank line, ``{"b":2}``, ``{"c":3}``."""

    @pytest.fixture
    def source(self) -> BatchSource:
        raise NotImplementedError

    async def test_lines_come_in_order_with_their_numbers_and_blank_ones_do_not(self, source: BatchSource) -> None:
        found = []
        while (line := await source.next_line()) is not None:
            found.append((line.number, line.content))
        assert found == [(1, b'{"a":1}'), (3, b'{"b":2}'), (4, b'{"c":3}')]

    async def test_behind_the_last_line_there_is_nothing_however_often_one_asks(self, source: BatchSource) -> None:
        while await source.next_line() is not None:
            pass
        assert [await source.next_line() for _ in range(3)] == [None, None, None]
