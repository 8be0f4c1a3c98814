"""States, by id: written once over the media."""

from typing import Final

from attrs import define, field

from provider_runtime.adapters.backends.families.codec import RecordCodec
from provider_runtime.adapters.backends.families.places import InFiles, InMemory, InSqlite, OverMedia
from provider_runtime.adapters.backends.names import checked_name
from provider_runtime.domain.records.state import State

_COLLECTION: Final = "states"


@define(kw_only=True, slots=False)
class MediaStates(OverMedia):
    """States in the documents of ``media``. See ``StateProvider``."""

    _codec: RecordCodec[State] = field(factory=lambda: RecordCodec(kind="state", of=State), init=False, repr=False)

    def create_state(self) -> State:
        return State()

    async def load_state(self, state_id: str) -> State | None:
        found = await self.media.documents().get(_COLLECTION, checked_name("state", state_id))
        return None if found is None else self._codec.read(found.content, state_id)

    async def save_state(self, state_id: str, state: State) -> None:
        name = checked_name("state", state_id)
        await self.media.documents().put(_COLLECTION, name, self._codec.write(state))

    def clone_state(self, state: State) -> State:
        return self._codec.read(self._codec.write(state), "clone")

    def export_state(self, state: State) -> bytes:
        """``state`` as one JSON document; equal states give equal bytes."""
        return self._codec.write(state)

    def import_state(self, document: bytes) -> State:
        """The state that ``export_state`` wrote. ``RecordCorrupt``, naming the field, for anything else."""
        return self._codec.read(document, "import")


@define(kw_only=True, slots=False)
class MemoryStateProvider(InMemory, MediaStates):
    """States in memory, gone at exit."""


@define(kw_only=True, slots=False)
class FilesystemStateProvider(InFiles, MediaStates):
    """States in the folder ``root``, a file each."""


@define(kw_only=True, slots=False)
class SqliteStateProvider(InSqlite, MediaStates):
    """States in the SQLite file at ``path``."""
