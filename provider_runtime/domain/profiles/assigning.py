"""From a role that a request names to the model that plays it."""

from collections.abc import Collection, Iterator, Mapping

from attrs import frozen

from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import AssignmentInvalid
from provider_runtime.domain.identity import ProfileId, ProviderId, Role
from provider_runtime.domain.profiles.experts import ExpertRole
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.domain.profiles.roles import ModelAssignment


@frozen(kw_only=True)
class PlayedRole:
    """A role as one call plays it: fixed when the call begins.

    ``model`` is asked first; ``by_request``: the request names it beside the role, else it is
    ``assignment.primary``. ``profile_id`` is ``None`` where an expert brought its own assignment.
    """

    role: Role
    assignment: ModelAssignment
    model: ModelRef
    by_request: bool = False
    profile_id: ProfileId | None = None
    expert: ExpertRole | None = None

    def is_assigned(self, model: ModelRef) -> bool:
        """Whether it is the assignment that names ``model``, and not the request or a general fallback."""
        return model in self.assignment.own and not (self.by_request and model == self.model)

    @property
    def source(self) -> str:
        """Who assigns, for texts."""
        return f"the expert {self.role}" if self.profile_id is None else f"the profile {self.profile_id}"


def play(asked: ModelRef, role: Role, *, profile: WorkProfile | None, experts: Mapping[Role, ExpertRole]) -> PlayedRole:
    """``role``, named by ``asked``, as the profile assigns it, else as the expert of that name does.

    A request may put a model of its own in the place of the assigned one; whether it may do so is
    judged where the model has a provider. Raises ``AssignmentInvalid`` when nobody assigns the role.
    """
    expert = experts.get(role)
    by_profile = None if profile is None else profile.assignments.get(role)
    assignment = by_profile or (None if expert is None else expert.assignment)
    if assignment is None:
        raise _unassigned(role, profile, expert)
    named = asked.model_in_role
    return PlayedRole(
        role=role,
        assignment=assignment,
        model=assignment.primary if named is None else named,
        by_request=named is not None,
        profile_id=None if by_profile is None or profile is None else profile.profile_id,
        expert=expert,
    )


def fault_of_assignments(
    profile: WorkProfile | None, experts: Mapping[Role, ExpertRole], registered: Collection[ProviderId]
) -> AssignmentInvalid | None:
    """The first assignment, in the order of roles, that names a provider which is not ``registered``.

    Asked when a runtime opens: a fallback that leads nowhere is not to be found out on the day when
    it is needed.
    """
    for source, role, assignment in _assignments(profile, experts):
        for model in assignment.own:
            if model.provider_hint not in registered:
                return AssignmentInvalid(
                    role=role,
                    profile_id=None if profile is None else profile.profile_id,
                    message=f"{source} assigns the role {role} to {model}, a provider this runtime does not know",
                    remedy="Register that provider, or assign a model of one that is: "
                    + (f"{', '.join(sorted(registered)[:5])}." if registered else "none is registered."),
                )
    return None


def _assignments(
    profile: WorkProfile | None, experts: Mapping[Role, ExpertRole]
) -> Iterator[tuple[str, Role, ModelAssignment]]:
    if profile is not None:
        for role, assignment in profile.assignments.items():
            yield f"the profile {profile.profile_id}", role, assignment
    for role, expert in sorted(experts.items()):
        if expert.assignment is not None:
            yield f"the expert {role}", role, expert.assignment


def _unassigned(role: Role, profile: WorkProfile | None, expert: ExpertRole | None) -> AssignmentInvalid:
    here = "this runtime has no work profile" if profile is None else f"the profile {profile.profile_id} does not"
    says = f"{here} to assign the role {role}" if profile is None else f"{here} assign the role {role}"
    known = "" if profile is None else f" It assigns: {', '.join(profile.assignments) or 'none'}."
    return AssignmentInvalid(
        role=role,
        profile_id=None if profile is None else profile.profile_id,
        message=says + ("" if expert is None else ", and the expert of that name brings no model"),
        remedy=f"Give RuntimeSettings a profile that assigns the role, or name a provider and a model instead.{known}",
    )
