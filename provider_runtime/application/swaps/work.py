"""The work of a job as a swap finds it: states and snapshots by reference, and the snapshots that it leaves behind."""

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from provider_runtime.domain.errors import MissingProviderRuntimeError
from provider_runtime.domain.profiles.swap_records import hash_of_states, name_of_snapshot, snapshot_named_in
from provider_runtime.domain.profiles.swapping import ModelSwapRequest
from provider_runtime.domain.records.snapshots import MachineSnapshot
from provider_runtime.domain.records.state import State
from provider_runtime.ports.stores.sessions import SnapshotProvider
from provider_runtime.ports.stores.state import StateProvider


@frozen(kw_only=True)
class Work:
    """Where the work is kept. Without ``snapshots`` a swap goes by states alone, and leaves none behind."""

    states: StateProvider
    snapshots: SnapshotProvider | None = None

    async def load(self, ref: str) -> State | None:
        """The state under this reference: of the ``StateProvider``, or of the snapshot that ``snapshot:NAME`` names."""
        name = snapshot_named_in(ref)
        if name is None:
            return await self.states.load_state(ref)
        snapshot = await self._snapshots.load(name)
        return None if snapshot is None else snapshot.state

    async def keep(self, request: ModelSwapRequest, states: Mapping[str, State], now: datetime) -> bool:
        """Leave a snapshot of each verified state behind, and read it back; whether all are what was verified.

        The states may go on changing: what the work was taken up from stays as it was, whatever
        becomes of the swap.
        """
        if self.snapshots is None:
            return True
        kept: dict[str, State] = {}
        for ref, state in states.items():
            name = name_of_snapshot(request.request_id, ref)
            await self.snapshots.save(name, _taken(request, ref, state, now))
            found = await self.snapshots.load(name)
            if found is None:
                return False
            kept[ref] = found.state
        return hash_of_states(kept) == request.state_hash

    @property
    def _snapshots(self) -> SnapshotProvider:
        if self.snapshots is None:
            raise MissingProviderRuntimeError(
                missing_fields=("snapshots",),
                stage="swap",
                requirement="REQ-SP4-003",
                message="the swap names a snapshot, and this runtime was given no snapshots",
                remediation=("Hand over: open_runtime(settings, snapshots=…).",),
            )
        return self.snapshots


def _taken(request: ModelSwapRequest, ref: str, state: State, now: datetime) -> MachineSnapshot:
    return MachineSnapshot(
        state=state,
        taken_at=now,
        description=f"taken by the swap {request.request_id}, of {ref}",
        tags=("swap", request.requester.job),
        extras={
            "swap_id": request.request_id,
            "role": request.role,
            "current": str(request.current),
            "target": str(request.target),
            "state_ref": ref,
        },
    )
