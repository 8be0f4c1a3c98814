"""BatchSource, BatchForm, BatchStore: where lines come from, what they mean, where their answers are kept."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from provider_runtime.domain.batches.lines import AskedLine, BatchLine, LineEnd, LineRecord


@runtime_checkable
class BatchSource(Protocol):
    """The lines of a batch, in order, each once; never more of them in memory than are asked for."""

    async def next_line(self) -> BatchLine | None:
        """The next line that is not blank; ``None`` behind the last. Not to be called twice at a time.

        Raises ``BatchConflict`` where the input turns out to be another than the batch was begun with,
        and ``BackendError`` where it cannot be read.
        """
        ...


@runtime_checkable
class BatchForm(Protocol):
    """How a line asks, and how it is answered. Pure: equal lines give equal bytes."""

    def read(self, line: BatchLine) -> AskedLine:
        """What the line asks for. Never raises for what stands in it: a bad line asks for its own error."""
        ...

    def write(self, asked: AskedLine, end: LineEnd, record: LineRecord) -> bytes:
        """The answer, as one line without its break."""
        ...

    def record_in(self, answer: bytes) -> LineRecord:
        """The record of an answer that ``write`` made. Raises ``RecordCorrupt`` for anything else."""
        ...


@runtime_checkable
class BatchStore(Protocol):
    """What became of each line. Whatever has returned is kept, also when the process is ended the next moment.

    Of each line one answer is kept, ever. A line that was begun and neither withdrawn nor answered when
    its run ended may have been billed: the next run is told so. Raises ``BackendError`` when the medium
    fails.
    """

    @property
    def batch_id(self) -> str:
        """The name of the batch, the same in all its runs."""
        ...

    def has_kept(self, number: int) -> bool:
        """Whether the answer of the line is kept for good."""
        ...

    def interruptions(self, number: int) -> int:
        """How many earlier runs had begun the line when they ended, and left no answer of it."""
        ...

    @property
    def parked(self) -> Mapping[int, bytes]:
        """The answers that earlier runs left parked: they had come before it was their turn."""
        ...

    async def begin(self, number: int) -> None:
        """Note that the line is about to be asked."""
        ...

    async def withdraw(self, number: int) -> None:
        """Note that nothing was sent for a line that was begun."""
        ...

    async def park(self, number: int, answer: bytes) -> None:
        """Keep an answer whose turn has not come; ``keep`` follows in its turn."""
        ...

    async def keep(self, number: int, answer: bytes) -> None:
        """Keep the answer of a line for good, behind those kept before."""
        ...

    async def finish(self) -> None:
        """Every line is kept: what led there is of no interest any more."""
        ...
