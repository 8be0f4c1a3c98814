"""Where checkpoints are kept: in memory, in a file of lines, or wherever a function takes them."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from attrs import define, field

from provider_runtime.adapters.backends.families.codec import RecordCodec
from provider_runtime.adapters.backends.filesystem.framing import Lines
from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.medium import Journal
from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.backends.names import closed
from provider_runtime.domain.records.oversight.checkpoints import Checkpoint

Taker: TypeAlias = Callable[[Checkpoint], Awaitable[None]]


@define(kw_only=True)
class JournalCheckpoints:
    """Checkpoints in ``journal``, one behind another. See ``CheckpointSink``."""

    journal: Journal = field(repr=False)
    name: str = "checkpoints"
    """What errors call the place."""
    _codec: RecordCodec[Checkpoint] = field(
        factory=lambda: RecordCodec(kind="checkpoint", of=Checkpoint), init=False, repr=False
    )

    async def take(self, checkpoint: Checkpoint) -> None:
        content = self._codec.write(checkpoint)
        await self.journal.append(lambda _last: content)

    async def list(self) -> tuple[Checkpoint, ...]:
        """Every checkpoint, oldest first. ``RecordCorrupt`` names the line that does not read back.

        One that was cut off while it was written was never kept, and is passed over.
        """
        entries, codec = (await self.journal.read()).entries, self._codec
        return tuple(codec.read(entry, f"{self.name}:{number}") for number, entry in enumerate(entries, start=1))

    async def flush(self) -> None:
        await self.journal.flush()

    async def aclose(self) -> None:
        await self.journal.aclose()


@define(kw_only=True)
class MemoryCheckpoints(JournalCheckpoints):
    """Checkpoints in memory, gone at exit: for tests, or to be handed on from there."""

    journal: Journal = field(factory=lambda: MemoryJournal(keep=None), repr=False)


@define(kw_only=True)
class FilesystemCheckpoints(JournalCheckpoints):
    """Checkpoints in the file at ``path``, one JSON object a line, for its owner alone; durable once taken.

    Several processes may append to one file. A line that was cut off is moved to a file beside it.
    """

    path: Path = field(converter=Path)
    journal: Journal = field(init=False, repr=False)
    name: str = field(init=False)

    @journal.default
    def _make_journal(self) -> Journal:
        return FilesystemJournal(path=self.path, framing=Lines())

    @name.default
    def _name_of_file(self) -> str:
        return self.path.name


@define
class CheckpointsTo:
    """Hands each checkpoint to ``taker``, an async function: to post it to another machine, for one."""

    taker: Taker = field(repr=False)
    _closed: bool = field(default=False, init=False)

    async def take(self, checkpoint: Checkpoint) -> None:
        if self._closed:
            raise closed("checkpoint")
        await self.taker(checkpoint)

    async def flush(self) -> None:
        """Nothing is ever under way."""

    async def aclose(self) -> None:
        self._closed = True
