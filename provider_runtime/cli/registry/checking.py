"""``providers check``: is each provider ready, and what to do where it is not."""

import os
import sys
from typing import TYPE_CHECKING

import click

from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.cli.failures import EXIT_CODES_HELP, is_plain, run_or_exit
from provider_runtime.cli.registry.fields import checked_id
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.registry.tables import show_health
from provider_runtime.cli.workspace.opening import settings_for
from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.domain.catalog.health import ProviderHealth
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import MissingProviderRuntimeError, ProviderNotRegistered
from provider_runtime.domain.secrets import secret_in

if TYPE_CHECKING:
    from rich.progress import Progress


@click.command("check", epilog=EXIT_CODES_HELP)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--timeout", default=10.0, show_default=True, type=click.FloatRange(0.1, 600), help="Seconds for each.")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(ids: tuple[str, ...], timeout: float, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Ask each provider for its list of models, all at once, and say which are ready.

    Without ids: those that are registered, and the well-known ones whose key is set. It costs
    nothing. Exit code 6 when one cannot be reached or has no valid key.

    \b
    provider-runtime providers check
    provider-runtime providers check acme --timeout 3
    """

    async def work() -> None:
        found = await health_of_providers(folder, ids, timeout)
        if as_json:
            click.echo(to_json(make_converter(), found))
        else:
            show_health(found)
        if not all(health.is_usable for health in found):
            raise SystemExit(6)

    run_or_exit(work)


async def health_of_providers(folder: DataFolder, ids: tuple[str, ...], timeout_s: float) -> tuple[ProviderHealth, ...]:
    """The health of ``ids``, by default of all that are set up, with a bar meanwhile for whoever watches.

    Raises ``ProviderNotRegistered``, and ``MissingProviderRuntimeError`` where none is set up.
    """
    read = folder.configuration()
    chosen = _chosen(await folder.providers(read), await folder.own(read), ids)
    made = await settings_for(folder)
    from provider_runtime.composition.lifecycle import open_runtime  # noqa: PLC0415 - when somebody is asked

    async with open_runtime(made.settings) as runtime:
        with _progress() as progress:
            task = progress.add_task("asking", total=len(chosen))
            return await runtime.check_providers(
                *(config.provider_id for config in chosen),
                timeout_s=timeout_s,
                heard=lambda health: progress.update(task, advance=1, description=str(health.provider_id)),
            )


def _progress() -> "Progress":
    """A bar on standard error, gone when it is full; nothing where nobody watches."""
    from rich.console import Console  # noqa: PLC0415 - a bar takes much of rich, and `--help` shows none
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - as above

    page = Console(stderr=True, color_system=None if is_plain(os.environ) else "auto")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=page, transient=True, disable=not sys.stderr.isatty())


def _chosen(
    all_known: tuple[ProviderConfig, ...], own: tuple[ProviderConfig, ...], ids: tuple[str, ...]
) -> tuple[ProviderConfig, ...]:
    if not ids:
        chosen = tuple(config for config in all_known if is_set_up(config, own))
        if not chosen:
            raise MissingProviderRuntimeError(
                missing_fields=("providers",),
                stage="check",
                message="no provider is registered, and no key of a well-known one is set",
                remediation=("Register one: provider-runtime providers add.", "Or look here: providers add --local."),
            )
        return chosen
    for name in ids:
        if all(config.provider_id != name for config in all_known):
            raise ProviderNotRegistered(
                provider=checked_id(name),
                message=f"no provider is registered as {name}",
                remedy="`provider-runtime providers list` shows those that are.",
            )
    return tuple(config for config in all_known if config.provider_id in ids)


def is_set_up(config: ProviderConfig, own: tuple[ProviderConfig, ...]) -> bool:
    """Whether somebody means to use it: it is one's own, or a well-known one whose key is set."""
    return config in own or _has_key(config)


def _has_key(config: ProviderConfig) -> bool:
    reference = config.credential
    return isinstance(reference, EnvCredential) and any(secret_in(os.environ.get(name)) for name in reference.names)
