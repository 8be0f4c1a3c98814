"""What is looked at before a model takes over: the state, the count, the target."""

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from provider_runtime.application.assignments import Assignments
from provider_runtime.application.routing import Routing
from provider_runtime.application.swaps.work import Work
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import RecordCorrupt, SwapFault, SwapRefused
from provider_runtime.domain.profiles.swap_records import (
    JobSwaps,
    fault_of_count,
    fault_of_memory,
    hash_of_states,
    id_of_job,
    id_of_swap,
    job_in,
    record_of_job,
    record_of_swap,
)
from provider_runtime.domain.profiles.swapping import ModelSwapRequest, SwapPolicy, SwapState
from provider_runtime.domain.records.state import State
from provider_runtime.ports.stores.state import StateProvider


@frozen(kw_only=True)
class SwapChecks:
    """The questions of a swap, each refused with ``SwapRefused`` or answered with what was found."""

    work: Work
    policy: SwapPolicy
    assignments: Assignments
    routing: Routing

    @property
    def states(self) -> StateProvider:
        """Where swaps keep their records."""
        return self.work.states

    async def persisted(self, request: ModelSwapRequest) -> None:
        """Write down what was asked, under a name that was not used before."""
        name = id_of_swap(request.request_id)
        if await self.states.load_state(name) is not None:
            raise refused(request, SwapFault.ALREADY_REQUESTED, "a swap of this id was asked for before")
        await self.states.save_state(name, record_of_swap(request, SwapState.PERSISTED))

    async def verified(self, request: ModelSwapRequest) -> Mapping[str, State]:
        """The states that the work is taken up from: read now, and held against the hash of the request."""
        kept = await self.states.load_state(id_of_swap(request.request_id))
        if kept != record_of_swap(request, SwapState.PERSISTED):
            raise refused(request, SwapFault.RECORD_CHANGED, "what was written down of the swap is not what was asked")
        states: dict[str, State] = {}
        for ref in request.state_refs:
            state = await self.work.load(ref)
            if state is None:
                raise refused(request, SwapFault.STATE_MISSING, "a state that the swap names is not there")
            states[ref] = state
        if hash_of_states(states) != request.state_hash:
            raise refused(
                request, SwapFault.STATE_CHANGED, "the states are not those that the hash of the request was made of"
            )
        return states

    async def kept(self, request: ModelSwapRequest, states: Mapping[str, State], now: datetime) -> None:
        """Leave snapshots of what was verified behind, where there is a place for them."""
        if not await self.work.keep(request, states, now):
            raise refused(request, SwapFault.RECORD_CHANGED, "the snapshots of the work do not read back as they were")

    async def counted(self, request: ModelSwapRequest) -> JobSwaps:
        """What the job has come to, this swap counted: also one that is refused from here on."""
        name = id_of_job(request.requester.job)
        known = job_in(await self.states.load_state(name))
        if known is None:
            raise RecordCorrupt(
                kind="state",
                key=name,
                message="what is kept under the name of this job is no record of its swaps",
                remedy="Find out who wrote there; delete the record only if the job may begin to count anew.",
            )
        job = known.one_more()
        await self.states.save_state(name, record_of_job(job))
        fault = fault_of_count(job, self.policy)
        if fault is SwapFault.DISALLOWED:
            raise refused(request, fault, "policy does not allow models to be swapped")
        if fault is not None:
            raise refused(request, fault, f"the job has begun {job.swaps - 1} swaps, as many as policy allows")
        self._refuse_other_current(request, job)
        return job

    def _refuse_other_current(self, request: ModelSwapRequest, job: JobSwaps) -> None:
        current = job.current.get(request.role)
        if current is None and self.assignments.assigns(request.role):
            assignment = self.assignments.play(ModelRef.for_role(request.role), request.role).assignment
            provider = request.current.provider_hint
            if provider is not None and assignment.allows(provider, request.current.model_id):
                return
        elif current in {None, request.current}:
            return
        raise refused(request, SwapFault.NOT_CURRENT, "the job is not on the model that the swap would give up")

    def escalates(self, request: ModelSwapRequest, target: ModelRef, job: JobSwaps) -> bool:
        """Whether the job goes from this machine to the cloud by taking ``target``; refused where that may not be.

        Where a model runs is what the record of its provider says, never what the request says.
        """
        provider = target.provider_hint
        if provider is None or provider not in self.routing.providers.ids or not self._is_known(target):
            raise refused(request, SwapFault.TARGET_UNKNOWN, f"nobody here knows the model {target}")
        tier = self.routing.providers.get(provider).config.tier
        if tier is Tier.LOCAL:
            if fault_of_memory(request, self.policy.footprints.get(target)) is not None:
                raise refused(
                    request,
                    SwapFault.BUDGET_EXCEEDED,
                    f"the model {target} needs more memory than the swap allows, or nobody knows how much",
                )
            return False
        if self.is_in_the_cloud(request.current):
            return False
        profile = self.assignments.profile
        most = None if profile is None else profile.governance.max_cloud_escalations_per_job
        if most is not None and job.cloud_escalations >= most:
            raise refused(
                request, SwapFault.ESCALATIONS_EXCEEDED, f"the job was swapped to the cloud {most} times, which is all"
            )
        return True

    def is_in_the_cloud(self, model: ModelRef) -> bool:
        """Whether the record of its provider says so."""
        provider = model.provider_hint
        known = provider is not None and provider in self.routing.providers.ids
        return known and provider is not None and self.routing.providers.get(provider).config.tier is Tier.CLOUD

    def _is_known(self, target: ModelRef) -> bool:
        """Whether somebody vouches for the model: the catalog, its provider's record, an assignment, the policy."""
        if target.provider_hint is None:
            return False
        listed = self.routing.listed(target.provider_hint, target.model_id) is not None
        default = self.routing.providers.get(target.provider_hint).config.default_model
        return (
            listed or default == target.model_id or target in self.policy.footprints or self.assignments.names(target)
        )


def refused(request: ModelSwapRequest, fault: SwapFault, message: str) -> SwapRefused:
    """The refusal of a swap, with the way out."""
    return SwapRefused(
        fault=fault,
        provider=request.target.provider_hint,
        model=request.target.model_id,
        message=message,
        remedy=_REMEDIES[fault],
    )


_REMEDIES = {
    SwapFault.DISALLOWED: "Have an operator set SwapPolicy.allow_swaps.",
    SwapFault.LIMIT_EXCEEDED: "End the job, or have an operator raise SwapPolicy.max_swaps_per_job.",
    SwapFault.ESCALATIONS_EXCEEDED: "Use a local model, or have an operator choose another work profile.",
    SwapFault.BUDGET_EXCEEDED: "Raise the bounds of the request, or tell SwapPolicy.footprints what the model needs.",
    SwapFault.ALREADY_REQUESTED: "Give each swap an id of its own.",
    SwapFault.STATE_MISSING: "Save the states first, in the StateProvider of this runtime, or take the snapshot.",
    SwapFault.STATE_CHANGED: "Make the hash with hash_of_states, of the states as they are saved.",
    SwapFault.RECORD_CHANGED: "Find out who writes to the states of this runtime.",
    SwapFault.NOT_CURRENT: "Name the model that the last completed swap led to, or that the work profile assigns.",
    SwapFault.TARGET_UNKNOWN: "Register its provider, and have the catalog or the work profile name the model.",
}
