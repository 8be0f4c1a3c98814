"""SessionProvider and SnapshotProvider: where a piece of work can be taken up again."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from provider_runtime.domain.records.sessions import (
    LoggedEvent,
    SessionAnswer,
    SessionData,
    SessionEvent,
    SessionInfo,
    SessionMoment,
)
from provider_runtime.domain.records.snapshots import MachineSnapshot, NamedSnapshot, SnapshotInfo


@runtime_checkable
class SessionProvider(Protocol):
    """Keeps sessions by name, each with a log that only grows.

    What a session has come to (``save``) and what happened in it (``record``) are kept apart: the
    first is overwritten, the second never. Names are any text of 1 to 1,000 characters. Raises
    ``BackendError`` when the medium fails, ``RecordCorrupt`` when what is kept does not read back,
    and ``RecordMissing`` where a session is needed that is not there. Source: semantics B.2.
    """

    async def list(self) -> tuple[SessionInfo, ...]:
        """Every saved session, by name."""
        ...

    async def load(self, name: str) -> SessionData | None:
        """What was last saved, or ``None``."""
        ...

    async def save(self, name: str, data: SessionData) -> None:
        """Keep ``data``, whatever stood there before. The log stays."""
        ...

    async def delete(self, name: str) -> None:
        """Leave nothing of the session, neither its log nor its answers. Nothing there: nothing to do."""
        ...

    async def exists(self, name: str) -> bool:
        """Whether a session of this name was saved."""
        ...

    async def fork(self, source: str, target: str) -> None:
        """A session ``target`` that is what ``source`` is now, with a log of its own that begins with the same events.

        From then on neither changes with the other. ``RecordConflict`` when there is a ``target`` already.
        """
        ...

    async def record(self, name: str, event: SessionEvent) -> LoggedEvent:
        """Append ``event`` to the log of a saved session.

        Finding the last number and appending the next is one step, whoever else appends.
        """
        ...

    async def history(self, name: str, *, since: int = 0, limit: int | None = None) -> tuple[LoggedEvent, ...]:
        """At most ``limit`` events from number ``since`` on, oldest first."""
        ...

    async def jump(self, name: str, seq: int) -> SessionMoment:
        """The nearest checkpoint at or before ``seq``, and the events behind it up to ``seq``.

        ``RecordMissing`` when the log has no event ``seq``, or no checkpoint that early. The cost grows
        with what is to be replayed, and hardly with the length of the log.
        """
        ...

    async def keep_answer(self, name: str, answer: SessionAnswer) -> int:
        """Keep what a model answered in a saved session; how often the same had been asked there before."""
        ...

    async def answer_to(self, name: str, request_hash: str, occurrence: int = 0) -> SessionAnswer | None:
        """What was answered when this was asked in the session for the first time, the second (1), and so on."""
        ...


@runtime_checkable
class SnapshotProvider(Protocol):
    """Keeps snapshots of machines by name: any text of 1 to 1,000 characters.

    Errors as those of ``SessionProvider``. Source: semantics B.3.
    """

    async def list(self) -> tuple[SnapshotInfo, ...]:
        """Every snapshot, the one taken first first; of one moment, by name."""
        ...

    async def save(self, name: str, snapshot: MachineSnapshot) -> None:
        """Keep ``snapshot``, whatever stood there before."""
        ...

    async def load(self, name: str) -> MachineSnapshot | None:
        """The snapshot of this name, or ``None``."""
        ...

    async def delete(self, name: str) -> None:
        """Leave nothing there. Nothing there: nothing to do."""
        ...

    async def export_to(self, name: str, path: Path) -> None:
        """Write the snapshot and its name to ``path``, as one JSON document for the owner's eyes only.

        The file is the old or the new, never neither. ``RecordMissing`` when there is none.
        """
        ...

    async def import_from(self, path: Path) -> NamedSnapshot:
        """What ``export_to`` wrote to ``path``. Nothing is kept by it: ``save`` does that.

        ``RecordMissing`` when there is no such file, ``RecordCorrupt`` when it holds anything else.
        """
        ...
