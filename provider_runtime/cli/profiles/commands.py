"""The commands: list, show, add, edit, remove, use."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import click
from attrs import frozen

from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.adapters.system import SystemClock
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.profiles.choosing import WorkProfiles
from provider_runtime.cli.failures import EXIT_CODES_HELP, run_or_exit, usage_error
from provider_runtime.cli.profiles.fields import changed_profile, new_profile, profile_options
from provider_runtime.cli.profiles.tables import ShownProfile, show_profile, show_profiles
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.workspace.opening import events_of
from provider_runtime.composition.workspace.kept import profile_in_force
from provider_runtime.composition.workspace.reading import ReadConfig
from provider_runtime.composition.workspace.settings import experts_of
from provider_runtime.domain.errors import InvalidSettings, ProviderRuntimeError, RecordMissing
from provider_runtime.domain.identity import ProfileId, ProfileName, RuntimeId
from provider_runtime.domain.profiles.editions import ProfileChoice, ProfileEdition
from provider_runtime.domain.profiles.profile import WorkProfile

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_KEPT = "in the data folder"


@click.group()
def profiles() -> None:
    """Work profiles: which model plays which role, and how far the work may go without a person."""


@profiles.command("list", epilog=EXIT_CODES_HELP)
@data_option
@_json_option
def list_profiles(folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the work profiles; a star marks the one in force.

    \b
    provider-runtime profiles list
    """

    async def work() -> None:
        read = folder.configuration()
        held = await _held(folder, read)
        kept = await _kept(folder)
        shown = [
            *(_shown(profile, read.file.name if read.file else "", held) for profile in read.config.profiles.values()),
            *(_shown(edition.profile, _KEPT, held) for edition in kept),
        ]
        if as_json:
            click.echo(to_json(make_converter(), tuple(map(_document, shown))))
        elif shown:
            show_profiles(shown)
        else:
            click.echo("No work profile is kept. `profiles add` makes one.", err=True)

    run_or_exit(work)


