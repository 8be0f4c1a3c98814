"""WorkProfile: who plays which role, and how far the work may go without a person."""

import json
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from attrs import Attribute, field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import FLAG, TEXT, is_a, whole
from provider_runtime.domain.identity import ProfileId, ProfileName, Role
from provider_runtime.domain.profiles.roles import ModelAssignment

_DOMAIN: Final = b"provider_runtime/work-profile/v1\0"


class AutomationLevel(StrEnum):
    """How much happens without a person. ``assisted`` and ``supervised`` are read as ``hybrid``."""

    FULL_HUMAN = "full_human"
    HYBRID = "hybrid"
    AUTONOMOUS = "autonomous"
    LOCKED = "locked"

    @classmethod
    def _missing_(cls, value: object) -> "AutomationLevel | None":
        return cls.HYBRID if value in {"assisted", "supervised"} else None


@frozen(kw_only=True)
class ProfileGovernance:
    """What a profile allows on top of its models. It narrows the policy of a runtime, and never widens it.

    ``automation`` at ``locked``: no call leaves the machine. ``allow_cloud_escalation``: calls may
    go to the cloud at all; not unless it says so. ``max_cloud_escalations_per_job`` bounds how
    often one job may swap to a cloud model; ``None``: as often as it may swap.
    """

    automation: AutomationLevel = field(default=AutomationLevel.AUTONOMOUS, converter=AutomationLevel)
    allow_cloud_escalation: bool = field(default=False, validator=FLAG)
    max_cloud_escalations_per_job: int | None = field(default=None, validator=optional(whole(0)))


def _assignments(given: Mapping[str, ModelAssignment]) -> Mapping[Role, ModelAssignment]:
    """A copy in the order of the names, that cannot be written to."""
    if not isinstance(given, Mapping):
        raise TypeError(f"assignments must map roles to assignments, not be {type(given).__name__}")
    roles = {Role(role): assignment for role, assignment in given.items()}
    return MappingProxyType(dict(sorted(roles.items())))


def _are_assignments(_instance: object, attribute: "Attribute[Any]", given: Mapping[Role, object]) -> None:
    for role, assignment in given.items():
        if not isinstance(assignment, ModelAssignment):
            raise TypeError(f"{attribute.name}[{role}] must be ModelAssignment, not {type(assignment).__name__}")


@frozen(kw_only=True)
class WorkProfile:
    """Which model plays which role, under which governance. A value: it never changes.

    ``profile_id`` is worked out from everything else, so an edit makes another id by itself, and
    records that name an id name these very contents. The order of roles and of allowed models
    does not count.
    Raises ``ValueError`` or ``TypeError`` naming the field. Source: semantics C.8.
    """

    name: ProfileName = field(converter=ProfileName)
    assignments: Mapping[Role, ModelAssignment] = field(converter=_assignments, validator=_are_assignments, hash=False)
    governance: ProfileGovernance = field(factory=ProfileGovernance, validator=is_a(ProfileGovernance))
    description: str = field(default="", validator=TEXT)
    profile_id: ProfileId = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        # After the validators: what is no profile has no id.
        digest = sha256(_DOMAIN + _canonical(self)).hexdigest()
        object.__setattr__(self, "profile_id", ProfileId(f"{self.name}@{digest[:16]}"))


def _canonical(profile: WorkProfile) -> bytes:
    """Equal profiles in equal bytes, and no others: every field by its name, mappings in order."""
    governance = profile.governance
    contents = {
        "name": profile.name,
        "description": profile.description,
        "assignments": {role: _contents(assignment) for role, assignment in profile.assignments.items()},
        "automation": governance.automation.value,
        "allow_cloud_escalation": governance.allow_cloud_escalation,
        "max_cloud_escalations_per_job": governance.max_cloud_escalations_per_job,
    }
    return json.dumps(contents, sort_keys=True, separators=(",", ":")).encode()


def _contents(assignment: ModelAssignment) -> dict[str, object]:
    return {
        "primary": str(assignment.primary),
        "fallback": None if assignment.fallback is None else str(assignment.fallback),
        "local_only": assignment.local_only,
        "allowed_models": [str(model) for model in assignment.allowed_models],
    }
