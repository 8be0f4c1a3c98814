"""BatchFiles: the answers of a batch in one file, a line each, and its steps in a folder beside it."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

from attrs import define, field
from filelock import FileLock, Timeout

from provider_runtime.adapters.backends.filesystem.calls import FileSystemCalls, SystemFiles
from provider_runtime.adapters.backends.filesystem.framing import Lines
from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.filesystem.locking import corrupt, make_folders, unavailable
from provider_runtime.adapters.backends.medium import START
from provider_runtime.adapters.batches.files.steps import Steps
from provider_runtime.domain.batches.head import BatchHead
from provider_runtime.domain.batches.tally import Tally
from provider_runtime.domain.errors import BatchConflict
from provider_runtime.ports.batches import BatchForm

_PAGE: Final = 64


def folder_of(output: Path) -> Path:
    """The folder beside the answers where the steps of the batch are kept."""
    return output.with_name(f"{output.name}.batch")


@define(kw_only=True, eq=False)
class BatchFiles:
    """See ``BatchStore``. Opened with ``opened_batch``.

    ``tally`` counts what earlier runs kept. The last line of the answers, where it was cut off when a run
    was ended, is moved to a file beside them (``.torn``) and asked again.
    """

    head: BatchHead
    tally: Tally
    steps: Steps = field(repr=False)
    answers: FilesystemJournal = field(repr=False)
    _kept: "Marks" = field(repr=False)

    @property
    def batch_id(self) -> str:
        return self.head.batch_id

    @property
    def parked(self) -> Mapping[int, bytes]:
        return self.steps.parked

    def has_kept(self, number: int) -> bool:
        return number in self._kept

    def interruptions(self, number: int) -> int:
        return self.steps.begun[number]

    async def begin(self, number: int) -> None:
        await self.steps.begin(number)

    async def withdraw(self, number: int) -> None:
        await self.steps.withdraw(number)

    async def park(self, number: int, answer: bytes) -> None:
        await self.steps.park(number, answer)

    async def keep(self, number: int, answer: bytes) -> None:
        self._kept.add(number)
        await self.answers.append(lambda _last: answer)

    async def finish(self) -> None:
        """Every line is kept: forget the steps that led there."""
        await self.answers.flush()
        await self.steps.shorten(self.head)


@define
class Marks:
    """Which lines are kept: one bit for each. Raises ``RecordCorrupt`` for one that is kept twice, or is no line."""

    last: int
    _bits: bytearray = field(init=False, repr=False)

    @_bits.default
    def _make_bits(self) -> bytearray:
        return bytearray(self.last // 8 + 1)

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int) or not 1 <= number <= self.last:
            return False
        return bool(self._bits[number // 8] & 1 << number % 8)

    def add(self, number: int) -> None:
        """The line is kept from now on."""
        if not 1 <= number <= self.last:
            raise corrupt("batch", str(number), "there is an answer to a line that the input does not have")
        if number in self:
            raise corrupt("batch", str(number), "this line has its answer already, and gets no second one")
        self._bits[number // 8] |= 1 << number % 8


@asynccontextmanager
async def opened_batch(
    output: Path, form: BatchForm, wanted: BatchHead, *, last: int, resume: bool, files: FileSystemCalls | None = None
) -> AsyncIterator[BatchFiles]:
    """The batch whose answers are in ``output``, for one run: no other process gets at it meanwhile.

    ``wanted`` is what it is to be begun with, or was; ``last`` the number of the last line there is. Raises
    ``BatchConflict`` where it was begun before and is not to be resumed, or with something else.
    """
    calls = files or SystemFiles()
    folder = folder_of(output)
    with _locked(folder, calls):
        answers = FilesystemJournal(path=output, framing=Lines(), files=calls)
        steps = Steps(path=folder / "steps.journal", files=calls)
        try:
            head = await _begun(output, steps, wanted, resume=resume)
            kept, tally = await _read_back(answers, form, head, last)
            await steps.read(kept)
            yield BatchFiles(head=head, tally=tally, steps=steps, answers=answers, kept=kept)
        finally:
            await answers.aclose()
            await steps.aclose()
            # Held for a moment each time something was written; nobody else writes as long as this run has its own.
            with suppress(OSError):
                output.with_name(f"{output.name}.lock").unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path, files: FileSystemCalls) -> Iterator[None]:
    try:
        make_folders(files, folder)
        lock = FileLock(folder / "lock", timeout=0, mode=0o600, thread_local=False)
        lock.acquire()
    except Timeout:
        raise BatchConflict(
            field="output",
            message="another process is running this batch",
            remedy="Wait for it to end, or write the answers to another file.",
        ) from None
    except OSError as failure:
        raise unavailable("batch", folder.name, failure) from None
    try:
        yield
    finally:
        lock.release()


async def _begun(output: Path, steps: Steps, wanted: BatchHead, *, resume: bool) -> BatchHead:
    """What the batch was begun with: just now, if it was not before."""
    head = await steps.head()
    if head is None:
        if _holds_something(output):
            raise BatchConflict(
                field="output",
                message=f"{output.name} holds something that no batch has written",
                remedy="Write the answers to another file.",
            )
        await steps.write_head(wanted)
        return wanted
    if not resume:
        raise BatchConflict(
            field="output",
            message=f"a batch was begun before that writes to {output.name}",
            remedy="Go on with it (--resume), or write the answers to another file.",
        )
    head.refuse_unless_same(wanted)
    return head


def _holds_something(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


async def _read_back(answers: FilesystemJournal, form: BatchForm, head: BatchHead, last: int) -> tuple[Marks, Tally]:
    kept, tally, after = Marks(last), Tally(), START
    while True:
        page = await answers.read(after=after, limit=_PAGE)
        for entry in page.entries:
            record = form.record_in(entry)
            if record.call_id not in {None, f"{head.batch_id}-{record.number}"}:
                raise corrupt("batch", str(record.number), "this is the answer to a line of another batch")
            kept.add(record.number)
            tally.add(record)
        if len(page.entries) < _PAGE:
            return kept, tally
        after = page.end
