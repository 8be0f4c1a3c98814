"""The command: a swap asked for, verified, rehearsed through every gate, and kept."""

from pathlib import Path
from typing import Any, Final

import click

from provider_runtime.adapters.contexts import RESUME, RecipeCompiler
from provider_runtime.adapters.serialization import make_converter, request_from_json, request_to_json, to_json
from provider_runtime.adapters.system import RandomIds
from provider_runtime.cli.failures import EXIT_CODES_HELP, STORE_FAILED, run_or_exit, usage_error
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.swapping.jobs import checked_job, current_model, missing_current, save_states
from provider_runtime.cli.workspace.opening import CommandSettings, opened, said_by, set_option, settings_for
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.identity import Role
from provider_runtime.domain.profiles.swap_records import SNAPSHOT_REF, hash_of_states, snapshot_named_in
from provider_runtime.domain.profiles.swapping import ModelSwap, ModelSwapRequest, SwapRequester
from provider_runtime.domain.records.state import State
from provider_runtime.domain.secrets import safe_text
from provider_runtime.ports.stores.sessions import SnapshotProvider
from provider_runtime.ports.stores.state import StateProvider

_OWN_RECIPE: Final = "recipe"


@click.command("swap", epilog=EXIT_CODES_HELP)
@click.option("--job", required=True, help="The job that goes on with another model.")
@click.option("--role", required=True, help="The role in which it does.")
@click.option("--to", "target", required=True, metavar="PROVIDER:MODEL", help="The model that takes over.")
@click.option(
    "--from",
    "current",
    metavar="PROVIDER:MODEL",
    help="The model that gives over (default: where the last swap led, else whom the profile assigns).",
)
@click.option("--state", "refs", multiple=True, metavar="REF", help="A kept state to take the work up from.")
@click.option("--snapshot", "snapshots", multiple=True, metavar="NAME", help="A kept snapshot to take it up from.")
@click.option("--save", multiple=True, metavar="REF=FILE", help="Keep the JSON in this file as a state first.")
@click.option("--hash", "expected", metavar="SHA256", help="What the states must come to (default: what they are now).")
@click.option(
    "--recipe",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A request as JSON in which {states} stands where the states go (default: one that tells to go on).",
)
@click.option("--reason", default="operator", show_default=True, help="For records.")
@click.option("--id", "request_id", help="Name of the swap, used once (default: made up).")
@click.option("--timeout", type=click.FloatRange(0, 86_400), help="Seconds for the whole swap.")
@click.option("--max-vram", type=click.IntRange(0), help="Video memory that a local target may need, in MiB.")
@click.option("--max-ram", type=click.IntRange(0), help="Memory that a local target may need, in MiB.")
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Write the fresh request here.")
@click.option("--profile", help="The work profile to work under, by its name or its id.")
@set_option
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def swap(folder: DataFolder, as_json: bool, output: Path | None, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Have another model go on with a job, from its kept state.

    The state is verified, a fresh context made of it, and every gate asked whether that may be sent to the
    target. Nothing is sent. If anything stands in the way, the job stays on the model it had. From then
    on `run --job JOB --role ROLE` asks the new one.

    \b
    provider-runtime swap --job 7 --role worker --to here:large --save notes=n.json
    provider-runtime swap --job 7 --role worker --to here:small --state notes
    provider-runtime run "Go on." --job 7 --role worker
    """
    checked_job(options["job"])
    if not (options["refs"] or options["snapshots"] or options["save"]):
        usage_error("say what the work is taken up from: --state REF, --snapshot NAME or --save REF=FILE")

    async def work() -> None:
        made = await settings_for(folder, said_by({"pairs": options["pairs"], "profile": options["profile"]}))
        recipes = _recipes(options["recipe"])
        async with folder.states() as states, folder.snapshots() as snapshots:
            saved = await save_states(states, options["save"])
            refs = (*options["refs"], *saved, *(f"{SNAPSHOT_REF}{name}" for name in options["snapshots"]))
            request = await _request(options, refs, states, snapshots, made)
            parts = {
                "states": states,
                "snapshots": snapshots,
                "context_compiler": RecipeCompiler(recipes=recipes),
            }
            async with opened(made, **parts) as runtime:
                swapped = await runtime.swap_model(request)
        _tell(swapped, options, output, as_json=as_json)
        if not swapped.completed:
            raise SystemExit(STORE_FAILED)

    run_or_exit(work)


async def _request(
    options: dict[str, Any],
    refs: tuple[str, ...],
    states: StateProvider,
    snapshots: SnapshotProvider,
    made: CommandSettings,
) -> ModelSwapRequest:
    """What is asked of the runtime. Leaves with a usage error for what cannot be asked."""
    timeout = options["timeout"]
    try:
        role = Role(options["role"])
        current = options["current"] or await current_model(states, options["job"], role) or _assigned(role, made)
        if current is None:
            raise missing_current(options["job"], role)
        return ModelSwapRequest(
            request_id=options["request_id"] or f"cli-{RandomIds().next_call_id()}".replace(".", "-"),
            current=current,
            target=options["target"],
            role=role,
            reason=options["reason"],
            state_refs=refs,
            state_hash=options["expected"] or await _hash(refs, states, snapshots),
            context_ref=RESUME if options["recipe"] is None else _OWN_RECIPE,
            requester=SwapRequester(subsystem="ui", job_id=options["job"]),
            timeout_ms=None if timeout is None else round(timeout * 1000),
            max_vram_mb=options["max_vram"],
            max_ram_mb=options["max_ram"],
        )
    except (ValueError, TypeError) as fault:
        usage_error(safe_text(fault))


def _assigned(role: Role, made: CommandSettings) -> ModelRef | None:
    """Whom the work profile assigns the role to, or the expert of that name brings."""
    profile, expert = made.settings.profile, made.settings.experts.get(role)
    assignment = None if profile is None else profile.assignments.get(role)
    if assignment is None and expert is not None:
        assignment = expert.assignment
    return None if assignment is None else assignment.primary


async def _hash(refs: tuple[str, ...], states: StateProvider, snapshots: SnapshotProvider) -> str:
    """The hash of what is kept now; a state that is not there is found missing by the swap itself."""
    found: dict[str, State] = {}
    for ref in refs:
        name = snapshot_named_in(ref)
        if name is None:
            state = await states.load_state(ref)
        else:
            snapshot = await snapshots.load(name)
            state = None if snapshot is None else snapshot.state
        if state is not None:
            found[ref] = state
    return hash_of_states(found)


def _recipes(file: Path | None) -> dict[str, ProviderRequest]:
    if file is None:
        return {}
    try:
        content = file.read_bytes()
    except OSError as failure:
        usage_error(f"cannot read {file}: {failure.strerror}")
    return {_OWN_RECIPE: request_from_json(make_converter(), content)}


def _tell(swapped: ModelSwap, options: dict[str, Any], output: Path | None, *, as_json: bool) -> None:
    if output is not None and swapped.request is not None:
        try:
            output.write_bytes(request_to_json(make_converter(), swapped.request) + b"\n")
        except OSError as failure:
            usage_error(f"cannot write {output}: {failure.strerror}")
    if as_json:
        click.echo(to_json(make_converter(), swapped))
        return
    if not swapped.completed:
        click.secho(f"The job stays on {swapped.model}: {swapped.error_code}.", fg="yellow", err=True)
        return
    click.echo(f"{options['job']} goes on with {swapped.model}.")
    next_step = f"run --request {output}" if output else f"run --job {options['job']} --role {options['role']}"
    click.secho(f"→ provider-runtime {next_step}", fg="cyan", err=True)