@profiles.command("show", epilog=EXIT_CODES_HELP)
@click.argument("name", required=False)
@data_option
@_json_option
def show(name: str | None, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Show one profile.

    NAME is its name, or the id of one edition; left out, it is the one in force.

    \b
    provider-runtime profiles show
    provider-runtime profiles show team
    """

    async def work() -> None:
        read = folder.configuration()
        held = await profile_in_force(read, folder.path)
        if name is None:
            if held is None:
                raise _nothing_in_force()
            one = _shown(held, "" if folder.path is None else _place(held, read), held)
        else:
            found = await _found(folder, read, name)
            one = _shown(found, _place(found, read), held)
        if as_json:
            click.echo(to_json(make_converter(), _document(one)))
            return
        tiers = {config.provider_id: config.tier for config in await folder.providers(read)}
        show_profile(one, tiers, await _editions(folder, one.profile.name))

    run_or_exit(work)


@profiles.command("add", epilog=EXIT_CODES_HELP)
@click.argument("name")
@profile_options
@click.option("--use", "use_it", is_flag=True, help="Have it hold from now on.")
@data_option
@_json_option
def add(name: str, use_it: bool, folder: DataFolder, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - as above
    """Keep a work profile under NAME.

    \b
    provider-runtime profiles add team --assign worker=ollama:llama3.2 --use
    provider-runtime profiles add night --cloud --assign worker=openai:gpt-5-mini
    """
    profile = new_profile(name, options)

    async def work() -> None:
        read = folder.configuration()
        _refuse_written(profile.name, read)
        async with _desk(folder, read) as desk:
            edition = await desk.keep(profile)
            if use_it:
                await desk.use(ProfileChoice(name=profile.name))
        _tell("Kept", edition, as_json=as_json)
        if not use_it and not as_json:
            click.secho(f"→ Have it hold: provider-runtime profiles use {name}", fg="cyan", err=True)

    run_or_exit(work)


@profiles.command("edit", epilog=EXIT_CODES_HELP)
@click.argument("name")
@profile_options
@click.option("--unassign", multiple=True, metavar="ROLE", help="Nobody plays this role any more.")
@click.option("--not-local", multiple=True, metavar="ROLE", help="Calls in this role may leave the machine again.")
@data_option
@_json_option
def edit(name: str, folder: DataFolder, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - as above
    """Change some of a profile; the rest stays.

    The old edition stays as it was, under its id: receipts name it. Where the profile is in force, calls
    that begin from now on go by the new one.

    \b
    provider-runtime profiles edit team --assign worker=openai:gpt-5-mini --cloud
    """

    async def work() -> None:
        read = folder.configuration()
        wanted = _named(name)
        _refuse_written(wanted, read)
        async with _desk(folder, read) as desk:
            seen = await desk.found(ProfileChoice(name=wanted))
            edition = await desk.keep(changed_profile(seen.profile, options), instead_of=seen.profile_id)
        unchanged = edition.profile_id == seen.profile_id
        _tell("As it was:" if unchanged else "Changed, and is now", edition, as_json=as_json)

    run_or_exit(work)


@profiles.command("remove", epilog=EXIT_CODES_HELP)
@click.argument("name")
@data_option
def remove(name: str, folder: DataFolder) -> None:
    """Take a profile out of the list. Its editions can still be shown by their ids: receipts name them.

    \b
    provider-runtime profiles remove night
    """

    async def work() -> None:
        read = folder.configuration()
        wanted = _named(name)
        _refuse_written(wanted, read)
        async with _desk(folder, read) as desk:
            await desk.found(ProfileChoice(name=wanted))
            await desk.remove(wanted)
        click.echo(f"Removed {wanted}.")

    run_or_exit(work)


@profiles.command("use", epilog=EXIT_CODES_HELP)
@click.argument("name", required=False)
@click.option("--none", "nobody", is_flag=True, help="Work under no profile.")
@data_option
def use(name: str | None, nobody: bool, folder: DataFolder) -> None:  # noqa: FBT001 - click passes flags by name
    """Have a profile hold from now on.

    By its NAME it holds through all its editions; an id pins one of them.

    \b
    provider-runtime profiles use team
    provider-runtime profiles use --none
    """
    if (name is None) is not nobody:
        usage_error("name a profile, or say --none")

    async def work() -> None:
        read = folder.configuration()
        async with _desk(folder, read) as desk:
            profile = await desk.use(None if name is None else _choice(name, read))
        click.echo("No profile holds." if profile is None else f"{profile.profile_id} holds from now on.")
        if read.config.profile is not None:
            said = read.origins.get("profile")
            click.secho(f"⚠ {said} names {read.config.profile}, which goes first.", fg="yellow", err=True)

    run_or_exit(work)


# ── what they share ─────────────────────────────────────────────────────────────────────────


@frozen(kw_only=True)
class ListedProfile:
    """A profile as JSON tells it."""

    profile_id: ProfileId
    in_force: bool
    place: str
    profile: WorkProfile


@asynccontextmanager
async def _desk(folder: DataFolder, read: ReadConfig) -> AsyncIterator[WorkProfiles]:
    """The profiles that are kept in ``folder``, with events going where the workspace wants them."""
    known = await folder.providers(read)
    with ExitStack() as stack:
        sink = events_of(read, stack)
        async with folder.profiles() as store:
            yield WorkProfiles(
                store=store,
                telemetry=Telemetry(sink=sink),
                clock=SystemClock(),
                runtime_id=read.config.name or RuntimeId("command-line"),
                registered=[config.provider_id for config in known],
                experts={expert.role: expert for expert in experts_of(read.config)},
            )


async def _kept(folder: DataFolder) -> tuple[ProfileEdition, ...]:
    if not folder.keeps_records:
        return ()
    async with folder.profiles() as store:
        return await store.list()


async def _editions(folder: DataFolder, name: ProfileName) -> tuple[ProfileId, ...]:
    if not folder.keeps_records:
        return ()
    async with folder.profiles() as store:
        return tuple(edition.profile_id for edition in await store.editions(name))


async def _held(folder: DataFolder, read: ReadConfig) -> WorkProfile | None:
    """The profile in force; ``None`` also where the one that is named is not there, which `use` mends."""
    try:
        return await profile_in_force(read, folder.path)
    except ProviderRuntimeError as fault:
        click.secho(f"⚠ {fault.message}", fg="yellow", err=True)
        return None


async def _found(folder: DataFolder, read: ReadConfig, name: str) -> WorkProfile:
    for profile in read.config.profiles.values():
        if name in {profile.name, profile.profile_id}:
            return profile
    async with _desk(folder, read) as desk:
        return (await desk.found(_parsed(name))).profile


def _choice(name: str, read: ReadConfig) -> ProfileChoice:
    choice = _parsed(name)
    if choice.name in read.config.profiles:
        raise InvalidSettings(
            field="profile",
            message=f"{choice.name} is written in {read.file}, and is chosen there",
            remedy=f'Write profile = "{choice}" in that file, or say --profile {choice} with a command.',
        )
    return choice


def _parsed(name: str) -> ProfileChoice:
    try:
        return ProfileChoice.parse(name)
    except ValueError as fault:
        usage_error(str(fault))


def _named(name: str) -> ProfileName:
    try:
        return ProfileName(name)
    except ValueError as fault:
        usage_error(str(fault))


def _refuse_written(name: ProfileName, read: ReadConfig) -> None:
    if name in read.config.profiles:
        raise InvalidSettings(
            field=f"profiles.{name}",
            message=f"the profile {name} is written in {read.file}",
            remedy="Change it there, or choose another name.",
        )


def _shown(profile: WorkProfile, place: str, held: WorkProfile | None) -> ShownProfile:
    return ShownProfile(profile=profile, place=place, in_force=held == profile)


def _place(profile: WorkProfile, read: ReadConfig) -> str:
    written = read.config.profiles.get(profile.name) == profile
    return read.file.name if written and read.file is not None else _KEPT


def _document(one: ShownProfile) -> ListedProfile:
    return ListedProfile(profile_id=one.profile.profile_id, in_force=one.in_force, place=one.place, profile=one.profile)


def _tell(done: str, edition: ProfileEdition, *, as_json: bool) -> None:
    if as_json:
        one = ShownProfile(profile=edition.profile, place=_KEPT, in_force=False)
        click.echo(to_json(make_converter(), _document(one)))
        return
    roles = ", ".join(f"{role} by {assignment.primary}" for role, assignment in edition.profile.assignments.items())
    click.echo(f"{done} {edition.profile_id}: {roles or 'no role'}.")


def _nothing_in_force() -> RecordMissing:
    return RecordMissing(
        kind="profile",
        message="no work profile holds",
        remedy="`provider-runtime profiles use NAME` has one hold; `profiles list` shows them.",
    )
