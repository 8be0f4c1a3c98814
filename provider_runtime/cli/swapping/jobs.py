"""What is kept of a job: its states and snapshots, and the model that its last swap led to."""

from pathlib import Path
from typing import TYPE_CHECKING

from provider_runtime.adapters.serialization import DocumentFault, read_json
from provider_runtime.cli.failures import usage_error
from provider_runtime.cli.registry.folder import DataFolder
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import RecordMissing
from provider_runtime.domain.identity import Role
from provider_runtime.domain.profiles.swap_records import id_of_job, job_in
from provider_runtime.domain.profiles.swapping import SwapRequester
from provider_runtime.domain.records.state import State
from provider_runtime.ports.stores.state import StateProvider

if TYPE_CHECKING:
    from provider_runtime.adapters.backends.families.states import SqliteStateProvider

_LARGEST = 16 * 1024 * 1024


async def current_model(states: StateProvider, job: str, role: Role) -> ModelRef | None:
    """The model that the last swap of the job led to in this role; ``None``: it has swapped none."""
    known = job_in(await states.load_state(id_of_job(job)))
    return None if known is None else known.current.get(role)


async def model_of_job(folder: DataFolder, job: str, role: Role) -> ModelRef:
    """How a call of the job asks for its model: in its role, the one that the last swap led to if any did."""
    if not folder.keeps_states:
        return ModelRef.for_role(role)
    async with folder.states() as states:
        return ModelRef.for_role(role, await current_model(states, job, role))


def checked_job(job: str) -> str:
    """``job`` as the id of a job; leaves with a usage error where it is none."""
    try:
        SwapRequester(subsystem="ui", job_id=job)
    except ValueError as fault:
        usage_error(str(fault))
    return job


async def save_states(states: "SqliteStateProvider", given: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the states that ``REF=FILE`` name; their references. Leaves with a usage error for what is none."""
    refs: list[str] = []
    for pair in given:
        ref, sign, name = pair.partition("=")
        if not (ref and sign and name):
            usage_error("--save takes REF=FILE")
        await states.save_state(ref, _state_in(states, Path(name)))
        refs.append(ref)
    return tuple(refs)


def _state_in(states: "SqliteStateProvider", file: Path) -> State:
    """The state in a file: one that was exported, or any JSON value, which the work has come to."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as failure:
        usage_error(f"cannot read {file}: {failure.strerror}")
    if len(content) > _LARGEST:
        usage_error(f"{file} is larger than {_LARGEST // 1024**2} MiB")
    try:
        value = read_json(content)
    except DocumentFault as fault:
        usage_error(f"{file} is no JSON: {fault.message}")
    if isinstance(value, dict) and value.get("kind") == "state":
        return states.import_state(content)
    return State(control=value)


def missing_current(job: str, role: Role) -> RecordMissing:
    """Nobody knows which model a job is on."""
    return RecordMissing(
        kind="job",
        key=job,
        message=f"nobody knows which model plays {role} for the job {job}: no swap led to one, and nobody assigns one",
        remedy="Say it: --from PROVIDER:MODEL, or work under a profile that assigns the role.",
    )
