"""Call traces over the media: a journal of them, and for each call where in it its trace is."""

from typing import Final

from attrs import define

from provider_runtime.adapters.backends.families.places import InFiles, InMemory, InSqlite, OverMedia
from provider_runtime.adapters.backends.medium import Position, Tail
from provider_runtime.adapters.backends.names import checked_name
from provider_runtime.adapters.call_traces.written import trace_in, written
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.records.oversight.timelines import CallTrace

_NAME: Final = "call traces"
_LOOKED_AT: Final = 500
"""So many of the last traces are looked at for a call that nothing points to: its writer may have been stopped."""


@define(kw_only=True, slots=False)
class MediaCallTraces(OverMedia):
    """The lives of calls in a journal of ``media``. See ``CallTraceProvider``."""

    async def keep(self, trace: CallTrace) -> None:
        begins: list[Position] = []

        def step(tail: Tail) -> bytes:
            content = written(trace)
            begins.append(tail.end)
            return content

        name = checked_name("call", str(trace.call_id))  # media keep plain text
        await self.media.journal(_NAME).decide(step)
        await self.media.documents().put(_NAME, name, str(begins[0]).encode())

    async def get(self, call_id: str) -> CallTrace | None:
        found = await self.media.documents().get(_NAME, checked_name("call", call_id))
        if found is None:
            last = await self.latest(_LOOKED_AT)
            return next((trace for trace in reversed(last) if trace.call_id == call_id), None)
        page = await self.media.journal(_NAME).read(after=_position(found.content, call_id), limit=1)
        trace = trace_in(page.entries[0], call_id) if page.entries else None
        if trace is None or trace.call_id != call_id:
            raise _lost(call_id)
        return trace

    async def names(self, prefix: str = "", limit: int | None = None) -> tuple[str, ...]:
        return (await self.media.documents().keys(_NAME, prefix=prefix))[:limit]

    async def latest(self, limit: int) -> tuple[CallTrace, ...]:
        entries = (await self.media.journal(_NAME).tail(limit)).entries
        return tuple(trace_in(entry, f"{len(entries) - place} from the end") for place, entry in enumerate(entries))

    async def clear(self) -> None:
        for key in await self.media.documents().keys(_NAME):
            await self.media.documents().delete(_NAME, key)
        await self.media.journal(_NAME).clear()


@define(kw_only=True, slots=False)
class MemoryCallTraces(InMemory, MediaCallTraces):
    """The lives of calls in memory, gone at exit."""


@define(kw_only=True, slots=False)
class FilesystemCallTraces(InFiles, MediaCallTraces):
    """The lives of calls in the folder ``root``."""


@define(kw_only=True, slots=False)
class SqliteCallTraces(InSqlite, MediaCallTraces):
    """The lives of calls in the SQLite file at ``path``."""


def _position(content: bytes, call_id: str) -> Position:
    try:
        return Position.parse(content.decode())
    except ValueError:
        raise _lost(call_id) from None


def _lost(call_id: str) -> RecordCorrupt:
    return RecordCorrupt(
        kind="call trace",
        key=call_id,
        message="the trace of this call is not where it was put",
        remedy="Restore the traces from a copy, or clear them.",
    )
