"""TraceProvider: the steps of a machine, one after another."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from provider_runtime.domain.records.traces import TraceEntry


@runtime_checkable
class TraceProvider(Protocol):
    """Keeps the steps of a machine in the order they were recorded; at most as many as it says, the last ones.

    Raises ``BackendError`` when the medium fails and ``RecordCorrupt`` when what is kept does not
    read back. Source: semantics B.5.
    """

    async def record(self, entry: TraceEntry) -> None:
        """Keep ``entry`` behind the others."""
        ...

    async def list(self, start: int = 0, count: int | None = None) -> tuple[TraceEntry, ...]:
        """At most ``count`` entries, from the one at ``start`` on; the oldest that is kept is at 0."""
        ...

    async def get(self, step: int) -> TraceEntry | None:
        """The entry of this step, the last one if there are several; or ``None``."""
        ...

    async def dump(self, path: Path) -> None:
        """Write every entry to ``path``, one JSON object a line. The file is the old or the new, never neither."""
        ...

    async def load(self, path: Path) -> tuple[TraceEntry, ...]:
        """What ``dump`` wrote to ``path``. Nothing is kept by it.

        ``RecordMissing`` when there is no such file; ``RecordCorrupt`` names the line that does not read back.
        """
        ...

    async def clear(self) -> None:
        """Forget every entry."""
        ...
