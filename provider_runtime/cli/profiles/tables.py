"""Work profiles for a person at a terminal."""

from collections.abc import Iterable, Mapping

from attrs import frozen
from rich.table import Table
from rich.text import Text

from provider_runtime.cli.rendering import console
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.identity import ProfileId, ProviderId
from provider_runtime.domain.profiles.profile import WorkProfile


@frozen(kw_only=True)
class ShownProfile:
    """A profile among others. ``place``: the store, or the file in which it is written."""

    profile: WorkProfile
    place: str
    in_force: bool


def show_profiles(shown: Iterable[ShownProfile]) -> None:
    """Profiles as a table, a line each; the one in force is marked."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("profile", overflow="fold")
    table.add_column("roles", overflow="fold")
    table.add_column("cloud", no_wrap=True)
    table.add_column("kept", overflow="fold")
    for one in shown:
        governance = one.profile.governance
        table.add_row(
            Text("*" if one.in_force else "", style="green"),
            Text(one.profile.profile_id, style="bold" if one.in_force else ""),
            Text(", ".join(one.profile.assignments)),
            "yes" if governance.allow_cloud_escalation else "no",
            Text(one.place),
        )
    console().print(table)


def show_profile(one: ShownProfile, tiers: Mapping[ProviderId, Tier], editions: tuple[ProfileId, ...]) -> None:
    """One profile as a page: what it allows, and who plays what."""
    profile, governance = one.profile, one.profile.governance
    most = governance.max_cloud_escalations_per_job
    facts = {
        "profile": f"{profile.profile_id}{', in force' if one.in_force else ''}",
        "description": profile.description,
        "kept": one.place,
        "automation": governance.automation.value,
        "cloud": "calls may go there" if governance.allow_cloud_escalation else "no call goes there",
        "escalations": "" if most is None else f"{most} in a job",
        "editions": ", ".join(editions),
    }
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column(overflow="fold")
    for name, value in facts.items():
        if value:
            grid.add_row(name, Text(value))
    page = console()
    page.print(grid)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("role", "model", "tier", "fallback", "local only", "others"):
        table.add_column(name, overflow="fold", no_wrap=name in {"tier", "local only"})
    for role, assignment in profile.assignments.items():
        provider = assignment.primary.provider_hint
        tier = tiers.get(provider) if provider is not None else None
        table.add_row(
            Text(role, style="bold"),
            Text(str(assignment.primary)),
            "?" if tier is None else tier.value,
            Text("" if assignment.fallback is None else str(assignment.fallback)),
            "yes" if assignment.local_only else "",
            Text(", ".join(map(str, assignment.allowed_models)) or "any"),
        )
    page.print(table)
