"""Traces, step after step: written once over any journal."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from attrs import define, field

from provider_runtime.adapters.backends.families.codec import RecordCodec
from provider_runtime.adapters.backends.families.files import HandedFile
from provider_runtime.adapters.backends.filesystem.framing import Lines
from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.medium import Journal
from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.backends.sqlite.journal import SqliteJournal
from provider_runtime.adapters.backends.sqlite.store import SqliteStore
from provider_runtime.domain.checks import whole
from provider_runtime.domain.records.traces import TraceEntry

TraceSink: TypeAlias = Callable[[TraceEntry], Awaitable[None]]
"""Told of each step as it is recorded."""


@define(kw_only=True, slots=False)
class JournalTraces:
    """The last ``max_history_size`` steps in ``journal``. See ``TraceProvider``.

    A journal that is durable keeps the older ones as well, until ``clear``; they are not shown.
    """

    journal: Journal = field(repr=False)
    max_history_size: int = field(default=1000, validator=whole(1))
    _codec: RecordCodec[TraceEntry] = field(
        factory=lambda: RecordCodec(kind="trace entry", of=TraceEntry), init=False, repr=False
    )

    async def record(self, entry: TraceEntry) -> None:
        content = self._codec.write(entry)
        await self.journal.append(lambda _last: content)

    async def list(self, start: int = 0, count: int | None = None) -> tuple[TraceEntry, ...]:
        if start < 0 or (count is not None and count < 0):
            raise ValueError("start and count are whole numbers from 0")
        entries = (await self.journal.tail(self.max_history_size)).entries
        chosen = entries[start : None if count is None else start + count]
        return tuple(self._codec.read(entry, str(start + place)) for place, entry in enumerate(chosen))

    async def get(self, step: int) -> TraceEntry | None:
        return next((entry for entry in reversed(await self.list()) if entry.step == step), None)

    async def dump(self, path: Path) -> None:
        entries = [self._codec.write(entry) + b"\n" for entry in await self.list()]
        await HandedFile(path=path, kind="trace").write(b"".join(entries))

    async def load(self, path: Path) -> tuple[TraceEntry, ...]:
        file = HandedFile(path=path, kind="trace")
        lines = (await file.read()).split(b"\n")
        if lines[-1] == b"":
            lines.pop()  # the end of the last line, or an empty file
        return tuple(self._codec.read(line, f"{file.path.name}:{number}") for number, line in enumerate(lines, start=1))

    async def clear(self) -> None:
        await self.journal.clear()

    async def flush(self) -> None:
        """Wait for what was asked for, and let go of threads and files until the next use."""
        await self.journal.flush()

    async def aclose(self) -> None:
        """Flush for good. Safe to call twice; using it afterwards is an error."""
        await self.journal.aclose()


@define(kw_only=True, slots=False)
class MemoryTraceProvider(JournalTraces):
    """The last steps in memory, gone at exit. Memory stays flat."""

    journal: Journal = field(init=False, repr=False)

    @journal.default
    def _make_journal(self) -> Journal:
        return MemoryJournal(keep=self.max_history_size)


@define(kw_only=True, slots=False)
class StreamingTraceProvider(MemoryTraceProvider):
    """Tells ``sink`` of each step, in order, and keeps the last few in memory.

    A sink that fails breaks nothing: its failures are counted, and the step is kept all the same.
    """

    sink: TraceSink = field(repr=False)
    failures: int = field(default=0, init=False)
    """How many steps the sink failed to take."""

    async def record(self, entry: TraceEntry) -> None:
        await super().record(entry)
        try:
            await self.sink(entry)
        except Exception:  # noqa: BLE001 - whatever a sink raises, the machine goes on
            self.failures += 1


@define(kw_only=True, slots=False)
class FilesystemTraceProvider(JournalTraces):
    """Steps in the file at ``path``, one JSON object a line; durable once ``record`` has returned."""

    path: Path = field(converter=Path)
    journal: Journal = field(init=False, repr=False)

    @journal.default
    def _make_journal(self) -> Journal:
        return FilesystemJournal(path=self.path, framing=Lines())


@define(kw_only=True, slots=False)
class SqliteTraceProvider(JournalTraces):
    """Steps in the SQLite file at ``path``; durable once ``record`` has returned."""

    path: Path = field(converter=Path)
    journal: Journal = field(init=False, repr=False)

    @journal.default
    def _make_journal(self) -> Journal:
        return SqliteJournal(store=SqliteStore(path=self.path), name="trace", closes_store=True)
