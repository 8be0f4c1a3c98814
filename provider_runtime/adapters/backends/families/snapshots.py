"""Snapshots by name: written once over the media."""

from operator import attrgetter
from pathlib import Path
from typing import Final

from attrs import define, field

from provider_runtime.adapters.backends.families.codec import RecordCodec
from provider_runtime.adapters.backends.families.files import HandedFile
from provider_runtime.adapters.backends.families.places import InFiles, InMemory, InSqlite, OverMedia
from provider_runtime.adapters.backends.names import checked_name
from provider_runtime.domain.errors import RecordMissing
from provider_runtime.domain.records.snapshots import MachineSnapshot, NamedSnapshot, SnapshotInfo

_COLLECTION: Final = "snapshots"


@define(kw_only=True, slots=False)
class MediaSnapshots(OverMedia):
    """Snapshots in the documents of ``media``. See ``SnapshotProvider``."""

    _codec: RecordCodec[NamedSnapshot] = field(
        factory=lambda: RecordCodec(kind="snapshot", of=NamedSnapshot), init=False, repr=False
    )

    async def list(self) -> tuple[SnapshotInfo, ...]:
        found = [await self._info(name) for name in await self.media.documents().keys(_COLLECTION)]
        return tuple(sorted((info for info in found if info is not None), key=attrgetter("taken_at", "name")))

    async def save(self, name: str, snapshot: MachineSnapshot) -> None:
        named = NamedSnapshot(name=checked_name("snapshot", name), snapshot=snapshot)
        await self.media.documents().put(_COLLECTION, name, self._codec.write(named))

    async def load(self, name: str) -> MachineSnapshot | None:
        found = await self.media.documents().get(_COLLECTION, checked_name("snapshot", name))
        return None if found is None else self._codec.read(found.content, name).snapshot

    async def delete(self, name: str) -> None:
        await self.media.documents().delete(_COLLECTION, checked_name("snapshot", name))

    async def export_to(self, name: str, path: Path) -> None:
        snapshot = await self.load(name)
        if snapshot is None:
            message = "there is no snapshot of this name"
            raise RecordMissing(kind="snapshot", key=name, message=message, remedy="`list` shows what is kept.")
        content = self._codec.write(NamedSnapshot(name=name, snapshot=snapshot))
        await HandedFile(path=path, kind="snapshot").write(content + b"\n")

    async def import_from(self, path: Path) -> NamedSnapshot:
        file = HandedFile(path=path, kind="snapshot")
        named = self._codec.read(await file.read(), file.path.name)
        checked_name("snapshot", named.name)
        return named

    async def _info(self, name: str) -> SnapshotInfo | None:
        found = await self.media.documents().get(_COLLECTION, name)
        if found is None:
            return None  # deleted since the names were read
        snapshot = self._codec.read(found.content, name).snapshot
        return SnapshotInfo(
            name=name,
            step=snapshot.step,
            taken_at=snapshot.taken_at,
            size=len(found.content),
            description=snapshot.description,
            tags=snapshot.tags,
        )


@define(kw_only=True, slots=False)
class MemorySnapshotProvider(InMemory, MediaSnapshots):
    """Snapshots in memory, gone at exit."""


@define(kw_only=True, slots=False)
class FilesystemSnapshotProvider(InFiles, MediaSnapshots):
    """Snapshots in the folder ``root``, a file each."""


@define(kw_only=True, slots=False)
class SqliteSnapshotProvider(InSqlite, MediaSnapshots):
    """Snapshots in the SQLite file at ``path``."""
