"""Steps: what the runs of a batch note beside its answers, so that the next run knows what was under way."""

import asyncio
from collections import Counter
from collections.abc import Container
from pathlib import Path
from typing import Any, Final

import msgspec
from attrs import asdict, define, field

from provider_runtime.adapters.backends.filesystem.calls import FileSystemCalls, SystemFiles, write_all
from provider_runtime.adapters.backends.filesystem.framing import Frames
from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.filesystem.locking import corrupt, unavailable
from provider_runtime.adapters.backends.medium import START
from provider_runtime.domain.batches.head import BatchHead

_PAGE: Final = 1000
_VERSION: Final = 1
_ENCODE: Final = msgspec.json.Encoder().encode


@define(kw_only=True, eq=False)
class Steps:
    """The steps in the journal at ``path``: the head of the batch, then what became of lines."""

    path: Path
    files: FileSystemCalls = field(factory=SystemFiles, repr=False)
    begun: "Counter[int]" = field(factory=Counter, init=False)
    """How often a line was begun by earlier runs and not withdrawn."""
    parked: dict[int, bytes] = field(factory=dict, init=False, repr=False)
    """Answers that earlier runs left parked."""
    _journal: FilesystemJournal = field(init=False, repr=False)

    @_journal.default
    def _make_journal(self) -> FilesystemJournal:
        return FilesystemJournal(path=self.path, files=self.files)

    async def head(self) -> BatchHead | None:
        """What the batch was begun with; ``None`` where none was."""
        page = await self._journal.read(limit=1)
        if not page.entries:
            return None
        step = self._step(page.entries[0])
        head = step.get("head")
        try:
            if step.get("version") == _VERSION and isinstance(head, dict):
                return BatchHead(**head)
        except (TypeError, ValueError):
            pass  # as below
        raise self._unreadable()

    async def write_head(self, head: BatchHead) -> None:
        """Begin a batch."""
        await self._add({"version": _VERSION, "head": asdict(head)})

    async def read(self, kept: Container[int]) -> None:
        """Learn what earlier runs left open. Lines that are kept are of no interest."""
        after = START
        while True:
            page = await self._journal.read(after=after, limit=_PAGE)
            for entry in page.entries:
                self._note(self._step(entry), kept)
            if len(page.entries) < _PAGE:
                return
            after = page.end

    async def begin(self, number: int) -> None:
        """The line is about to be asked."""
        await self._add({"begun": number})

    async def withdraw(self, number: int) -> None:
        """Nothing was sent for it."""
        await self._add({"withdrawn": number})

    async def park(self, number: int, answer: bytes) -> None:
        """Its answer has come before its turn."""
        await self._add({"parked": number, "answer": answer.decode()})

    async def shorten(self, head: BatchHead) -> None:
        """Leave nothing but ``head``, in one step: when every line is kept, nothing else matters."""
        await self._journal.flush()
        await asyncio.to_thread(self._shorten, head)

    def _shorten(self, head: BatchHead) -> None:
        content = Frames().wrap(_ENCODE({"version": _VERSION, "head": asdict(head)}))
        fresh = self.path.with_name(f"{self.path.name}.new")
        try:
            fresh.unlink(missing_ok=True)
            descriptor = self.files.create(fresh)
            try:
                write_all(self.files, descriptor, content)
                self.files.sync(descriptor)
            finally:
                self.files.close(descriptor)
            self.files.rename(fresh, self.path)
            self.files.sync_folder(self.path.parent)
        except OSError as failure:
            raise unavailable("batch", self.path.name, failure) from None

    async def aclose(self) -> None:
        """Let go of the journal."""
        await self._journal.aclose()

    async def _add(self, step: dict[str, Any]) -> None:
        entry = _ENCODE(step)
        await self._journal.append(lambda _last: entry)

    def _note(self, step: dict[str, Any], kept: Container[int]) -> None:
        match step:
            case {"begun": int(number)} if number not in kept:
                self.begun[number] += 1
            case {"withdrawn": int(number)} if number not in kept:
                self.begun[number] -= 1
            case {"parked": int(number), "answer": str(answer)} if number not in kept:
                self.parked[number] = answer.encode()

    def _step(self, entry: bytes) -> dict[str, Any]:
        try:
            step = msgspec.json.decode(entry)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            step = None
        if not isinstance(step, dict):
            raise self._unreadable()
        return step

    def _unreadable(self) -> Exception:
        return corrupt("batch", self.path.name, "the steps of this batch cannot be read")
