"""MemoryStateProvider: states in this process, gone at exit."""

from attrs import define, field

from provider_runtime.adapters.backends.names import checked_name
from provider_runtime.domain.records.state import State


@define(kw_only=True)
class MemoryStateProvider:
    """States in memory. See ``StateProvider``. To be used by one event loop."""

    _states: dict[str, State] = field(factory=dict, init=False, repr=False)

    def create_state(self) -> State:
        return State()

    async def load_state(self, state_id: str) -> State | None:
        return self._states.get(checked_name("state", state_id))

    async def save_state(self, state_id: str, state: State) -> None:
        self._states[checked_name("state", state_id)] = state

    def clone_state(self, state: State) -> State:
        return state  # a value: nothing of it can change
