"""From a work profile's role to a model: the first step of a call that names a role."""

from collections.abc import Mapping

from attrs import evolve, field, frozen

from provider_runtime.application.call import Call
from provider_runtime.application.terms import CallTerms
from provider_runtime.domain.calls.parameters import NO_PARAMETERS, ModelParameters
from provider_runtime.domain.conversation.messages import system
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.errors import ProviderRuntimeNormalizationError
from provider_runtime.domain.identity import ProfileId, Role
from provider_runtime.domain.policy.fallback import FallbackPolicy
from provider_runtime.domain.profiles.assigning import PlayedRole, play
from provider_runtime.domain.profiles.experts import ExpertRole
from provider_runtime.domain.profiles.profile import WorkProfile


@frozen(kw_only=True)
class Assignments:
    """The work profile and the experts of a runtime. Pure. ``parameters`` are the runtime's own."""

    profile: WorkProfile | None = None
    experts: Mapping[Role, ExpertRole] = field(factory=dict)
    parameters: ModelParameters = NO_PARAMETERS

    def assign(self, call: Call) -> Call:
        """The call with the model that plays its role; the same call where it names none.

        What stands in for the model when that cannot be had is the assignment's fallback first, then
        the runtime's, unless the call brings a fallback of its own. All of them play the role: what
        may not do so is passed over. An expert's prompt goes in front.
        Raises ``AssignmentInvalid``, and ``ProviderRuntimeNormalizationError`` where the call pinned
        another profile.
        """
        pinned = call.terms.options.profile_id
        if pinned is not None and (self.profile is None or self.profile.profile_id != pinned):
            raise _another_profile(pinned, self.profile)
        asked = call.request.model
        role = asked.role
        if role is None:
            return call
        played = self.play(asked, role)
        return evolve(
            call, request=_in_role(call.request, played), terms=self._terms(call.terms, played), played=played
        )

    def play(self, asked: ModelRef, role: Role) -> PlayedRole:
        """``role`` as this runtime has it played. Raises ``AssignmentInvalid``."""
        return play(asked, role, profile=self.profile, experts=self.experts)

    def assigns(self, role: Role) -> bool:
        """Whether anybody says which model plays ``role``."""
        expert = self.experts.get(role)
        by_profile = self.profile is not None and role in self.profile.assignments
        return by_profile or (expert is not None and expert.assignment is not None)

    def names(self, model: ModelRef) -> bool:
        """Whether any assignment names ``model``, to be asked or as allowed."""
        by_profile = () if self.profile is None else self.profile.assignments.values()
        by_experts = (expert.assignment for expert in self.experts.values() if expert.assignment is not None)
        return any(model in (*one.own, *one.allowed_models) for one in (*by_profile, *by_experts))

    def _terms(self, terms: CallTerms, played: PlayedRole) -> CallTerms:
        parameters = terms.parameters
        if played.expert is not None:
            parameters = terms.options.parameters.over(played.expert.parameters.over(self.parameters))
        return evolve(terms, parameters=parameters, fallback=_fallback(terms, played))


def _in_role(request: ProviderRequest, played: PlayedRole) -> ProviderRequest:
    if played.expert is None or not played.expert.system_prompt:
        return evolve(request, model=played.model)
    return evolve(request, model=played.model, messages=(system(played.expert.system_prompt), *request.messages))


def _fallback(terms: CallTerms, played: PlayedRole) -> FallbackPolicy | None:
    instead = played.assignment.fallback
    if terms.options.fallback is not None or instead is None:
        return terms.fallback
    if terms.fallback is None:
        return FallbackPolicy(alternatives=(instead,))
    others = (model for model in terms.fallback.alternatives if model != instead)
    return evolve(terms.fallback, alternatives=(instead, *others))


def _another_profile(pinned: ProfileId, present: WorkProfile | None) -> ProviderRuntimeNormalizationError:
    return ProviderRuntimeNormalizationError(
        field="profile_id",
        message=f"the call was made for the profile {pinned}, and "
        + ("this runtime has none" if present is None else f"{present.profile_id} is in force"),
        remedy="Open a runtime with the profile that the work began with, or begin anew with this one.",
    )
