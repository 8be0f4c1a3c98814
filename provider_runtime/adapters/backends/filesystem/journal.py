"""FilesystemJournal: a journal in one file."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from attrs import define, field

from provider_runtime.adapters.backends.filesystem.calls import FileSystemCalls, SystemFiles
from provider_runtime.adapters.backends.filesystem.framing import Extent, Frames, Framing
from provider_runtime.adapters.backends.filesystem.locking import StoreLock, unavailable
from provider_runtime.adapters.backends.filesystem.reading import Counted, JournalText
from provider_runtime.adapters.backends.filesystem.writing import Group, JournalFile
from provider_runtime.adapters.backends.medium import START, Page, Position, Step
from provider_runtime.adapters.backends.threads import GroupWriter, Reader

_T = TypeVar("_T")


@define(kw_only=True)
class FilesystemJournal:
    """The journal in the file at ``path``. See ``Journal``; files are for their owner alone (0600).

    Appends that wait together share one ``fsync``, and a lock that every process respects. An
    entry that was cut off when its writer was stopped is told by ``Page.torn``; the next append
    moves it to ``<path>.torn``. The last entry alone cannot be told from a cut one when it is
    damaged later: it counts as cut, too. Opening a journal costs the same however long it is.
    """

    path: Path = field(converter=Path)
    framing: Framing = field(factory=Frames, repr=False)
    files: FileSystemCalls = field(factory=SystemFiles, repr=False)
    _text: JournalText = field(init=False, repr=False)
    _writer: GroupWriter[Group] = field(init=False, repr=False)
    _reader: Reader = field(factory=lambda: Reader(kind="journal"), init=False, repr=False)
    _looking: StoreLock = field(init=False, repr=False)
    _counted: Counted = field(factory=Counted, init=False, repr=False)

    @_text.default
    def _make_text(self) -> JournalText:
        return JournalText(framing=self.framing, name=self.path.name)

    @_writer.default
    def _make_writer(self) -> GroupWriter[Group]:
        file = JournalFile(path=self.path, text=self._text, files=self.files, lock=self._make_looking())
        return GroupWriter(kind="journal", commit=file.commit)

    @_looking.default
    def _make_looking(self) -> StoreLock:
        return StoreLock(path=self.path.with_name(f"{self.path.name}.lock"))

    @property
    def drops_oldest(self) -> bool:
        return False

    async def append(self, make: Callable[[bytes | None], bytes]) -> bytes:
        def job(group: Group) -> bytes:
            entry = make(group.last)
            group.add(entry)
            return entry

        return await self._writer.run(job)

    async def decide(self, step: Step, *, soon: bool = False) -> Position:  # noqa: ARG002 - it waits at once
        def job(group: Group) -> Position:
            entry = step(group)
            if entry is not None:
                group.add(entry)
            return group.end

        return await self._writer.run(job)

    async def read(self, *, after: Position = START, limit: int | None = None) -> Page:
        return await self._looked(lambda file: self._text.page(file, after, limit))

    async def tail(self, limit: int) -> Page:
        return await self._looked(lambda file: self._text.last_page(file, limit))

    async def locate(self, is_before: Callable[[bytes], bool]) -> Position:
        return await self._looked(lambda file: self._text.before(file, is_before))

    async def count(self) -> int:
        return await self._looked(self._count)

    async def clear(self) -> None:
        await self._writer.run(Group.remove, alone=True)

    async def flush(self) -> None:
        await self._writer.end(for_good=False)
        await self._reader.end(for_good=False)

    async def aclose(self) -> None:
        await self._writer.end(for_good=True)
        await self._reader.end(for_good=True)

    async def _looked(self, work: Callable[[Extent], _T]) -> _T:
        return await self._reader.run(lambda: self._look(work))

    def _look(self, work: Callable[[Extent], _T]) -> _T:
        """Do ``work`` on the file as far as no writer is at it: what lies there never changes."""
        try:
            try:
                descriptor = self.files.open_to_read(self.path)
            except FileNotFoundError:
                return work(Extent(files=self.files, descriptor=-1, size=0))
            try:
                with self._looking.held():
                    size = self.files.facts(descriptor).size
                return work(Extent(files=self.files, descriptor=descriptor, size=size))
            finally:
                self.files.close(descriptor)
        except OSError as failure:
            raise unavailable("journal", self.path.name, failure) from None

    def _count(self, file: Extent) -> int:
        self._counted = self._text.count(file, self._counted)
        return self._counted.count
