"""A work profile from the options of a command: made anew, or an old one with some fields changed."""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any, Final

import click
from attrs import evolve

from provider_runtime.cli.failures import usage_error
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.identity import Role
from provider_runtime.domain.profiles.profile import AutomationLevel, ProfileGovernance, WorkProfile
from provider_runtime.domain.profiles.roles import ModelAssignment
from provider_runtime.domain.secrets import safe_text

_PAIR: Final = "ROLE=PROVIDER:MODEL"
_OPTIONS: Final = (
    click.option("--assign", multiple=True, metavar=_PAIR, help="The model that plays a role; may be repeated."),
    click.option("--fallback", multiple=True, metavar=_PAIR, help="Who is asked when that one cannot be had."),
    click.option("--allow", multiple=True, metavar=_PAIR, help="A model that a call may name instead; none: any."),
    click.option("--local-only", multiple=True, metavar="ROLE", help="No call in this role leaves the machine."),
    click.option("--cloud/--no-cloud", default=None, help="Whether calls may go to the cloud at all (new: no)."),
    click.option("--max-escalations", type=click.IntRange(min=0), help="How often a job may swap to a cloud model."),
    click.option(
        "--automation",
        type=click.Choice([level.value for level in AutomationLevel]),
        help="How much happens without a person; locked: no call leaves the machine.",
    ),
    click.option("--description", help="What the profile is for."),
)


def profile_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that describe a work profile."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def new_profile(name: str, options: dict[str, Any]) -> WorkProfile:
    """The profile that ``options`` describe. Leaves with a usage error for what cannot be one."""
    if not options["assign"]:
        usage_error(f"say who plays which role: --assign {_PAIR}")
    try:
        return changed_profile(WorkProfile(name=name, assignments={}), options)
    except (ValueError, TypeError) as fault:
        usage_error(safe_text(fault))


def changed_profile(known: WorkProfile, options: dict[str, Any]) -> WorkProfile:
    """``known`` with what ``options`` name. Leaves with a usage error for what cannot be a profile."""
    try:
        return evolve(
            known,
            assignments=_assignments(known, options),
            governance=_governance(known.governance, options),
            description=known.description if options["description"] is None else options["description"],
        )
    except (ValueError, TypeError) as fault:
        usage_error(safe_text(fault))


def _assignments(known: WorkProfile, options: dict[str, Any]) -> Mapping[str, ModelAssignment]:
    found = dict(known.assignments)
    for role in map(Role, options.get("unassign", ())):
        if found.pop(role, None) is None:
            usage_error(f"the profile does not assign the role {role}")
    for role, model in _pairs("--assign", options["assign"]):
        found[role] = evolve(found[role], primary=model) if role in found else ModelAssignment(primary=model)
    for role, model in _pairs("--fallback", options["fallback"]):
        found[role] = evolve(_of(role, found), fallback=model)
    allowed: dict[Role, list[ModelRef]] = {}
    for role, model in _pairs("--allow", options["allow"]):
        allowed.setdefault(role, []).append(model)
    for role, models in allowed.items():
        found[role] = evolve(_of(role, found), allowed_models=models)
    for role in map(Role, options["local_only"]):
        found[role] = evolve(_of(role, found), local_only=True)
    for role in map(Role, options.get("not_local", ())):
        found[role] = evolve(_of(role, found), local_only=False)
    return {str(role): assignment for role, assignment in found.items()}


def _of(role: Role, found: dict[Role, ModelAssignment]) -> ModelAssignment:
    return found.get(role) or usage_error(f"nobody plays the role {role}: --assign {role}=PROVIDER:MODEL")


def _pairs(option: str, given: Iterable[str]) -> Iterable[tuple[Role, ModelRef]]:
    for text in given:
        role, sign, model = text.partition("=")
        if not (role and sign and model):
            usage_error(f"{option} takes {_PAIR}, such as worker=openai:gpt-5-mini")
        yield Role(role), ModelRef.parse(model)


def _governance(known: ProfileGovernance, options: dict[str, Any]) -> ProfileGovernance:
    given = {
        "automation": options["automation"],
        "allow_cloud_escalation": options["cloud"],
        "max_cloud_escalations_per_job": options["max_escalations"],
    }
    return evolve(known, **{name: value for name, value in given.items() if value is not None})
