"""StateProvider: where the state of a piece of work is kept."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.records.state import State


@runtime_checkable
class StateProvider(Protocol):
    """Keeps states by id: any text of 1 to 1,000 characters. The last one saved under an id counts.

    A state is a value, so what was saved cannot change with what the caller does afterwards. Once
    ``save_state`` has returned, it is kept as firmly as the medium promises; one that is cancelled
    leaves the old or the new, never neither, and whatever is asked for later comes later. Raises
    ``BackendError`` when the medium fails and ``RecordCorrupt`` when what is kept does not read
    back. Source: semantics B.1.
    """

    def create_state(self) -> State:
        """A fresh state: nothing to do, nothing known."""
        ...

    async def load_state(self, state_id: str) -> State | None:
        """The state saved under this id, or ``None``."""
        ...

    async def save_state(self, state_id: str, state: State) -> None:
        """Keep ``state`` under this id, whatever stood there before."""
        ...

    def clone_state(self, state: State) -> State:
        """A state equal to this one, that shares nothing with it which could change."""
        ...
