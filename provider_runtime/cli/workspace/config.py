"""``config``: what the settings are, and where each was said."""

import json
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from provider_runtime.cli.failures import EXIT_CODES_HELP, run_or_exit
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.rendering import console
from provider_runtime.cli.workspace.opening import set_option
from provider_runtime.composition.workspace.config import FILE_NAME
from provider_runtime.composition.workspace.layers import Origin, OriginKind
from provider_runtime.composition.workspace.outside import from_pairs
from provider_runtime.composition.workspace.rows import ConfigRow, as_toml, rows_of
from provider_runtime.domain.errors import InvalidSettings


@click.group()
def config() -> None:
    """Settings: what they are, and where each was said."""


@config.command("show", epilog=EXIT_CODES_HELP)
@click.argument("search", required=False)
@click.option("--origin", is_flag=True, help="Say also where each was said: the line, the variable, the option.")
@click.option("--all", "show_all", is_flag=True, help="Those as well that nobody said, with their defaults.")
@set_option
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON: all of them, with their origins.")
def show(
    search: str | None,
    origin: bool,  # noqa: FBT001 - click passes flags by name
    show_all: bool,  # noqa: FBT001 - as above
    pairs: tuple[str, ...],
    folder: DataFolder,
    as_json: bool,  # noqa: FBT001 - as above
) -> None:
    """Show the settings that were said; SEARCH keeps those whose key contains it.

    An option goes before a variable, a variable before the file, the file before the default.

    \b
    provider-runtime config show --origin
    provider-runtime config show retry --all
    PROVIDER_RUNTIME__DEADLINE_S=30 provider-runtime config show --origin
    """

    async def work() -> None:
        read = folder.configuration([from_pairs(pairs)])
        rows = [row for row in rows_of(read) if (search or "") in row.key]
        if as_json:
            _print_json(folder, rows)
            return
        shown = [row for row in rows if show_all or row.origin.kind is not OriginKind.DEFAULT]
        if shown:
            _print_table(shown, origin=origin)
        else:
            click.echo("Nothing is said: everything is as by default. --all shows it.", err=True)
        place = f"no {FILE_NAME} from here up" if read.file is None else str(read.file)
        click.secho(f"file: {place}", dim=True, err=True)
        click.secho(f"data: {folder.path or 'nowhere'}", dim=True, err=True)

    run_or_exit(work)


@config.command("path", epilog=EXIT_CODES_HELP)
@click.option("--data-folder", is_flag=True, help="The folder of what is kept instead.")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON: both.")
def path(data_folder: bool, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Print where the configuration file is; exit code 3 where there is none from here up.

    \b
    provider-runtime config path
    cp -r "$(provider-runtime config path --data-folder)" backup
    """

    async def work() -> None:
        file = None if folder.workspace is None else folder.workspace.file
        if as_json:
            click.echo(json.dumps({"file": _text(file), "data": _text(folder.path)}, indent=2))
            return
        wanted = folder.path if data_folder else file
        if wanted is None:
            raise InvalidSettings(
                field="workspace",
                message=f"there is no {FILE_NAME} here or in a folder above",
                remedy="Make a workspace: provider-runtime init.",
            )
        click.echo(str(wanted))

    run_or_exit(work)


def _text(place: Path | None) -> str | None:
    return None if place is None else str(place)


def _print_json(folder: DataFolder, rows: list[ConfigRow]) -> None:
    document = {
        "file": None if folder.workspace is None else str(folder.workspace.file),
        "data": _text(folder.path),
        "settings": [
            {"key": row.key, "value": row.value, "origin": row.origin.kind.value, "where": row.origin.where or None}
            for row in rows
        ],
    }
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _print_table(rows: list[ConfigRow], *, origin: bool) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("key", overflow="fold")
    table.add_column("value", overflow="fold")
    if origin:
        table.add_column("said by", overflow="fold")
    for row in rows:
        value = Text("not set" if row.value is None else as_toml(row.value), style="dim" if row.value is None else "")
        cells = [Text(row.key, style="bold"), value]
        table.add_row(*cells, *([_origin(row.origin)] if origin else []))
    console().print(table)


def _origin(origin: Origin) -> Text:
    return Text(str(origin), style="dim" if origin.kind is OriginKind.DEFAULT else "cyan")
