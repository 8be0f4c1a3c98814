"""What every ``TraceProvider`` promises."""

from pathlib import Path
from typing import Final

import pytest
from attrs import evolve
from hypothesis import given

from provider_runtime.domain.errors import RecordCorrupt, RecordMissing
from provider_runtime.domain.records.traces import StepOutcome, TraceEntry
from provider_runtime.ports.stores.traces import TraceProvider
from provider_runtime.testing.contracts.stores.drawn import DRAWN
from provider_runtime.testing.strategies.records import trace_entries

LIMIT: Final = 5
"""So many entries the provider of the contract shall show."""


def step(number: int) -> TraceEntry:
    """An entry that is told apart by its step."""
    return TraceEntry(step=number, control_tag="apply", stack_depth=2, stack_tags=("arg", "fun"))


class TraceProviderContract:
    """Subclass it, and give it a fixture ``traces``: an empty one that shows the last ``LIMIT`` entries."""

    @pytest.fixture
    def traces(self) -> TraceProvider:
        raise NotImplementedError

    def test_it_is_a_trace_provider(self, traces: TraceProvider) -> None:
        assert isinstance(traces, TraceProvider)

    async def test_entries_are_listed_in_order(self, traces: TraceProvider) -> None:
        for number in range(3):
            await traces.record(step(number))
        assert await traces.list() == (step(0), step(1), step(2))
        assert await traces.list(1, 1) == (step(1),)
        assert await traces.list(3) == ()

    async def test_an_entry_is_found_by_its_step(self, traces: TraceProvider) -> None:
        await traces.record(step(1))
        again = evolve(step(1), control_tag="eval")
        await traces.record(again)
        assert await traces.get(1) == again
        assert await traces.get(2) is None

    async def test_the_last_ones_are_shown_and_no_more(self, traces: TraceProvider) -> None:
        for number in range(LIMIT + 3):
            await traces.record(step(number))
        assert [entry.step for entry in await traces.list()] == list(range(3, LIMIT + 3))
        assert await traces.get(0) is None

    @pytest.mark.parametrize(("start", "count"), [(-1, None), (0, -1)])
    async def test_a_place_before_the_first_is_refused(
        self, traces: TraceProvider, start: int, count: int | None
    ) -> None:
        with pytest.raises(ValueError, match="whole numbers from 0"):
            await traces.list(start, count)

    async def test_clearing_leaves_nothing(self, traces: TraceProvider) -> None:
        await traces.record(step(0))
        await traces.clear()
        assert await traces.list() == ()

    async def test_dumped_and_loaded_it_is_the_same_and_nothing_is_kept_by_it(
        self, traces: TraceProvider, tmp_path: Path
    ) -> None:
        op = TraceEntry(step=1, control_tag="perform", outcome=StepOutcome.OP, op_name="print\n")
        for entry in (step(0), op):
            await traces.record(entry)
        path = tmp_path / "trace.jsonl"
        await traces.dump(path)
        assert len(path.read_bytes().splitlines()) == 2
        await traces.clear()
        assert await traces.load(path) == (step(0), op)
        assert await traces.list() == ()

    async def test_an_empty_trace_can_be_handed_around(self, traces: TraceProvider, tmp_path: Path) -> None:
        await traces.dump(tmp_path / "trace.jsonl")
        assert await traces.load(tmp_path / "trace.jsonl") == ()

    async def test_a_line_that_does_not_read_back_is_named(self, traces: TraceProvider, tmp_path: Path) -> None:
        path = tmp_path / "trace.jsonl"
        for number in range(3):
            await traces.record(step(number))
        await traces.dump(path)
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(lines[0] + lines[1][:-9] + b"\n" + lines[2])
        with pytest.raises(RecordCorrupt) as corrupt:
            await traces.load(path)
        assert (corrupt.value.kind, corrupt.value.key) == ("trace entry", "trace.jsonl:2")

    async def test_a_file_that_is_not_there_is_told(self, traces: TraceProvider, tmp_path: Path) -> None:
        with pytest.raises(RecordMissing):
            await traces.load(tmp_path / "none.jsonl")
        with pytest.raises(RecordMissing):
            await traces.dump(tmp_path / "no folder" / "trace.jsonl")

    @DRAWN
    @given(entry=trace_entries())
    async def test_any_entry_comes_back(self, traces: TraceProvider, entry: TraceEntry) -> None:
        await traces.record(entry)
        assert (await traces.list())[-1] == entry
